"""Reading a question from its query string. What makes no sense is answered with a sentence, and left out."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.http import QueryDict

from analytics.exports.csv_text import Kind
from analytics.exports.datasets import Column, Dataset
from analytics.forms import read_selection
from analytics.questions.conditions import Condition, NotAskable, Operator, condition
from analytics.questions.question import MONTH, Grouping, Question
from core.forms import DayField, StoreForm
from core.money import printable

MOST_CONDITIONS = 10
GROUPABLE = (Kind.TEXT, Kind.DAY, Kind.NUMBER, Kind.PERCENT)


def read_question(dataset: Dataset, columns: Sequence[Column], given: QueryDict) -> Question:
    """Read the days, `show`, `column` `is` `value` (three for each condition), `group`, `then`, `sum` and `sort`.

    `columns` are those that whoever asks may see: no other can be shown, compared, grouped or sorted by.
    """
    selection = read_selection({name: str(value) for name, value in given.dict().items()})
    notices = list(selection.notices)
    known = {column.name: column for column in columns}
    shown = _named(given.getlist("show"), known, dataset, notices)
    groups = _groups(given, known, dataset, notices)
    ordinary = usual(columns)
    summed = [column for column in _named(given.getlist("sum"), known, dataset, notices) if column.adds_up]
    question = Question(
        dataset=dataset,
        selection=selection,
        columns=shown or ordinary,
        conditions=_conditions(given, known, dataset, selection.currency, notices),
        groups=groups,
        summed=summed or [column for column in ordinary if column.adds_up],
        is_usual=shown in ([], ordinary),
        sums_usual=summed in ([], [column for column in ordinary if column.adds_up]),
        notices=notices,
    )
    sort = _sort(given.get("sort", ""), question, notices)
    return Question(**{**vars(question), "sort": sort})


def usual(columns: Sequence[Column]) -> list[Column]:
    """Return what is shown unless somebody chooses: amounts once, and no keys."""
    return [
        column
        for column in columns
        if not column.name.endswith("_id") and (column.kind is not Kind.MINOR or not _stands_twice(column, columns))
    ]


def _stands_twice(column: Column, columns: Sequence[Column]) -> bool:
    return any(other.kind is Kind.MONEY and other.expression == column.name for other in columns)


def _no_column(name: str, dataset: Dataset) -> str:
    is_hidden = any(column.name == name for column in dataset.columns)
    why = "is a personal column, which your role does not see" if is_hidden else "is no column of this table"
    return f"“{printable(name)}” {why}; it was left out."


def _named(names: Sequence[str], known: dict[str, Column], dataset: Dataset, notices: list[str]) -> list[Column]:
    notices.extend(_no_column(name, dataset) for name in dict.fromkeys(names) if name and name not in known)
    return [column for name, column in known.items() if name in names]


def _conditions(
    given: QueryDict, known: dict[str, Column], dataset: Dataset, currency: str, notices: list[str]
) -> list[Condition]:
    found: list[Condition] = []
    names, operators, values = (given.getlist(key) for key in ("column", "is", "value"))
    for place, name in enumerate(names):
        if not name:
            continue
        if len(found) == MOST_CONDITIONS:
            notices.append(f"A question has at most {MOST_CONDITIONS} conditions; the others were left out.")
            break
        if name not in known:
            notices.append(_no_column(name, dataset))
            continue
        operator = operators[place] if place < len(operators) else ""
        value = values[place] if place < len(values) else ""
        try:
            found.append(condition(known[name], operator, value, currency=currency))
        except NotAskable as problem:
            notices.append(f"{problem} This condition was left out.")
    return found


def _groups(given: QueryDict, known: dict[str, Column], dataset: Dataset, notices: list[str]) -> list[Grouping]:
    found: list[Grouping] = []
    for name in filter(None, (given.get("group", ""), given.get("then", ""))):
        column = known.get(name.removesuffix(MONTH))
        by_month = name.endswith(MONTH)
        if column is None:
            notices.append(_no_column(name, dataset))
        elif column.kind not in GROUPABLE or (by_month and column.kind is not Kind.DAY):
            notices.append(f"Rows cannot be grouped by “{printable(name)}”; it was left out.")
        elif name not in (group.name for group in found):
            found.append(Grouping(column, by_month))
    return found


def _sort(wanted: str, question: Question, notices: list[str]) -> str:
    if not wanted or wanted.removeprefix("-") in (column.name for column in question.headings):
        return wanted
    notices.append(f"The answer has no column “{printable(wanted.removeprefix('-'))}” to be sorted by.")
    return ""


class QuestionForm(StoreForm):
    """Everything of a question but its conditions, filled with what is asked.

    Days that go with the calendar stay so unless others are filled in.
    """

    group = forms.ChoiceField(required=False, label="Group by")
    then = forms.ChoiceField(required=False, label="Then by")
    show = forms.MultipleChoiceField(required=False, label="Columns", widget=forms.CheckboxSelectMultiple)
    sum = forms.MultipleChoiceField(required=False, label="Sums of a group", widget=forms.CheckboxSelectMultiple)

    def __init__(self, question: Question, columns: Sequence[Column]) -> None:
        groups = [group.name for group in question.groups] + ["", ""]
        selection = question.selection
        by_calendar = {name: value for name, value in selection.days.items() if name in ("days", "month")}
        own = {} if by_calendar else {"from": selection.window.start, "to": selection.window.end}
        super().__init__(
            initial={
                **own,
                **by_calendar,
                "currency": selection.currency,
                "group": groups[0],
                "then": groups[1],
                "show": [column.name for column in question.columns],
                "sum": [column.name for column in question.summed],
            }
        )
        days = {name: DayField(label=name.capitalize(), required=False) for name in ("from", "to")}
        kept = {name: forms.CharField(widget=forms.HiddenInput) for name in by_calendar}
        codes = [(code, code) for code in selection.currencies]
        self.fields = {**days, "currency": forms.ChoiceField(choices=codes), **kept, **self.fields}
        offered: Any = [("", "nothing")]
        for column in columns:
            if column.kind in GROUPABLE:
                offered.append((column.name, column.name))
            if column.kind is Kind.DAY:
                offered.append((f"{column.name}{MONTH}", f"{column.name}, by month"))
        named = [(column.name, column.name) for column in columns]
        for name, choices in (
            ("group", offered),
            ("then", offered),
            ("show", named),
            ("sum", [(column.name, column.name) for column in columns if column.adds_up]),
        ):
            self.fields[name].choices = choices  # type: ignore[attr-defined]


def blank_rows(question: Question) -> list[dict[str, Any]]:
    """Return the rows of controls for the conditions: those that are asked, and two to add."""
    rows = [
        {"column": one.column.name, "operator": str(one.operator), "value": one.given} for one in question.conditions
    ]
    more = min(2, MOST_CONDITIONS - len(rows))
    return [{"number": place, **row} for place, row in enumerate([*rows, *({} for _ in range(more))], start=1)]


OPERATORS = [(str(operator), operator.words) for operator in Operator]
