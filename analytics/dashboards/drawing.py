"""What a drawing is made of: its size, marks and scale, and how amounts are written at its edge. Pure functions."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from math import floor, log10

from core.money import exponent, format_money

TICKS = 4
LABEL_HEIGHT = 14  # two labels of lines stand at least so far apart


@dataclass(frozen=True)
class Shape:
    """The size of a drawing and of its margins, in its own units, and how many names stand under it at most."""

    shown: str
    width: int
    height: int
    left: int
    right: int
    top: int
    bottom: int
    labels: int

    @property
    def plot_width(self) -> int:
        """Where the marks stand."""
        return self.width - self.left - self.right

    @property
    def plot_height(self) -> int:
        """How high the tallest mark can be."""
        return self.height - self.top - self.bottom


WIDE = Shape("only-wide", width=960, height=250, left=68, right=6, top=20, bottom=26, labels=10)
HALF = Shape("only-wide", width=460, height=240, left=60, right=6, top=20, bottom=26, labels=5)
NARROW = Shape("only-narrow", width=340, height=230, left=54, right=4, top=20, bottom=26, labels=3)


@dataclass(frozen=True)
class Rect:
    """A bar: its place, the words that describe it, the address of its rows, and the colour of its series.

    One that is open stands for days that are not over.
    """

    x: float
    y: float
    width: float
    height: float
    title: str
    url: str = ""
    series: int = 1
    is_open: bool = False


@dataclass(frozen=True)
class Line:
    """A line through points, with the colour and dashes of its series."""

    points: str
    series: int


@dataclass(frozen=True)
class Rule:
    """A thin straight line: of the grid, the zero, or from bar to bar."""

    x1: float
    y1: float
    x2: float
    y2: float
    kind: str = "grid"


@dataclass(frozen=True)
class Words:
    """Words at a place; `series` colours them like the line they name, `is_strong` sets what counts apart."""

    x: float
    y: float
    text: str
    anchor: str = "end"
    series: int = 0
    is_strong: bool = False


@dataclass
class Drawing:
    """A chart as marks, ready for `analytics/blocks/_drawing.html`."""

    shape: Shape
    rules: list[Rule] = field(default_factory=list)
    rects: list[Rect] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    words: list[Words] = field(default_factory=list)
    height: int = 0

    def __post_init__(self) -> None:
        self.height = self.height or self.shape.height


@dataclass(frozen=True)
class Measure:
    """How the values of a chart are written: whole, and short at its edge; `whole` is the least step worth a line."""

    text: Callable[[int], str]
    short: Callable[[int], str]
    whole: int = 1


def money_in(currency: str) -> Measure:
    """Return how amounts of minor units in this currency are written."""
    return Measure(
        lambda minor: format_money(minor, currency), lambda minor: _short(minor, currency), 10 ** exponent(currency)
    )


COUNTED = Measure("{:,}".format, "{:,}".format)
IN_BPS = Measure(lambda bps: f"{bps / 100:.2f}\u00a0%", lambda bps: f"{bps / 100:g}\u00a0%", 100)


def scale(values: Sequence[int], whole: int) -> tuple[int, int, int]:
    """Return whole numbers that hold all values, and the distance of the lines between them: 1, 2 or 5 times ten."""
    span = max(max(values) - min(values), whole)
    rough = span / TICKS
    magnitude = 10 ** floor(log10(rough))
    step = next(int(magnitude * times) for times in (1, 2, 5, 10) if magnitude * times >= rough)
    step = max(step, 1)
    low, high = min(values) // step * step, -(-max(values) // step) * step
    return (low, high if high > low else low + step, step)


def in_words(day: date) -> str:
    """Return a day as `1 Jun`."""
    return f"{day.day} {day:%b}"


def pushed_apart(places: Sequence[float], low: float, high: float) -> list[float]:
    """Return places moved, in their order, so far that labels at them do not lie over each other."""
    order = sorted(range(len(places)), key=lambda place: places[place])
    moved, last = list(places), low - LABEL_HEIGHT
    for place in order:
        last = moved[place] = max(places[place], last + LABEL_HEIGHT)
    overflow = max(0.0, last - high)
    return [place - overflow for place in moved]


def _short(minor: int, currency: str) -> str:
    text = format_money(minor, currency)
    digits = exponent(currency)
    return text[: -digits - 1] if digits and minor % 10**digits == 0 else text
