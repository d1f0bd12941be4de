"""What templates may use of this room; nothing is read until a template asks."""

from typing import Any

from django.http import HttpRequest


def navigation(request: HttpRequest) -> dict[str, Any]:
    """Filled by the room's pages."""
    return {}
