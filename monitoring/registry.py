"""The checks, declared as data: a question, a severity, the query of the rows that break it, and the repair."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from monitoring.models import Issue, Severity

type Evidence = Mapping[str, Any]  # keys that end in `_minor` are money of the finding's currency


class CannotRun(Exception):
    """A check cannot look just now (its source does not answer); its issues stay as they are and the run exits 2."""


@dataclass(frozen=True)
class Finding:
    """A thing that breaks a rule. `subject` is what people call it, `size` how far off it is, in any unit."""

    entity_type: str
    entity_pk: object
    expected: Evidence
    found: Evidence
    subject: str = ""
    currency: str = ""
    size: int = 0


@dataclass(frozen=True)
class Look:
    """What a check saw: how many rows it examined, those that break the rule, and which issues lay in its scope.

    `findings` may be a generator: it is read once, while the time limit of the check holds.
    """

    examined: int
    findings: Iterable[Finding] = ()
    covers: Callable[[Issue], bool] = field(default=lambda _issue: True)


@dataclass(frozen=True)
class Check:
    """A rule that must hold, what to do where it does not, and the repair that is safe without a person, if any."""

    id: str
    title: str
    rule: str
    severity: Severity
    look: Callable[[], Look]
    what_to_do: str
    repair: Callable[[Issue], str] | None = None
    asks_outside: bool = False

    @property
    def area(self) -> str:
        """The first part of the id: `pay`, `refund`, `stock` ..."""
        return self.id.partition(".")[0]

    def fingerprint(self, finding: Finding) -> str:
        """The name of this rule broken by this thing."""
        parts = [self.id, finding.entity_type, str(finding.entity_pk), finding.currency]
        return ":".join(part for part in parts if part)


CHECKS: dict[str, Check] = {}


def check(
    check_id: str,
    *,
    title: str,
    rule: str,
    severity: Severity,
    what_to_do: str,
    repair: Callable[[Issue], str] | None = None,
    asks_outside: bool = False,
) -> Callable[[Callable[[], Look]], Callable[[], Look]]:
    """Declare a function that looks as a check.

    `title` names the fault, as the list of issues shows it; `rule` is the sentence that must hold; `repair` brings one
    issue's thing right, is safe to repeat and to run while the shop trades, and says in a sentence what it did. A check
    that `asks_outside` calls another system: it looks outside any transaction, keeps a time limit of its own, and
    raises CannotRun when there is no answer. Raises ValueError for an id that is taken.
    """

    def declare(look: Callable[[], Look]) -> Callable[[], Look]:
        if check_id in CHECKS and CHECKS[check_id].look is not look:
            raise ValueError(f"there are two checks named {check_id}")
        CHECKS[check_id] = Check(check_id, title, rule, severity, look, what_to_do, repair, asks_outside)
        return look

    return declare


def all_checks() -> list[Check]:
    """Every check, by id."""
    return [CHECKS[check_id] for check_id in sorted(CHECKS)]
