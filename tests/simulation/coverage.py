"""What a run has hit: each row of the table of transitions, each kind of fault, each act."""

from collections import Counter

from orders.models import OrderEvent
from orders.transitions import TABLE, By, Transition

FAULTS = (
    "balance delay",
    "event delay",
    "event drop",
    "event duplicate",
    "event reorder",
    "event reversed",
    "killed after a call",
    "killed before a call",
    "meanwhile",
    "refund failed",
    "refund failed after success",
    "refund pending",
    "refund requires_action",
    "request error",
    "request lost_answer",
    "request rate_limit",
    "request timeout",
    "webhook answer lost",
    "webhook down",
)


def name_of(row: Transition) -> str:
    """A row of the table, as the counts name it."""
    return f"{row.source or 'new'} → {row.target} by {', '.join(by for by in row.by if by != By.IMPORT)}"


def transitions() -> Counter[str]:
    """How often each row of the table was taken."""
    rows = {(row.source or "", row.target, by): name_of(row) for row in TABLE for by in row.by}
    moves = OrderEvent.objects.exclude(to_status="").values_list("from_status", "to_status", "detail__by")
    return Counter(rows[move] for move in moves)


def report_of(hits: Counter[str]) -> str:
    """The counts as text: transitions, faults, then all else that was counted."""
    moves = [name_of(row) for row in TABLE]
    rest = sorted(name for name in hits if name not in moves and name not in FAULTS)
    groups = [("Transitions", moves), ("Faults", list(FAULTS)), ("Acts and payments", rest)]
    return "\n".join(
        line for title, names in groups for line in (title, *(f"{hits[name]:>9,}  {name}" for name in names))
    )
