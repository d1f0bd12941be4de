"""What templates may use of this room; nothing is read until a template asks."""

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from orders.bag import count_units


def bag(request: HttpRequest) -> dict[str, Any]:
    """How many units the visitor's bag holds: no query for who has none, else one."""
    return {"bag_count": SimpleLazyObject(lambda: count_units(request))}
