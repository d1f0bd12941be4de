"""The conditions of a question: what may be asked of which kind of column, and the SQL that asks it.

Columns come from the declaration of a dataset, values go as parameters: nothing that was typed stands in a statement.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from django.db import connection

from analytics.exports.csv_text import Kind
from analytics.exports.datasets import Column
from analytics.exports.exporting import Parameter
from core.days import day_bounds
from core.forms import FIRST_DAY, LAST_DAY
from core.money import exponent, printable

LONGEST_VALUE = 200
WHOLE = re.compile(r"-?[0-9]{1,15}\Z")
DECIMAL = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,4})?\Z")
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")


class Operator(StrEnum):
    """How a column is compared with a value."""

    CONTAINS = "contains"
    IS = "is"
    IS_NOT = "is-not"
    BELOW = "below"
    AT_MOST = "at-most"
    ABOVE = "above"
    AT_LEAST = "at-least"
    EMPTY = "empty"
    FILLED = "filled"

    @property
    def words(self) -> str:
        """The operator as people read it."""
        return WORDS[self]

    @property
    def takes_value(self) -> bool:
        """Whether there is something to compare with."""
        return self not in (Operator.EMPTY, Operator.FILLED)


WORDS = {
    Operator.CONTAINS: "contains",
    Operator.IS: "is",
    Operator.IS_NOT: "is not",
    Operator.BELOW: "is below, or before",
    Operator.AT_MOST: "is at most, or until",
    Operator.ABOVE: "is above, or after",
    Operator.AT_LEAST: "is at least, or from",
    Operator.EMPTY: "is empty",
    Operator.FILLED: "is not empty",
}
SIGNS = {
    Operator.IS: "=",
    Operator.IS_NOT: "<>",
    Operator.BELOW: "<",
    Operator.AT_MOST: "<=",
    Operator.ABOVE: ">",
    Operator.AT_LEAST: ">=",
}
ORDERED = frozenset(SIGNS) | {Operator.EMPTY, Operator.FILLED}
OF_TEXT = frozenset({Operator.CONTAINS, Operator.IS, Operator.IS_NOT, Operator.EMPTY, Operator.FILLED})
NAMES = {
    Kind.TEXT: "text",
    Kind.NUMBER: "a number",
    Kind.MINOR: "minor units",
    Kind.MONEY: "money",
    Kind.PERCENT: "a percentage",
    Kind.DECIMAL: "a number",
    Kind.DAY: "a day",
    Kind.MOMENT: "a moment",
}


class NotAskable(ValueError):
    """A condition that makes no sense; its sentence may be shown."""


@dataclass(frozen=True)
class Condition:
    """One condition: rows whose column stands to the value as the operator says. `given` is what was typed."""

    column: Column
    operator: Operator
    given: str
    value: Parameter | None

    def sql(self, name: str) -> tuple[str, dict[str, Parameter]]:
        """Return the condition over a row `r`, and its parameters, whose names begin with `name`."""
        column = quoted(self.column)
        if not self.operator.takes_value:
            nothing = f"COALESCE(CAST({column} AS TEXT), '') = ''"
            return (nothing if self.operator is Operator.EMPTY else f"NOT ({nothing})"), {}
        if self.column.kind is Kind.TEXT:
            return self._of_text(column, name)
        if self.column.kind is Kind.MOMENT:
            return self._of_moment(column, name)
        value: Parameter = self.value if self.value is not None else ""
        right = f"%({name})s"
        if self.column.kind in (Kind.PERCENT, Kind.DECIMAL):
            column, right = as_number(column), f"CAST({right} AS NUMERIC)"
        found = f"{column} {SIGNS[self.operator]} {right}"
        return (f"({found} OR {column} IS NULL)" if self.operator is Operator.IS_NOT else found), {name: value}

    def _of_text(self, column: str, name: str) -> tuple[str, dict[str, Parameter]]:
        text = f"COALESCE(CAST({column} AS TEXT), '')"
        if self.operator is not Operator.CONTAINS:
            return f"{text} {SIGNS[self.operator]} %({name})s", {name: str(self.value)}
        like = "ILIKE" if connection.vendor == "postgresql" else "LIKE"
        literal = re.sub(r"([!%_])", r"!\1", str(self.value))
        return f"{text} {like} %({name})s ESCAPE '!'", {name: f"%{literal}%"}

    def _of_moment(self, column: str, name: str) -> tuple[str, dict[str, Parameter]]:
        if not isinstance(self.value, date):
            raise TypeError("a moment is compared with a day")
        start, end = (connection.ops.adapt_datetimefield_value(moment) or "" for moment in day_bounds(self.value))
        first: dict[str, Parameter] = {f"{name}_from": start}
        after: dict[str, Parameter] = {f"{name}_to": end}
        match self.operator:
            case Operator.BELOW:
                return f"{column} < %({name}_from)s", first
            case Operator.AT_MOST:
                return f"{column} < %({name}_to)s", after
            case Operator.ABOVE:
                return f"{column} >= %({name}_to)s", after
            case Operator.AT_LEAST:
                return f"{column} >= %({name}_from)s", first
        inside = f"({column} >= %({name}_from)s AND {column} < %({name}_to)s)"
        is_not = f"({column} IS NULL OR NOT {inside})"
        return (inside if self.operator is Operator.IS else is_not), first | after


def quoted(column: Column) -> str:
    """Return the column of a row `r`, as SQL."""
    return f'r."{column.expression}"'


def as_number(expression: str) -> str:
    """Return a decimal that stands as text or as a number, as a number."""
    return f"CAST(NULLIF(CAST({expression} AS TEXT), '') AS NUMERIC)"


def condition(column: Column, operator: str, given: str, *, currency: str) -> Condition:
    """Return a condition on a column. Raises NotAskable with a sentence where it makes no sense."""
    if operator not in list(Operator):
        raise NotAskable(f"“{printable(operator)}” is no way to compare.")
    how = Operator(operator)
    if how not in (OF_TEXT if column.kind is Kind.TEXT else ORDERED):
        raise NotAskable(f"“{column.name}” holds {NAMES[column.kind]}; “{how.words}” cannot be asked of that.")
    if not how.takes_value:
        return Condition(column, how, "", None)
    given = given.strip()
    return Condition(column, how, given, _PARSERS[column.kind](column, given, currency))


def _text(column: Column, given: str, _currency: str) -> str:
    if "\0" in given or len(given) > LONGEST_VALUE:
        raise NotAskable(f"What “{column.name}” is compared with is at most {LONGEST_VALUE} characters of plain text.")
    return given


def _whole(column: Column, given: str, _currency: str) -> int:
    if not WHOLE.match(given):
        raise NotAskable(f"“{column.name}” is compared with a whole number, not “{printable(given)}”.")
    return int(given)


def _decimal(column: Column, given: str, _currency: str) -> str:
    if not DECIMAL.match(given):
        raise NotAskable(f"“{column.name}” is compared with a number like 12.5, not “{printable(given)}”.")
    return given


def _money(column: Column, given: str, currency: str) -> int:
    places = exponent(currency)
    minor = Decimal(given).scaleb(places) if DECIMAL.match(given) else None
    if minor is None or minor != minor.to_integral_value():
        example = f"{Decimal(125).scaleb(-places):f}"
        raise NotAskable(f"“{column.name}” is compared with an amount like {example}, not “{printable(given)}”.")
    return int(minor)


def _day(column: Column, given: str, _currency: str) -> date:
    try:
        day = date.fromisoformat(given) if DAY.match(given) else None
    except ValueError:
        day = None
    if day is None or not FIRST_DAY <= day <= LAST_DAY:
        raise NotAskable(f"“{column.name}” is compared with a day like 2026-06-01, not “{printable(given)}”.")
    return day


_PARSERS: dict[Kind, Callable[[Column, str, str], Parameter]] = {
    Kind.TEXT: _text,
    Kind.NUMBER: _whole,
    Kind.MINOR: _whole,
    Kind.MONEY: _money,
    Kind.PERCENT: _decimal,
    Kind.DECIMAL: _decimal,
    Kind.DAY: _day,
    Kind.MOMENT: _day,
}
