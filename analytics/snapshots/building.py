"""The snapshot build: takes the days that changed and rebuilds them from the ledger, whole or not at all.

An entry of the ledger belongs to the figures shown exactly if it has no `DirtyDay` row. On PostgreSQL a build is one
REPEATABLE READ transaction, on SQLite a run of short write transactions, each of which leaves every day it touched
whole. A build that dies leaves nothing behind: what it had taken is there again for the next one.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import date

import structlog
from django.db import connection, transaction
from django.db.models import Max, Min
from django.utils import timezone

from accounts.models import Customer
from analytics.models import Build, DayState, FactDay, FactDayHistory
from analytics.snapshots.calendar import Scope, built_days, days_to_build
from analytics.snapshots.causes import begin_taking_marks, causes_of, take_marks
from analytics.snapshots.cohorts import moved_with_days, moved_with_people, rebuild_cohorts
from analytics.snapshots.days import DaySet, forget_temporary, run
from analytics.snapshots.first_sales import (
    days_changed_by_them,
    find_first_sales,
    rebuild_all_first_sales,
    rebuild_first_sales,
    take_first_sales,
)
from analytics.snapshots.leasing import claim, hold, release, succeed
from analytics.snapshots.popularity import write_units_sold
from analytics.snapshots.rebuilding import fill_with_zeros, forget_days_outside, rebuild_facts
from analytics.snapshots.sales_facts import begin_gathering, gather
from core.days import day_bounds
from core.zones import fix_zone

CUSTOMERS_AT_ONCE = 20_000
FIRST_BATCH, LARGEST_BATCH, SECONDS_A_BATCH = 20, 400, 0.7  # days at once on SQLite, whose writers wait for each other
# Of PostgreSQL, while it builds: what is larger goes to disk; and what was written lately is read from memory.
SETTINGS = {"work_mem": "64MB", "random_page_cost": "1.1"}
log = structlog.get_logger("purelaka.analytics")


@dataclass
class BuildResult:
    """What a build came to; `build` is None if there was nothing to do."""

    build: Build | None
    days: int = 0
    rows: int = 0
    seconds: float = 0.0


def build_snapshots(
    scope: Scope, *, in_any_zone: bool = False, progress: Callable[[int, int], None] = lambda _done, _of: None
) -> BuildResult:
    """Build the days of a scope and return what was done. Safe to repeat, and to run beside trade.

    `progress` is told days done and days in all, after each batch. Raises BuildRunning while another build runs, and
    AnotherZone if business days were worked out in another zone than the shop's, unless it may be any.
    """
    began, now = time.monotonic(), timezone.now()
    if not in_any_zone:
        fix_zone()
    if not days_to_build(scope):
        Build.objects.filter(pk__in=Build.objects.succeeded().values("pk")[:1]).update(data_to=now)
        return BuildResult(None, seconds=time.monotonic() - began)
    build = claim(scope.name)
    result = BuildResult(build)
    try:
        if connection.vendor == "postgresql":
            _build_at_once(build, scope, result)
        else:
            _build_in_batches(build, scope, result, progress)
    except BaseException as problem:
        release(build, problem)
        raise
    write_units_sold()
    result.seconds = time.monotonic() - began
    log.info("snapshots_built", build=build.pk, days=result.days, rows=result.rows, seconds=round(result.seconds, 2))
    return result


@contextmanager
def _one_view() -> Iterator[None]:
    """Show a transaction the database as it was when it began; one that a caller has begun stays what it is."""
    is_outermost = not connection.in_atomic_block
    with transaction.atomic():
        if is_outermost:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        yield


def _build_at_once(build: Build, scope: Scope, result: BuildResult) -> None:
    data_to = timezone.now()
    with _one_view():
        hold(build)
        for setting, value in SETTINGS.items():
            run(f"SET LOCAL {setting} = '{value}'")
        days, everything = days_to_build(scope), list(built_days() or ())
        if scope.is_full or len({*days} & {*everything}) > len(everything) / 2:
            # Most days are built quicker with all the rest than by looking at what each of them changes.
            scope, days = scope._replace(is_full=True), sorted({*days, *everything})
        _rebuild(build, days, scope, result)
        _tidy(scope, result)
        succeed(build, data_to=data_to, days=result.days, rows=result.rows)


def _build_in_batches(build: Build, scope: Scope, result: BuildResult, progress: Callable[[int, int], None]) -> None:
    data_to, days = timezone.now(), days_to_build(scope)
    for low, high in _customer_ranges() if scope.is_full else ():
        with transaction.atomic():
            hold(build)
            with moved_with_people(low, high):
                rebuild_first_sales(low, high)
    size, done = FIRST_BATCH, 0
    while done < len(days):
        began = time.monotonic()
        with transaction.atomic():
            hold(build)
            _rebuild(build, days[done : done + size], scope, result)
        done = min(done + size, len(days))
        progress(done, len(days))
        size = _next_size(size, time.monotonic() - began)
    with transaction.atomic():
        hold(build)
        _tidy(scope, result)
        succeed(build, data_to=data_to, days=result.days, rows=result.rows)


def _next_size(size: int, took: float) -> int:
    return max(1, min(LARGEST_BATCH, 2 * size, int(size * SECONDS_A_BATCH / max(took, 0.001))))


def _customer_ranges() -> Iterator[tuple[int, int]]:
    """Yield ranges of keys that hold every customer."""
    keys = Customer.objects.aggregate(low=Min("pk"), high=Max("pk"))
    if keys["low"] is not None:
        for low in range(keys["low"], keys["high"] + 1, CUSTOMERS_AT_ONCE):
            yield low, low + CUSTOMERS_AT_ONCE - 1


def _rebuild(build: Build, wanted: Sequence[date], scope: Scope, result: BuildResult) -> None:
    """Rebuild days in the caller's transaction, and those that tell new customers otherwise because of one of them."""
    if not wanted:
        return
    days, late = _gather(wanted, scope)
    before = _facts(days.days)
    with nullcontext() if _is_one_view(scope) else moved_with_days(days, with_first_sales=not scope.is_full):
        if not scope.is_full:
            take_first_sales()
        elif _is_one_view(scope):
            rebuild_all_first_sales()
        result.rows += rebuild_facts(days)
    forget_temporary("build_order")
    result.days += len(days.days)
    _write_states(build, days, before, lambda closed: causes_of(closed, late=late, scope=scope.name))
    forget_temporary("build_mark")
    result.rows += fill_with_zeros(days)


def _is_one_view(scope: Scope) -> bool:
    """Whether all days are built in one transaction, at the end of which the cohorts are written anew."""
    return scope.is_full and connection.vendor == "postgresql"


def _gather(wanted: Sequence[date], scope: Scope) -> tuple[DaySet, dict[date, int]]:
    """Read the orders of days, and of those that first sales among them change; take all their marks.

    Return all those days, and those that a late first sale changes, each with its entry.
    """
    days = DaySet(wanted)
    late: dict[date, int] = {}
    begin_taking_marks(days)
    begin_gathering(days)
    while not scope.is_full:
        find_first_sales()
        changed = days_changed_by_them()
        fresh = DaySet([day for day in changed if day not in set(days.days)])
        late |= {day: changed[day] for day in fresh.days}
        if not fresh.days:
            break
        take_marks(fresh)
        gather(fresh)
        days = DaySet([*days.days, *fresh.days])
    return days, late


Facts = dict[tuple[date, str], dict[str, int]]
MEASURES = [field.name for field in FactDay._meta.concrete_fields if field.name not in ("id", "day", "currency")]


def _facts(days: Sequence[date]) -> Facts:
    rows = FactDay.objects.filter(day__range=(days[0], days[-1])).values("day", "currency", *MEASURES)
    wanted = set(days)
    return {
        (row["day"], row["currency"]): {name: row[name] for name in MEASURES} for row in rows if row["day"] in wanted
    }


def _write_states(build: Build, days: DaySet, before: Facts, why: Callable[[Iterable[date]], dict[date, str]]) -> None:
    """Say that the days are built; a closed day that comes to other figures than before keeps the old ones."""
    now, after = timezone.now(), _facts(days.days)
    states = {state.day: state for state in DayState.objects.filter(day__in=days.days)}
    shown = {day: state for day, state in states.items() if state.build_id != build.pk}  # none of this very build
    restated = {day: keys for day in days.days if day in shown and (keys := _replaced(shown[day], before, after))}
    causes = why(restated)
    FactDayHistory.objects.bulk_create(
        FactDayHistory(
            day=day,
            currency=key[1],
            revision=states[day].revision,
            facts=before[key],
            replaced_at=now,
            build=build,
            cause=causes[day],
        )
        for day, keys in restated.items()
        for key in keys
        if key in before
    )
    for day in days.days:
        state = states.setdefault(day, DayState(day=day))
        state.revision += day in restated
        state.built_at, state.build = now, build
    DayState.objects.bulk_create(
        states.values(), update_conflicts=True, unique_fields=["day"], update_fields=["built_at", "build", "revision"]
    )


def _replaced(state: DayState, before: Facts, after: Facts) -> list[tuple[date, str]]:
    """Return the keys of a day that was over when it was built, and comes to other figures now."""
    is_closed = state.built_at >= day_bounds(state.day)[1]
    return _changed(state.day, before, after) if is_closed else []


def _changed(day: date, before: Facts, after: Facts) -> list[tuple[date, str]]:
    """Return the keys of a day whose figures differ; a row that is not there is one of zeros."""
    zeros = dict.fromkeys(MEASURES, 0)
    keys = sorted(key for key in before.keys() | after.keys() if key[0] == day)
    return [key for key in keys if before.get(key, zeros) != after.get(key, zeros)]


def _tidy(scope: Scope, result: BuildResult) -> None:
    """Bring in line what no single day can: days outside all facts, and currencies that older days had not heard of."""
    window = built_days()
    if window is None:
        return
    if scope.is_full:
        forget_days_outside(window.start, window.end)
        result.rows += rebuild_cohorts()
    result.rows += fill_with_zeros(DaySet(list(window)))
