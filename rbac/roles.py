"""The role service: everybody has one role, every change of it is recorded, an administrator always remains."""

from django.contrib.auth.models import AnonymousUser, Group
from django.db import transaction

from accounts.models import User
from audit.recording import record, recording_refusal
from core.errors import DomainError, NotAllowedInState
from rbac.matrix import ADMIN, CUSTOMER, ROLES, STAFF_ROLES


def role_of(user: User | AnonymousUser) -> str:
    """Return the role of a user; empty for somebody who is not signed in."""
    return user.role if isinstance(user, User) else getattr(user, "role", "")


def check_role(role: str) -> None:
    """Raise DomainError for a role that does not exist."""
    if role not in ROLES:
        raise DomainError(f"There is no role “{role}”; the roles are {', '.join(ROLES)}.")


def assign_role(user: User, role: str, *, actor: User | None, reason: str = "") -> User:
    """Give a user this role and no other. Safe to repeat: the same role again changes and records nothing.

    `actor` is None when the command line asks. Raises DomainError for an unknown role, NotAllowedInState for the last
    administrator who could still sign in; that refusal is recorded as well.
    """
    with recording_refusal("role.assigned", subject=user, actor=actor):
        check_role(role)
        return _assign(user.pk, role, actor=actor, reason=reason)


@transaction.atomic
def _assign(user_id: int, role: str, *, actor: User | None, reason: str) -> User:
    # The row of the administrators' group is the lock: two of them demoting each other wait for one another here.
    admins = Group.objects.select_for_update(no_key=True).get(name=ADMIN)
    user = User.objects.get(pk=user_id)
    before = user.role
    if before == role:
        return user
    others = User.objects.filter(groups=admins, is_active=True).exclude(pk=user_id)
    if before == ADMIN and not others.exists():
        raise NotAllowedInState(
            "This is the last administrator. Make somebody else an administrator first, then change this role."
        )
    user.groups.remove(*Group.objects.filter(name__in=STAFF_ROLES))
    if role != CUSTOMER:
        user.groups.add(Group.objects.get(name=role))
    record("role.assigned", subject=user, actor=actor, changes={"role": [before, role]}, reason=reason)
    return User.objects.get(pk=user_id)
