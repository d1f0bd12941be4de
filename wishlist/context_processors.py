"""What templates may use of this room; nothing is read until a template asks."""

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from wishlist.selectors import wished_products


def wishes(request: HttpRequest) -> dict[str, Any]:
    """`wished`: the keys of the products that the visitor wishes for; no query for who is not signed in, else one."""
    return {"wished": SimpleLazyObject(lambda: wished_products(request))}
