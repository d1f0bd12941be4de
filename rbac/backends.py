"""Signing in, and what a person may do: read with the person, in the query that every page begins with."""

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.contrib.auth.models import AnonymousUser
from django.db.models import Min, StringAgg, Value
from django.db.models.functions import Concat

from accounts.models import User

CODE = Concat("groups__permissions__content_type__app_label", Value("."), "groups__permissions__codename")
SEPARATOR = ","
READ = {"first_group": Min("groups__name"), "codes": StringAgg(CODE, Value(SEPARATOR))}


class RoleBackend(AuthenticationBackend):
    """Permissions come from roles alone: nobody is given one by themselves, and there are no superusers."""

    def get_user(self, user_id: Any) -> User | None:
        """Return a person who may sign in, with the role and what it grants: one query. None for anybody else."""
        user: Any = User.objects.annotate(**READ).filter(pk=user_id).first()
        if user is None or not self.user_can_authenticate(user):
            return None
        user.role = user.first_group or "customer"
        user.granted = frozenset(user.codes.split(SEPARATOR) if user.codes else ())
        return user

    def get_user_permissions(self, user_obj: User | AnonymousUser, obj: Any = None) -> set[str]:
        """Return nothing: roles alone grant."""
        return set()

    def get_group_permissions(self, user_obj: User | AnonymousUser, obj: Any = None) -> set[str]:
        """Return what the role grants; read from the database unless it was read with the person."""
        if isinstance(user_obj, User) and user_obj.granted is not None and user_obj.is_active and obj is None:
            return set(user_obj.granted)
        return super().get_group_permissions(user_obj, obj)
