"""Open issues that touch what a page shows: the room above, which knows of issues, registers who finds them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from analytics.figures.windows import Window
from analytics.rows.issues import Trouble


@dataclass(frozen=True)
class Troubles:
    """How many open issues touch the figures of a window, and the worst of them."""

    count: int
    worst: Sequence[Trouble]


type Question = Callable[[Window, str], Troubles]
_questions: list[Question] = []


def register(question: Question) -> Question:
    """Ask this of the figures of a window in a currency."""
    if question not in _questions:
        _questions.append(question)
    return question


def troubles_of(window: Window, currency: str) -> Troubles:
    """Return the open issues that touch the figures of a window."""
    answers = [question(window, currency) for question in _questions]
    return Troubles(sum(one.count for one in answers), [trouble for one in answers for trouble in one.worst])
