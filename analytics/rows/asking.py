"""What rows are asked for: the figure, its days and currency, the bar or cell of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils import timezone

from analytics.figures.fulfilment import late_before
from analytics.figures.stock_cover import PACE
from analytics.figures.windows import Window, ending
from analytics.kpis import Kpi, TableKpi
from analytics.rows.cells import Cell
from analytics.rows.declared import ROWS
from analytics.rows.links import rows_url
from analytics.rows.sources import Rows, counting
from core.days import day_bounds, today
from payments.client import is_live

BEGINNING = date(1900, 1, 1)
SPANS = ("day", "cohort", "month", "age")  # cells that stand for two values of their own


@dataclass(frozen=True)
class Asked:
    """A figure with its days, its currency (None: sales in every one) and the cells that narrow it."""

    kpi: Kpi | TableKpi
    whole: Window
    currency: str | None
    cells: Mapping[str, Cell] = field(default_factory=dict)
    build: int | None = None
    currencies: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()

    @property
    def rows(self) -> Rows:
        """What makes the figure up; of a share, the cell of a reason is how many rows there are for it."""
        rows = ROWS[self.kpi.id]
        return counting(rows) if "reason" in self.cells else rows

    @property
    def window(self) -> Window:
        """The days that rows are looked for in: all, or the one that was asked for."""
        day = self.cells.get("day")
        return Window(day.value, day.value) if day else self.whole

    @property
    def statement(self) -> str:
        """The query of the rows, before it is put into the dialect of the database."""
        return self.rows.source.statement(self.currency, self.cells)

    @property
    def params(self) -> dict[str, Any]:
        """What the query of the rows is given."""
        now, pace = timezone.now(), ending(today(), PACE)
        moments = {
            "start_at": day_bounds(self.window.start)[0],
            "end_at": day_bounds(self.window.end)[1],
            "now": now,
            "late_before": late_before(now),
            "pace_start_at": day_bounds(pace.start)[0],
            **self._ages(now),
        }
        return {
            "start": self.window.start,
            "end": self.window.end,
            "pace_from": pace.start,
            "today": pace.end,
            "currency": self.currency,
            "store_currency": settings.STORE_CURRENCY,
            "zone": settings.STORE_TIME_ZONE,
            "no": False,
            "live": is_live(),
            **{name: connection.ops.adapt_datetimefield_value(moment) for name, moment in moments.items()},
            **self._months(),
            **{name: cell.value for name, cell in self.cells.items() if name not in SPANS},
        }

    def url(self, *without: str, kpi: str = "", **other: Any) -> str:
        """Return the address of the same rows, without some of the cells, or of another figure or other days."""
        cells = {name: cell.given for name, cell in self.cells.items() if name not in without}
        return rows_url(
            kpi or self.kpi.id,
            other.pop("window", self.whole),
            other.pop("currency", self.currency),
            build=other.pop("build", None),
            **cells | other,
        )

    def _ages(self, now: datetime) -> dict[str, datetime]:
        """Return the moments between which the orders of the age that was asked for were paid."""
        age = self.cells.get("age")
        start, end = age.value if age else (0, None)
        return {
            "paid_from": now - timedelta(hours=end) if end else day_bounds(BEGINNING)[0],
            "paid_until": now - timedelta(hours=start) if start else day_bounds(today())[1],
        }

    def _months(self) -> dict[str, date]:
        """Return the days of the cohort and of the month that were asked for, within those of the window."""
        cohort, month = self.cells.get("cohort"), self.cells.get("month")
        members = cohort.value if cohort else (self.window.start, self.window.end)
        active = month.value if month else (BEGINNING, self.window.end)
        return {
            "cohort_from": max(members[0], self.window.start),
            "cohort_to": min(members[1], self.window.end),
            "month_from": active[0],
            "month_to": min(active[1], self.window.end),
        }
