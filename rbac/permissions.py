"""Carries the matrix into Django's groups and permissions after every migration."""

from typing import Any

from django.apps import apps as installed
from django.contrib.auth.models import Group
from django.contrib.auth.models import Permission as StoredPermission
from django.contrib.contenttypes.models import ContentType
from django.db import transaction

from rbac.matrix import PERMISSIONS, STAFF_ROLES, permissions_of


def write_permissions(*, using: str, apps: Any = installed, **_: Any) -> None:
    """Make the stored groups and permissions equal to the matrix: receiver of `post_migrate`, safe to repeat.

    A permission that the matrix no longer names is deleted, and with it every grant of it. While the tables of
    `auth` do not exist (a migration back to nothing), nothing is done.
    """
    try:
        apps.get_model("auth", "Permission")
    except LookupError:
        return
    with transaction.atomic(using=using):
        console, _created = ContentType.objects.db_manager(using).get_or_create(app_label="rbac", model="console")
        stored = StoredPermission.objects.using(using).filter(content_type=console)
        stored.exclude(codename__in=[permission.code for permission in PERMISSIONS]).delete()
        by_code = {}
        for permission in PERMISSIONS:
            by_code[permission.code], _created = StoredPermission.objects.using(using).update_or_create(
                content_type=console, codename=permission.code, defaults={"name": permission.meaning}
            )
        for role in STAFF_ROLES:
            group, _created = Group.objects.using(using).get_or_create(name=role)
            group.permissions.set([by_code[permission.code] for permission in permissions_of(role)])
