"""The matrix and what is made from it."""

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType

from rbac.document import render_matrix
from rbac.matrix import PERMISSIONS, STAFF_ROLES, permissions_of
from rbac.permissions import write_permissions


def test_each_role_may_do_what_the_role_below_may():
    analyst, ops, admin = (set(permissions_of(role)) for role in STAFF_ROLES)

    assert analyst < ops < admin
    assert admin == set(PERMISSIONS)
    assert permissions_of("customer") == ()


def test_every_code_is_declared_once_and_has_a_meaning():
    assert len({permission.code for permission in PERMISSIONS}) == len(PERMISSIONS)
    assert all(permission.meaning for permission in PERMISSIONS)


@pytest.mark.django_db
def test_groups_hold_what_the_matrix_says():
    for role in STAFF_ROLES:
        held = Group.objects.get(name=role).permissions.values_list("codename", flat=True)
        assert set(held) == {permission.code for permission in permissions_of(role)}


@pytest.mark.django_db
def test_writing_again_mends_what_was_changed_by_hand():
    console = ContentType.objects.get(app_label="rbac", model="console")
    stale = Permission.objects.create(content_type=console, codename="old_power", name="Gone from the matrix")
    analyst = Group.objects.get(name="analyst")
    analyst.permissions.set([stale, Permission.objects.get(codename="people_manage")])
    before = Permission.objects.exclude(pk=stale.pk).count()

    write_permissions(using="default", apps=apps)
    write_permissions(using="default", apps=apps)

    assert set(analyst.permissions.values_list("codename", flat=True)) == {
        permission.code for permission in permissions_of("analyst")
    }
    assert not Permission.objects.filter(codename="old_power").exists()
    assert Permission.objects.count() == before


def test_the_document_has_a_row_for_every_permission():
    rows = [line for line in render_matrix().splitlines() if line.startswith("| `")]

    assert rows[0] == "| `console` | Open the console | yes | yes | yes |"
    assert [row.split("`")[1] for row in rows] == [permission.code for permission in PERMISSIONS]
    assert "| `audit_view` | Read and export the audit record | – | – | yes |" in rows
