"""Stored business days worked out anew, after the shop has moved to another time zone.

Each day is made of the moment beside it, so nothing is lost, and doing it again changes nothing: an interrupted run is
begun anew. Documents keep the date that they were issued with, and closed months the figures that they were closed
with. The shop must not write meanwhile: neither web nor worker starts in a zone that is not that of the books.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from django.conf import settings
from django.db import connection, models, transaction
from django.db.models import Max
from django.utils import timezone

from analytics.models import Build, MonthClose
from analytics.snapshots.building import BuildResult, build_snapshots
from analytics.snapshots.calendar import Scope
from audit.recording import record
from core.days import store_zone
from core.db import rewritable
from core.errors import NotAllowedInState
from core.models import BooksZone
from orders.models import SalesEntry
from payments.models import BalanceTransaction, Dispute
from wishlist.models import WishEvent

BATCH = 20_000
ACTION = "business_days.rebase"


@dataclass(frozen=True)
class Dated:
    """A table whose rows hold a business day beside the moment that it is the day of."""

    model: type[models.Model]
    moment: str
    day: str
    is_guarded: bool

    @property
    def name(self) -> str:
        """The rows, in words."""
        return str(self.model._meta.verbose_name_plural)


TABLES = (
    Dated(SalesEntry, "at", "day", is_guarded=True),
    Dated(WishEvent, "at", "day", is_guarded=True),
    Dated(BalanceTransaction, "at", "day", is_guarded=True),
    Dated(Dispute, "opened_at", "opened_day", is_guarded=False),
)


@dataclass
class Rebased:
    """What it came to: rows whose day changed by what they are, the zones, and the build that followed, if any."""

    before: str
    after: str
    changed: dict[str, int] = field(default_factory=dict)
    build: BuildResult | None = None


def days_to_rebase() -> Rebased:
    """Return what `rebase_business_days` would change; writes nothing."""
    result = Rebased(_zone_of_the_books(), store_zone().key)
    for table in TABLES:
        where, params = _differs(table)
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT COUNT(*) FROM {table.model._meta.db_table} WHERE {where}", params)  # noqa: S608
            result.changed[table.name] = cursor.fetchone()[0]
    return result


def rebase_business_days(
    *, keep_closed_months: bool, progress: Callable[[str, int, int], None] = lambda _name, _done, _of: None
) -> Rebased:
    """Work out every stored business day in `STORE_TIME_ZONE`, then build every snapshot. Safe to repeat.

    Raises NotAllowedInState while a build runs, or if a month is closed and its kept figures are not told to stay. On
    PostgreSQL writers of a table wait while a batch of it is rewritten.
    """
    if MonthClose.objects.exists() and not keep_closed_months:
        raise NotAllowedInState(
            "Months are closed, and entries near their first and last midnight may move to the month beside: "
            "their kept figures stay as they were closed only if you say so (--keep-closed-months)."
        )
    if Build.objects.filter(state=Build.State.RUNNING, lease_until__gte=timezone.now()).exists():
        raise NotAllowedInState("A build is running; stop web and worker, and try again in a minute.")
    result = Rebased(_zone_of_the_books(), store_zone().key)
    _begin(result)
    for table in TABLES:
        result.changed[table.name] = _rebase(table, progress)
    result.build = build_snapshots(Scope(f"rebase to {result.after}"[:40], is_full=True), in_any_zone=True)
    _end(result)
    return result


def _zone_of_the_books() -> str:
    return BooksZone.objects.filter(pk=1).values_list("name", flat=True).first() or store_zone().key


@transaction.atomic
def _begin(result: Rebased) -> None:
    zone = {"name": result.after, "is_settled": False, "since": timezone.now()}
    BooksZone.objects.update_or_create(pk=1, defaults=zone)
    record(ACTION, changes={"from": result.before, "to": result.after, "stage": "begun"})


@transaction.atomic
def _end(result: Rebased) -> None:
    BooksZone.objects.update(is_settled=True)
    counts = {name.replace(" ", "_"): count for name, count in result.changed.items()}
    record(ACTION, changes={"from": result.before, "to": result.after, "stage": "done", **counts})


def _rebase(table: Dated, progress: Callable[[str, int, int], None]) -> int:
    """Rewrite the rows of a table that differ, batch by batch; return how many did."""
    name, last = table.model._meta.db_table, table.model._default_manager.aggregate(last=Max("pk"))["last"] or 0
    where, params = _differs(table)
    statement = f"UPDATE {name} SET {table.day} = {_day_sql(table)} WHERE id BETWEEN %s AND %s AND {where}"  # noqa: S608
    zone, changed = params[:1], 0
    for low in range(1, last + 1, BATCH):
        with transaction.atomic():
            if table.is_guarded:
                with rewritable(table.model):
                    changed += _run(statement, [*zone, low, low + BATCH - 1, *params])
            else:
                changed += _run(statement, [*zone, low, low + BATCH - 1, *params])
        progress(table.name, min(low + BATCH - 1, last), last)
    return changed


def _run(statement: str, params: list[str | int]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return cursor.rowcount


def _differs(table: Dated) -> tuple[str, list[str | int]]:
    return f"{table.day} <> {_day_sql(table)}", [settings.STORE_ZONE.key]


def _day_sql(table: Dated) -> str:
    if connection.vendor == "postgresql":
        return f"({table.moment} AT TIME ZONE %s)::date"
    return f"django_datetime_cast_date({table.moment}, %s, 'UTC')"
