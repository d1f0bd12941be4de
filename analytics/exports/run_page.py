"""What the page of a file shows: how far it has come, what it holds, and what can be done with it."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import get_text_list

from accounts.models import User
from analytics.exports.mails import title_of
from analytics.exports.running import LEASE_SECONDS
from analytics.exports.runs import may_have
from analytics.models import ExportRun

LISTED = 8  # columns that are named; of more it is said how many


@dataclass(frozen=True)
class RunPage:
    """A file, for somebody who looks at it."""

    run: ExportRun
    user: User

    @property
    def title(self) -> str:
        """What people call the dataset."""
        return title_of(self.run.dataset)

    @cached_property
    def may_have(self) -> bool:
        """Whether this person may download it."""
        return may_have(self.user, self.run)

    @property
    def percent(self) -> int | None:
        """How much of it is written; None as long as nobody knows how many rows there will be."""
        expected = self.run.rows_expected
        return min(100, self.run.rows_done * 100 // expected) if expected else None

    @property
    def rate(self) -> int | None:
        """Rows a second, up to the latest sign of life of its worker."""
        if not (self.run.started_at and self.run.lease_until and self.run.rows_done):
            return None
        seconds = (self._last_beat - self.run.started_at).total_seconds()
        return round(self.run.rows_done / seconds) if seconds > 0 else None

    @property
    def remaining(self) -> timedelta | None:
        """How long it will take at that rate."""
        if not self.rate or not self.run.rows_expected:
            return None
        return timedelta(seconds=max(self.run.rows_expected - self.run.rows_done, 0) / self.rate)

    @property
    def is_silent(self) -> bool:
        """Whether its worker has died, as far as one can tell; another takes over within a minute."""
        return self.run.state == ExportRun.State.RUNNING and bool(
            self.run.lease_until and self.run.lease_until < timezone.now()
        )

    @property
    def facts(self) -> list[dict[str, object]]:
        """What was asked for, and what came of it, as terms and values."""
        run = self.run
        columns = run.options.get("columns", [])
        facts: list[dict[str, object]] = [
            {"term": "Days", "value": f"{_day(run.start)} to {_day(run.end)}"},
            {"term": "Currency", "value": run.currency},
            {"term": "Format", "value": f"{run.get_format_display()}{', marked for Excel' if run.for_excel else ''}"},
            {"term": "Columns", "value": _listed(columns)},
            {"term": "Personal columns", "value": "yes" if run.with_personal else "none"},
            {"term": "Asked for by", "value": run.requested_by.email if run.requested_by else "somebody who has left"},
            {"term": "Asked for", "value": _moment(run.requested_at)},
        ]
        if run.finished_at:
            facts.append({"term": "Finished", "value": _moment(run.finished_at)})
        if run.attempts > 1:
            facts.append({"term": "Attempts", "value": run.attempts})
        if run.sha256:
            facts.append({"term": "SHA-256", "value": run.sha256, "code": True})
        return facts

    @property
    def _last_beat(self) -> datetime:
        return (self.run.lease_until or timezone.now()) - timedelta(seconds=LEASE_SECONDS)


def _listed(columns: list[str]) -> str:
    if len(columns) > LISTED:
        return f"{len(columns)}"
    return get_text_list(columns, "and") or "all"


def _day(day: date) -> str:
    return date_format(day, "j M Y")


def _moment(at: datetime) -> str:
    return date_format(timezone.localtime(at), "j M Y, H:i")
