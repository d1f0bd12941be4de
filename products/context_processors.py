"""What templates may use of this room; nothing is read until a template asks."""

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from products.selectors import all_categories, menu


def navigation(request: HttpRequest) -> dict[str, Any]:
    """The shop's menu; a page that has the categories at hand gives its own."""
    return {"nav_categories": SimpleLazyObject(lambda: menu(all_categories(), request.path))}
