"""Lead times over time: the percentiles of each run of days, all of them with one query."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, F, IntegerField, Value, When

from analytics.figures.fulfilment import percentiles_of, ranked_leads, sent_in_full
from analytics.figures.sums import hull
from analytics.figures.windows import Window
from core.days import day_bounds


@dataclass(frozen=True)
class LeadTimes:
    """How many orders were sent in full in a run of days, and their percentiles in hundredths of an hour, if any."""

    orders: int = 0
    lead_time_p50: int | None = None
    lead_time_p90: int | None = None


def lead_times_by_run(runs: Sequence[Window], currency: str | None) -> list[LeadTimes]:
    """Return the lead times of runs of days that follow each other: one query, at most four rows a run."""
    whens = [When(fulfilled_at__lt=day_bounds(run.end)[1], then=Value(place)) for place, run in enumerate(runs)]
    orders = sent_in_full(hull(runs), currency).annotate(run=Case(*whens, output_field=IntegerField()))
    by_run: dict[int, list[Any]] = defaultdict(list)
    for run, *row in ranked_leads(orders, {"partition_by": F("run")}).values_list("run", "rank", "size", "lead"):
        by_run[run].append(row)
    return [_lead_times(by_run[place]) for place in range(len(runs))]


def _lead_times(rows: Sequence[Sequence[Any]]) -> LeadTimes:
    return LeadTimes(rows[0][1], **percentiles_of(rows)) if rows else LeadTimes()
