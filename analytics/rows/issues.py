"""Open issues that touch rows or their figure: rooms above, which know of issues, register who finds them."""

from collections.abc import Callable
from dataclasses import dataclass

from analytics.rows.reading import RowSet


@dataclass(frozen=True)
class Trouble:
    """An open issue: what it is about, what it says, how bad it is, and its page."""

    subject: str
    text: str
    severity: str
    url: str


type Question = Callable[[RowSet], list[Trouble]]
_questions: list[Question] = []


def register(question: Question) -> Question:
    """Ask this, too, of rows that somebody looks at."""
    if question not in _questions:
        _questions.append(question)
    return question


def troubles_of(found: RowSet) -> list[Trouble]:
    """Return the open issues that touch these rows or their figure."""
    return [trouble for question in _questions for trouble in question(found)]
