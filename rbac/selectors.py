"""Reads over people and their roles."""

from accounts.models import User
from rbac.matrix import STAFF_ROLES


def staff_members() -> list[User]:
    """Return everybody with a staff role, highest role first, each with `role` filled without a query of its own."""
    people = User.objects.filter(groups__name__in=STAFF_ROLES).prefetch_related("groups").distinct()
    for person in people:
        person.role = next(group.name for group in person.groups.all() if group.name in STAFF_ROLES)
    return sorted(people, key=lambda person: (-STAFF_ROLES.index(person.role), person.email))
