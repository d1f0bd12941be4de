"""The page of a question: its controls, its answer as a table, and what all of it adds up to."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.core.paginator import Page
from django.http import HttpRequest, QueryDict
from django.urls import reverse

from analytics.exports.csv_text import Kind
from analytics.exports.datasets import Column
from analytics.figures.windows import PERIODS
from analytics.models import SavedQuestion
from analytics.questions.answering import MOST_SHOWN, PATIENCE, Answer, TookTooLong
from analytics.questions.asking_forms import OPERATORS, QuestionForm, blank_rows
from analytics.questions.question import ROWS, Question
from core.http import paginate
from core.money import format_money

PER_PAGE = 50
TOO_LONG = (
    f"This takes longer than {PATIENCE} seconds, so it was stopped. Ask for fewer days or set a condition, "
    "or have it as a file."
)
NUMERIC = (Kind.NUMBER, Kind.MINOR, Kind.MONEY, Kind.PERCENT, Kind.DECIMAL)


@dataclass(frozen=True)
class Table:
    """The answer: the columns, a page of rows, and the sums below."""

    columns: list[dict[str, Any]]
    rows: list[list[dict[str, Any]]]
    sums: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class QuestionPage:
    """Everything on the page; there is no table where the database took too long."""

    question: Question
    form: QuestionForm
    columns: Sequence[Column]
    rows: list[dict[str, Any]]
    saved: SavedQuestion | None
    may_change: bool
    page: Page | None = None
    table: Table | None = None
    matched: int = 0
    size: int = 0
    problem: str = ""
    operators: list[tuple[str, str]] = field(default_factory=lambda: OPERATORS)
    tabs: list[dict[str, Any]] = field(default_factory=list)
    chips: list[dict[str, str]] = field(default_factory=list)

    @property
    def is_ready(self) -> bool:
        """Whether it is read rather than being put together: there is a question, and nothing in it to mend."""
        is_further = self.page is not None and self.page.number > 1
        is_asked = bool(self.question.conditions or self.question.groups)
        return (is_asked or is_further or self.saved is not None) and not (self.question.notices or self.problem)

    @property
    def is_cut(self) -> bool:
        """Whether there are more rows than can be leafed through."""
        return self.size > MOST_SHOWN

    @property
    def counted(self) -> str:
        """How many rows, and how many groups they make."""
        rows = f"{self.matched:,} row{'' if self.matched == 1 else 's'}"
        if not self.question.groups:
            return rows
        return f"{self.size:,} group{'' if self.size == 1 else 's'} of {rows}"


def question_page(
    request: HttpRequest,
    question: Question,
    columns: Sequence[Column],
    saved: SavedQuestion | None,
    *,
    may_change: bool,
) -> QuestionPage:
    """Return the page, with the part of the answer that the request asks for."""
    controls: dict[str, Any] = {
        "question": question,
        "form": QuestionForm(question, columns),
        "columns": columns,
        "rows": blank_rows(question),
        "saved": saved,
        "may_change": may_change,
        "tabs": _tabs(question),
        "chips": _chips(question),
    }
    answer: Any = Answer(question)
    try:
        matched, sums = answer.totals
        page = paginate(request, answer, PER_PAGE)
        table = _table(question, list(page), sums, matched)
    except TookTooLong:
        return QuestionPage(**controls, problem=TOO_LONG)
    return QuestionPage(**controls, page=page, table=table, matched=matched, size=answer.size)


def _tabs(question: Question) -> list[dict[str, Any]]:
    """Return the days that go with the calendar, each with the address of the same question over them."""
    offered = [(f"{days} days", "days", f"{days}") for days in PERIODS]
    offered += [("This month", "month", "this"), ("Last month", "month", "last")]
    address, tabs = reverse("analytics:question", args=[question.dataset.name]), []
    for label, name, value in offered:
        query = QueryDict(question.query, mutable=True)
        for other in ("from", "to", "days", "month"):
            query.pop(other, None)
        query[name] = value
        is_current = question.selection.days == {name: value}
        tabs.append({"label": label, "url": f"{address}?{query.urlencode()}", "current": is_current})
    return tabs


def _chips(question: Question) -> list[dict[str, str]]:
    """Return the conditions and groups in words, each with the address of the question without it."""
    chips = []
    for place, one in enumerate(question.conditions):
        others = [other for number, other in enumerate(question.conditions) if number != place]
        words = f"{one.column.name} {one.operator.words} {one.given}".strip()
        chips.append((words, replace(question, conditions=others)))
    for place, group in enumerate(question.groups):
        rest = [other for number, other in enumerate(question.groups) if number != place]
        chips.append((f"by {group.words}", replace(question, groups=rest, sort="")))
    address = reverse("analytics:question", args=[question.dataset.name])
    return [{"label": label, "url": f"{address}?{without.query}"} for label, without in chips]


def _table(question: Question, rows: list[tuple[Any, ...]], sums: dict[str, int], matched: int) -> Table:
    headings, currency = question.headings, question.selection.currency
    cells = [[_cell(column, value, currency) for column, value in zip(headings, row, strict=True)] for row in rows]
    below = [_sum(column, sums, matched, currency) for column in headings]
    has_sums = any(below[1:])
    return Table(
        [_head(column, question.order) for column in headings], cells, ["All rows", *below[1:]] if has_sums else []
    )


def _head(column: Column, sort: str) -> dict[str, Any]:
    sorted_by = {column.name: "asc", f"-{column.name}": "desc"}.get(sort, "")
    return {
        "label": column.name,
        "numeric": _is_number(column),
        "sort": f"-{column.name}" if sort == column.name else column.name,
        "sorted": sorted_by,
    }


def _sum(column: Column, sums: dict[str, int], matched: int, currency: str) -> str:
    if column is ROWS:
        return f"{matched:,}"
    if column.name not in sums:
        return ""
    return format_money(sums[column.name], currency) if column.kind is Kind.MONEY else f"{sums[column.name]:,}"


def _cell(column: Column, value: Any, currency: str) -> dict[str, Any]:
    if value is None or value == "":
        return {"text": "–", "numeric": _is_number(column)}
    match column.kind:
        case Kind.MONEY:
            return {"text": format_money(int(value), currency), "numeric": True}
        case Kind.MOMENT:
            return {"at": value if isinstance(value, datetime) else datetime.fromisoformat(f"{value}+00:00")}
        case Kind.DAY:
            day = value if isinstance(value, date) else date.fromisoformat(str(value)[:10])
            return {"text": f"{day.day} {day:%b %Y}"}
        case Kind.NUMBER | Kind.MINOR:
            return {"text": f"{int(value):,}" if column.adds_up else f"{int(value)}", "numeric": _is_number(column)}
        case Kind.PERCENT:
            return {"text": f"{value}\u00a0%", "numeric": True}
        case Kind.DECIMAL:
            return {"text": f"{Decimal(str(value)):f}", "numeric": True}
    return {"text": str(value), "wrap": len(str(value)) > 40}


def _is_number(column: Column) -> bool:
    return column.kind in NUMERIC and not column.name.endswith("_id")
