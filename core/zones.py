"""The time zone of the books: stored business days are all of one zone, and nothing runs in another one."""

from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError

from core.days import store_zone
from core.errors import NotAllowedInState
from core.models import BooksZone


class AnotherZone(NotAllowedInState):
    """The stored business days were worked out in another zone than `STORE_TIME_ZONE`."""


def fix_zone() -> None:
    """Let the zone of today be that of the books, if there is none yet. Raises AnotherZone if there is another."""
    if not BooksZone.objects.exists():
        BooksZone.objects.get_or_create(pk=1, defaults={"name": store_zone().key})
    if trouble := zone_trouble():
        raise AnotherZone(trouble)


def zone_trouble() -> str:
    """Return why the shop cannot run in its zone, and what to do; an empty text if it can."""
    books, own = BooksZone.objects.filter(pk=1).first(), store_zone().key
    if books is None or (books.name == own and books.is_settled):
        return ""
    if not books.is_settled:
        return f"Business days are being worked out anew for {books.name}: let rebase_business_days come to its end."
    return (
        f"STORE_TIME_ZONE is {own}, but business days were worked out for {books.name}: "
        "set it back, or run manage.py rebase_business_days."
    )


def refuse_another_zone() -> None:
    """Raise ImproperlyConfigured in a process that would write days of another zone than that of the books.

    A database that is away, or older than this release, says nothing: what is served then fails by itself.
    """
    try:
        trouble = zone_trouble()
    except DatabaseError:
        return
    if trouble:
        raise ImproperlyConfigured(trouble)
