"""Pages of rows for a page of figures, which knows its query string but no request."""

from collections.abc import Mapping
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet

from core.http import USABLE_NUMBER


def page_of(rows: "QuerySet[Any, Any]", asked: Mapping[str, str], per_page: int) -> Page:
    """Return the page of rows that a query string asks for: the first for nonsense, the last for one beyond it."""
    wanted = asked.get("page", "")
    return Paginator(rows, per_page).get_page(int(wanted) if USABLE_NUMBER.match(wanted) else 1)
