"""Charts of a few named bars, one a row: rankings, funnels, and the waterfall that leads from one amount to another."""

from collections.abc import Sequence
from dataclasses import dataclass

from analytics.dashboards.drawing import NARROW, Drawing, Rect, Rule, Shape, Words

ROW, NARROW_ROW = 34, 50
NAME_SHARE, WIDEST_NAME = 0.32, 210
CHARACTER = 6.7  # about as wide as one of the words is


@dataclass(frozen=True)
class Step:
    """A bar from one amount to another, with its name before it and words after it; `number` is its colour."""

    name: str
    start: int
    end: int
    text: str
    url: str = ""
    number: int = 1


def ranked(items: Sequence[tuple[str, int, str, str]], wide: Shape) -> list[Drawing]:
    """Return the wide and the narrow drawing of bars from zero: name, value, words after the bar, address."""
    return in_rows([Step(name, 0, value, text, url) for name, value, text, url in items], wide)


def in_rows(steps: Sequence[Step], wide: Shape, *, are_joined: bool = False) -> list[Drawing]:
    """Return the wide and the narrow drawing of one bar a row; joined ones each begin where the last one ended."""
    return [_draw(shape, steps, are_joined=are_joined) for shape in (wide, NARROW)]


def _draw(shape: Shape, steps: Sequence[Step], *, are_joined: bool) -> Drawing:
    is_narrow = shape == NARROW
    row = NARROW_ROW if is_narrow else ROW
    left = 2.0 if is_narrow else round(_name_width(shape), 1)
    longest = max((len(step.text) for step in steps), default=0)
    right = shape.width - (2 if is_narrow else longest * CHARACTER + 14)
    drawing = Drawing(shape, height=max(1, len(steps)) * row + 8)
    ends = [0, *(amount for step in steps for amount in (step.start, step.end))]
    low, high = min(ends), max(ends)
    unit = (right - left) / max(high - low, 1)

    def x(amount: int) -> float:
        return round(left + (amount - low) * unit, 1)

    if low < 0 or not is_narrow:  # it would run through the names
        drawing.rules.append(Rule(x(0), 2, x(0), drawing.height - 4, "zero"))
    for place, step in enumerate(steps):
        top = place * row + (22 if is_narrow else 7)
        begin, end = sorted((x(step.start), x(step.end)))
        drawing.rects.append(
            Rect(begin, top, max(round(end - begin, 1), 1), 20, f"{step.name}: {step.text}", step.url, step.number)
        )
        drawing.words += _words(shape, step, left, end, top)
        if are_joined and place:
            drawing.rules.append(Rule(x(step.start), top - row + 20, x(step.start), top, "joint"))
    return drawing


def _words(shape: Shape, step: Step, left: float, end: float, top: int) -> list[Words]:
    """Return the name of a bar and the words after it; on a narrow drawing both stand above the bar."""
    if shape == NARROW:
        name = Words(2, top - 6, fitting(step.name, shape, is_narrow=True), "start")
        return [name, Words(shape.width - 2, top - 6, step.text, "end", is_strong=True)]
    name = Words(left - 10, top + 14, fitting(step.name, shape, is_narrow=False), "end")
    return [name, Words(end + 8, top + 14, step.text, "start", is_strong=True)]


def _name_width(shape: Shape) -> float:
    return min(shape.width * NAME_SHARE, WIDEST_NAME)


def fitting(name: str, shape: Shape, *, is_narrow: bool) -> str:
    """Return a name that has room beside its bar, or above it; the whole one stands in the table."""
    most = 36 if is_narrow else int((_name_width(shape) - 10) / CHARACTER)
    return name if len(name) <= most else f"{name[: most - 1].rstrip()}…"
