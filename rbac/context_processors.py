"""What templates may use of this room; nothing is read until a template asks."""

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from rbac.matrix import ROLE_NAMES
from rbac.navigation import sidebar
from rbac.roles import role_of


def console(request: HttpRequest) -> dict[str, Any]:
    """The console's sidebar as this person may use it, and their role in words."""
    return {
        "console_nav": SimpleLazyObject(lambda: sidebar(request)),
        "console_role": SimpleLazyObject(lambda: ROLE_NAMES.get(role_of(request.user), "")),
    }
