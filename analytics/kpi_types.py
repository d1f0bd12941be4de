"""What a figure is made of and how it behaves: its unit, how days come together, what it is divided by."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar

from core.money import divide_half_up


class Unit(StrEnum):
    """What a figure is counted in."""

    MONEY = "money"
    COUNT = "count"
    PERCENT = "percent"
    HOURS = "hours"
    DAYS = "days"
    TABLE = "table"


class Additivity(StrEnum):
    """How a figure of several days comes from the days."""

    DAYS = "A"
    PARTS = "S"
    POINT = "P"
    NONE = "N"

    @property
    def meaning(self) -> str:
        """The rule in words."""
        return MEANINGS[self]


MEANINGS = {
    Additivity.DAYS: "the days add up",
    Additivity.PARTS: "the parts add up, then they are divided",
    Additivity.POINT: "a point in time: the last one counts",
    Additivity.NONE: "worked out over the whole window",
}


class Reading(StrEnum):
    """What must be read for a figure; a page reads only what its figures need."""

    SALES = "sales"
    COSTS = "costs"
    PEOPLE = "people"
    REFUNDED = "refunded"
    WISHES = "wishes"
    PAYMENTS = "payments"
    STRIPE = "stripe"
    LEAD_TIMES = "lead times"
    BACKLOG = "backlog"


class Better(StrEnum):
    """Whether it is good news that a figure rises."""

    MORE = "more"
    LESS = "less"
    NEITHER = "neither"


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Everything that the figures of one window (or one day) in one currency are made of; money in minor units.

    Over all currencies the money stays zero, for it is never added across them. Lead times are hundredths of an hour.
    What was not asked for is zero as well.
    """

    gross: int = 0
    discounts: int = 0
    returns: int = 0
    net: int = 0
    shipping: int = 0
    tax: int = 0
    total: int = 0
    refunds_cash: int = 0
    orders: int = 0
    units: int = 0
    net_units: int = 0
    new_customers: int = 0
    cohort_refunded_orders: int = 0
    refunded_orders: int = 0
    unique_customers: int = 0
    existing_customers: int = 0
    repeat_customers: int = 0
    returning_customers: int = 0
    wishers: int = 0
    wishers_who_bought: int = 0
    costed_net: int = 0
    cost: int = 0
    costed_entries: int = 0
    intents: int = 0
    intents_succeeded: int = 0
    attempts: int = 0
    attempts_succeeded: int = 0
    charges: int = 0
    disputes: int = 0
    disputed: int = 0
    stripe_fees: int = 0
    stripe_net: int = 0
    payouts: int = 0
    lead_time_p50: int | None = None
    lead_time_p90: int | None = None
    backlog: int = 0
    sla_breach: int = 0

    @property
    def sold(self) -> int:
        """Gross sales less discounts: what the goods were sold for."""
        return self.gross - self.discounts

    @property
    def margin(self) -> int:
        """Net sales less cost of the lines whose cost is known."""
        return self.costed_net - self.cost


type Part = Callable[[Facts], int | None]
type Value = int | Decimal | None


@dataclass(frozen=True, kw_only=True)
class Kpi:
    """A figure: a part of the facts, or one part divided by another (`of`).

    There is none where the part is None, where `of` is zero, and where nothing is `known` of it.
    `source` names the columns it comes from, `reads` what is read for it, `pages` the addresses that show it.
    """

    id: str
    title: str
    unit: Unit
    formula: str
    basis: str
    source: str
    reads: tuple[Reading, ...]
    part: Part
    of: Part | None = None
    known: Part | None = None
    null_rule: str = "never"
    left_out: str
    better: Better = Better.MORE
    crosses_currencies: bool = False
    pages: tuple[str, ...]
    additivity: ClassVar[Additivity] = Additivity.NONE

    @property
    def help(self) -> str:
        """What a person is told who asks what the figure means."""
        return in_a_sentence(self.formula, self.basis, self.left_out)

    def value(self, facts: Facts) -> Value:
        """Return the figure: an integer (minor units, or a count), percent or hours with two decimals, or None."""
        part, whole = self.part(facts), self.of(facts) if self.of else 1
        if part is None or not whole or (self.known and not self.known(facts)):
            return None
        if self.unit is Unit.PERCENT:
            return _hundredths(_divided(10_000 * part, whole))
        return _hundredths(part) if self.unit is Unit.HOURS else _divided(part, whole)


class DailySumKpi(Kpi):
    """A figure whose days add up. Only these can be added over days at all."""

    additivity: ClassVar[Additivity] = Additivity.DAYS

    def total(self, days: Iterable[Facts]) -> int | None:
        """Return the figure of several days; None where no day has one."""
        parts = [self.part(facts) or 0 for facts in days if self.known is None or self.known(facts)]
        return sum(parts) if parts or self.known is None else None


class RatioKpi(Kpi):
    """A quotient of two parts whose days add up."""

    additivity: ClassVar[Additivity] = Additivity.PARTS


class WindowKpi(Kpi):
    """A figure that is worked out over the whole window: a customer who buys on three days is one customer."""


class PointKpi(Kpi):
    """A figure of this moment: no window changes it, and past days have none."""

    additivity: ClassVar[Additivity] = Additivity.POINT


@dataclass(frozen=True, kw_only=True)
class TableKpi:
    """A figure that is a table: its rows have these columns."""

    id: str
    title: str
    formula: str
    basis: str
    source: str
    columns: tuple[str, ...]
    null_rule: str
    left_out: str
    additivity: Additivity
    pages: tuple[str, ...]
    unit: Unit = Unit.TABLE
    better: Better = Better.MORE
    crosses_currencies: bool = False

    @property
    def help(self) -> str:
        """What a person is told who asks what the table means."""
        return in_a_sentence(self.formula, self.basis, self.left_out)


def in_a_sentence(formula: str, basis: str, left_out: str) -> str:
    """Return what a figure means, what dates it and what it leaves out."""
    return f"{formula[0].upper()}{formula[1:]}. Dated by: {basis}. Left out: {left_out}."


def _divided(part: int, whole: int) -> int:
    return divide_half_up(part, whole) if whole > 0 else divide_half_up(-part, -whole)


def _hundredths(value: int) -> Decimal:
    return Decimal(value).scaleb(-2)
