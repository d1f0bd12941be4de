"""Bars and a line as coordinates: what a template needs to draw a chart of days. Pure functions."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from math import floor, log10

from core.money import exponent, format_money

TICKS = 4


@dataclass(frozen=True)
class Shape:
    """The size of a drawing and of its margins, in its own units, and how many days it names."""

    width: int
    height: int
    left: int
    top: int
    bottom: int
    labels: int

    @property
    def plot_width(self) -> int:
        """Where the bars stand."""
        return self.width - self.left

    @property
    def plot_height(self) -> int:
        """How high the tallest bar can be."""
        return self.height - self.top - self.bottom


WIDE = Shape(width=760, height=220, left=64, top=10, bottom=26, labels=7)
NARROW = Shape(width=340, height=220, left=52, top=10, bottom=26, labels=3)


@dataclass(frozen=True)
class Bar:
    """One day: its rectangle and the words that describe it."""

    x: float
    y: float
    width: float
    height: float
    title: str


@dataclass(frozen=True)
class Tick:
    """A line across the drawing with its amount, or a day under it with the place of its name."""

    at: float
    label: str
    anchor: str = "end"


@dataclass(frozen=True)
class Chart:
    """A drawing: bars of the days, a line of the days before, and what stands at its edges."""

    shape: Shape
    bars: list[Bar]
    line: str
    amounts: list[Tick]
    days: list[Tick]

    @property
    def label_x(self) -> int:
        """Where the amounts at the left edge end."""
        return self.shape.left - 8

    @property
    def label_y(self) -> int:
        """Where the days under the bars stand."""
        return self.shape.height - 6


def draw(shape: Shape, days: Sequence[date], values: Sequence[int], before: Sequence[int], currency: str) -> Chart:
    """Return a drawing of one amount a day, with the amounts of the same number of days before as a line."""
    low, high, step = _scale([*values, *before, 0], currency)
    unit = shape.plot_height / (high - low)
    slot = shape.plot_width / max(len(days), 1)
    wide = max(1.0, slot * 0.7)

    def y(value: float) -> float:
        return round(shape.top + (high - value) * unit, 1)

    def middle(place: int) -> float:
        return round(shape.left + (place + 0.5) * slot, 1)

    bars = [
        Bar(
            x=round(middle(place) - wide / 2, 1),
            y=min(y(value), y(0)),
            width=round(wide, 1),
            height=round(max(abs(y(value) - y(0)), 0.5 if value else 0), 1),
            title=f"{in_words(day)}: {format_money(value, currency)}",
        )
        for place, (day, value) in enumerate(zip(days, values, strict=True))
    ]
    amounts = [Tick(y(amount), _short(amount, currency)) for amount in range(low, high + 1, step)]
    line = " ".join(f"{middle(place)},{y(value)}" for place, value in enumerate(before))
    return Chart(shape, bars, line, amounts, _day_ticks(shape, days, middle))


def in_words(day: date) -> str:
    """Return a day as `1 Jun`."""
    return f"{day.day} {day:%b}"


def _day_ticks(shape: Shape, days: Sequence[date], middle: Callable[[int], float]) -> list[Tick]:
    every = max(1, -(-len(days) // shape.labels))
    return [Tick(middle(place), in_words(days[place]), "middle") for place in range(0, len(days), every)]


def _scale(values: Sequence[int], currency: str) -> tuple[int, int, int]:
    """Return whole numbers that hold all values, and the distance of the lines between them: 1, 2 or 5 times ten."""
    whole = 10 ** exponent(currency)
    span = max(max(values) - min(values), whole)
    rough = span / TICKS
    magnitude = 10 ** floor(log10(rough))
    step = next(int(magnitude * times) for times in (1, 2, 5, 10) if magnitude * times >= rough)
    step = max(step, 1)
    low, high = min(values) // step * step, -(-max(values) // step) * step
    return (low, high if high > low else low + step, step)


def _short(minor: int, currency: str) -> str:
    """Return an amount at the edge of a drawing: without a fraction where there is none."""
    text = format_money(minor, currency)
    digits = exponent(currency)
    return text[: -digits - 1] if digits and minor % 10**digits == 0 else text
