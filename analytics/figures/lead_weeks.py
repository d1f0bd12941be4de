"""Lead times over time: the percentiles of whole windows and of runs of days, all of them with one query."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, F, IntegerField, QuerySet, Value, When

from analytics.figures.fulfilment import LEADS, percentiles_of, ranked_leads, sent_in_full
from analytics.figures.sums import hull
from analytics.figures.windows import Window
from core.days import day_bounds


@dataclass(frozen=True)
class LeadTimes:
    """How many orders were sent in full on some days, and their percentiles in hundredths of an hour, if any."""

    orders: int = 0
    lead_time_p50: int | None = None
    lead_time_p90: int | None = None


def lead_times_by_run(
    runs: Sequence[Window], currency: str | None, *, windows: Sequence[Window] = ()
) -> list[LeadTimes]:
    """Return the lead times of runs of days that follow each other, then those of whole windows, which may overlap.

    One query, which answers at most four rows for each of them.
    """
    by_run = sent_in_full(hull(runs), currency).annotate(place=_place_of(runs))
    first: QuerySet[Any, Any] = ranked_leads(by_run, {"partition_by": F("place")}).values_list(*LEADS)
    others = [
        ranked_leads(sent_in_full(window, currency), {}).annotate(place=Value(len(runs) + number)).values_list(*LEADS)
        for number, window in enumerate(windows)
    ]
    found: dict[int, list[Any]] = defaultdict(list)
    for place, *row in first.union(*others, all=True).order_by() if others else first:
        found[place].append(row)
    return [_lead_times(found[place]) for place in range(len(runs) + len(windows))]


def _place_of(runs: Sequence[Window]) -> Case:
    whens = [When(fulfilled_at__lt=day_bounds(run.end)[1], then=Value(place)) for place, run in enumerate(runs)]
    return Case(*whens, output_field=IntegerField())


def _lead_times(rows: Sequence[Sequence[Any]]) -> LeadTimes:
    return LeadTimes(rows[0][1], **percentiles_of(rows)) if rows else LeadTimes()
