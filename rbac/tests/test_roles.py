"""The role service: one role each, an administrator always, every change recorded."""

import threading

import pytest
from django.contrib.auth.models import AnonymousUser, Group
from django.db import connection

from accounts.models import User
from accounts.tests.factories import make_user
from audit.models import AuditRecord
from core.errors import DomainError, NotAllowedInState
from rbac.matrix import PERMISSIONS, ROLES
from rbac.roles import assign_role, role_of


@pytest.mark.django_db
@pytest.mark.parametrize("before", ROLES)
@pytest.mark.parametrize("after", ROLES)
def test_a_person_has_exactly_the_role_they_were_given(before, after):
    admin, person = make_user("admin"), make_user(before)

    changed = assign_role(person, after, actor=admin)

    assert role_of(changed) == after
    assert changed.groups.count() == (0 if after == "customer" else 1)
    held = {permission.code for permission in PERMISSIONS if changed.has_perm(permission.full)}
    assert held == {permission.code for permission in PERMISSIONS if after in permission.roles}


@pytest.mark.django_db
def test_a_change_is_recorded_once():
    admin, person = make_user("admin"), make_user()

    assign_role(person, "ops", actor=admin)
    assign_role(person, "ops", actor=admin)

    record = AuditRecord.objects.get(action="role.assigned")
    assert (record.actor_id, record.actor_role, record.subject_type, record.subject_id, record.changes) == (
        admin.pk,
        "admin",
        "accounts.user",
        str(person.pk),
        {"role": ["customer", "ops"]},
    )


@pytest.mark.django_db
def test_the_last_administrator_stays_and_the_refusal_is_recorded():
    admin = make_user("admin")
    make_user("admin", is_active=False)

    with pytest.raises(NotAllowedInState, match="last administrator"):
        assign_role(admin, "ops", actor=admin)

    assert role_of(User.objects.get(pk=admin.pk)) == "admin"
    assert AuditRecord.objects.get(action="role.assigned").outcome == "refused"


@pytest.mark.django_db
def test_one_of_two_administrators_may_go():
    make_user("admin")
    admin = make_user("admin")

    assert role_of(assign_role(admin, "customer", actor=admin)) == "customer"


@pytest.mark.django_db
@pytest.mark.parametrize("role", ["", "root", "Admin", "admin "])
def test_an_unknown_role_is_refused(role):
    person = make_user("ops")

    with pytest.raises(DomainError, match="There is no role"):
        assign_role(person, role, actor=None)

    assert role_of(User.objects.get(pk=person.pk)) == "ops"


@pytest.mark.django_db
def test_a_group_of_somebody_elses_making_is_left_alone():
    person = make_user()
    person.groups.add(Group.objects.create(name="newsletter"))

    changed = assign_role(person, "analyst", actor=None)

    assert set(changed.groups.values_list("name", flat=True)) == {"newsletter", "analyst"}


def test_nobody_signed_in_has_no_role():
    assert role_of(AnonymousUser()) == ""


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_administrators_demoting_each_other_leave_one():
    first, second = make_user("admin"), make_user("admin")
    barrier, refusals = threading.Barrier(2), []

    def demote(person: User, actor: User) -> None:
        try:
            barrier.wait()
            assign_role(person, "ops", actor=actor)
        except NotAllowedInState as refusal:
            refusals.append(refusal)
        finally:
            connection.close()

    threads = [threading.Thread(target=demote, args=pair) for pair in ((first, second), (second, first))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(refusals) == 1
    assert User.objects.filter(groups__name="admin").count() == 1
