"""Who is signed in comes with the role and what it grants, in one query."""

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from accounts.models import User
from accounts.tests.factories import make_user
from rbac.backends import RoleBackend
from rbac.matrix import PERMISSIONS, ROLES
from rbac.roles import assign_role

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("role", ROLES)
def test_one_query_reads_the_person_the_role_and_all_that_it_grants(role, django_assert_num_queries):
    person = make_user(role)
    with django_assert_num_queries(1):
        found = RoleBackend().get_user(person.pk)
        held = {permission.code for permission in PERMISSIONS if found.has_perm(permission.full)}
        assert found.role == role
    alone = User.objects.get(pk=person.pk)
    assert held == {permission.code for permission in PERMISSIONS if role in permission.roles}
    assert held == {permission.code for permission in PERMISSIONS if alone.has_perm(permission.full)}


def test_nobody_is_found_who_may_not_sign_in():
    gone = make_user("admin", is_active=False)
    assert RoleBackend().get_user(gone.pk) is None
    assert RoleBackend().get_user(gone.pk + 1) is None


def test_somebody_switched_off_holds_nothing():
    person = RoleBackend().get_user(make_user("admin").pk)
    person.is_active = False
    assert not person.has_perm("rbac.console")


def test_a_permission_of_ones_own_grants_nothing():
    person = make_user("analyst")
    person.user_permissions.add(Permission.objects.get(codename="refunds_approve"))
    assert not User.objects.get(pk=person.pk).has_perm("rbac.refunds_approve")
    assert not RoleBackend().get_user(person.pk).has_perm("rbac.refunds_approve")


def test_a_role_taken_away_counts_from_the_next_page_on(client):
    admin, person = make_user("admin"), make_user("analyst")
    client.force_login(person)
    page = reverse("analytics:dashboard")
    assert client.get(page).status_code == 200
    assign_role(person, "customer", actor=admin)
    assert client.get(page).status_code == 404
