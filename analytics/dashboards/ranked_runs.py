"""Ranked bars with a small line behind each that shows how it ran. Pure functions."""

from collections.abc import Sequence
from dataclasses import dataclass

from analytics.dashboards.bars import fitting
from analytics.dashboards.drawing import NARROW, WIDE, Drawing, Line, Rect, Rule, Shape, Words

BAR, ROW, NARROW_ROW = 20, 34, 50
FEWEST = 2  # points of a line


@dataclass(frozen=True)
class Runner:
    """A bar from zero with its name, the words after it, the address of its rows, and the values of its line."""

    name: str
    value: int
    text: str
    url: str
    values: Sequence[int]


@dataclass(frozen=True)
class Place:
    """Where the parts of a row lie: from the left the bars with the words after them, then the lines."""

    row: int
    down: int
    bars: float
    bars_end: float
    lines: float


WIDE_PLACE = Place(row=ROW, down=7, bars=260, bars_end=600, lines=740)
NARROW_PLACE = Place(row=NARROW_ROW, down=22, bars=2, bars_end=150, lines=244)


def ranked_runs(runners: Sequence[Runner]) -> list[Drawing]:
    """Return the wide and the narrow drawing of bars from zero, each with its line at the right."""
    return [_draw(WIDE, WIDE_PLACE, runners), _draw(NARROW, NARROW_PLACE, runners)]


def _draw(shape: Shape, place: Place, runners: Sequence[Runner]) -> Drawing:
    drawing = Drawing(shape, height=max(1, len(runners)) * place.row + 8)
    low, high = min(0, *(one.value for one in runners)), max(1, *(one.value for one in runners))
    unit = (place.bars_end - place.bars) / (high - low)
    zero = round(place.bars - low * unit, 1)
    if low < 0 or shape != NARROW:  # it would run through the names
        drawing.rules.append(Rule(zero, 2, zero, drawing.height - 4, "zero"))
    for number, one in enumerate(runners):
        top = number * place.row + place.down
        begin, end = sorted((zero, round(zero + one.value * unit, 1)))
        title = f"{one.name}: {one.text}"
        drawing.rects.append(Rect(begin, top, max(round(end - begin, 1), 1), BAR, title, one.url))
        drawing.words.append(_name(one.name, shape, place, top))
        drawing.words.append(Words(end + 8, top + 14, one.text, "start", is_strong=True))
        if points := _points(one.values, place.lines, shape.width - 4, top):
            drawing.lines.append(Line(points, 1))
    return drawing


def _name(name: str, shape: Shape, place: Place, top: float) -> Words:
    if shape == NARROW:
        return Words(2, top - 6, fitting(name, shape, is_narrow=True), "start")
    return Words(place.bars - 10, top + 14, fitting(name, shape, is_narrow=False), "end")


def _points(values: Sequence[int], left: float, right: float, top: float) -> str:
    """Return the points of a line as high as a bar; nothing of a single value."""
    if len(values) < FEWEST:
        return ""
    low, high = min(values), max(values)
    step, unit = (right - left) / (len(values) - 1), BAR / (high - low) if high > low else 0
    foot = top + (BAR if unit else BAR / 2)
    return " ".join(
        f"{left + place * step:.1f},{foot - (value - low) * unit:.1f}" for place, value in enumerate(values)
    )
