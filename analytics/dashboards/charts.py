"""Charts over time: bars side by side in time, one upon the other, and lines with their names at their ends."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from analytics.dashboards.drawing import NARROW, Drawing, Line, Measure, Rect, Rule, Shape, Words, pushed_apart, scale

BAR_SHARE, WIDEST_BAR = 0.7, 72  # of the place of a day, and in units: a lone day is no wall
LETTER, BESIDE, ABOVE = 7, 8, 10  # the width of a letter, the gap before a name, and where one stands above the plot


@dataclass(frozen=True)
class Series:
    """Values over time under one name: bars, or a line. `number` is the colour, `urls` lead to the rows of each.

    From `open_from` on, counted from 0, the days of the bars are not over.
    """

    name: str
    values: Sequence[int | None]
    number: int = 1
    urls: Sequence[str] = ()
    is_line: bool = False
    open_from: int | None = None


def over_time(names: Sequence[str], series: Sequence[Series], measure: Measure, wide: Shape) -> list[Drawing]:
    """Return the wide and the narrow drawing of series over the same names (days, weeks, months).

    Series of bars stand upon each other, or hang where they are below zero; a value that is None leaves a gap. Every
    series has a value for each name.
    """
    return [_draw(shape, names, series, measure) for shape in (wide, NARROW)]


def _draw(shape: Shape, names: Sequence[str], series: Sequence[Series], measure: Measure) -> Drawing:
    bars, lines = [one for one in series if not one.is_line], [one for one in series if one.is_line]
    shape = _with_room_for(shape, lines)
    stacks = [
        sum(value for one in bars if (value := one.values[place] or 0) * side > 0)
        for place in range(len(names))
        for side in (1, -1)
    ]
    values = [value for one in series for value in one.values if value is not None]
    low, high, step = scale([*values, *stacks, 0], measure.whole)
    unit, slot = shape.plot_height / (high - low), shape.plot_width / max(len(names), 1)

    def y(value: float) -> float:
        return round(shape.top + (high - value) * unit, 1)

    def middle(place: int) -> float:
        return round(shape.left + (place + 0.5) * slot, 1)

    drawing = Drawing(shape)
    for amount in range(low, high + 1, step):
        drawing.rules.append(
            Rule(shape.left, y(amount), shape.width - shape.right, y(amount), "zero" if amount == 0 else "grid")
        )
        drawing.words.append(Words(shape.left - 8, y(amount) + 4, measure.short(amount)))
    every = max(1, -(-len(names) // shape.labels))
    for place in range(0, len(names), every):
        drawing.words.append(Words(middle(place), drawing.height - 6, names[place], "middle"))
    drawing.rects += _bars(names, bars, measure, max(1.0, min(slot * BAR_SHARE, WIDEST_BAR)), middle, y)
    drawing.lines += [Line(piece, one.number) for one in lines for piece in _pieces(one.values, middle, y)]
    drawing.words += _labels(shape, lines, y)
    return drawing


def _bars(
    names: Sequence[str],
    bars: Sequence[Series],
    measure: Measure,
    width: float,
    middle: Callable[[int], float],
    y: Callable[[float], float],
) -> list[Rect]:
    rects, several = [], len(bars) > 1
    for place, name in enumerate(names):
        above = below = 0  # amounts taken away hang below the line
        for one in bars:
            value = one.values[place] or 0
            base = below if value < 0 else above
            top, foot = y(base + value), y(base)
            is_open = one.open_from is not None and place >= one.open_from
            what = f"{measure.text(value)}{' ' + one.name.lower() if several else ''}"
            rects.append(
                Rect(
                    x=round(middle(place) - width / 2, 1),
                    y=min(top, foot),
                    width=round(width, 1),
                    height=round(max(abs(top - foot), 0.5 if value else 0), 1),
                    title=f"{name}: {what}{', not over' if is_open else ''}",
                    url=one.urls[place] if one.urls else "",
                    series=one.number,
                    is_open=is_open,
                )
            )
            above, below = above + max(value, 0), below + min(value, 0)
    return rects


def _pieces(values: Sequence[int | None], middle: Callable[[int], float], y: Callable[[float], float]) -> list[str]:
    """Return the points of a line, anew after each gap; a value between two gaps is a short stroke."""
    pieces: list[list[str]] = [[]]
    for place, value in enumerate(values):
        if value is None:
            pieces.append([])
        else:
            pieces[-1].append(f"{middle(place)},{y(value)}")
    return [" ".join(points if len(points) > 1 else 2 * points) for points in pieces if points]


def _with_room_for(shape: Shape, lines: Sequence[Series]) -> Shape:
    """Return the shape with a margin for the names of its lines; a lone one on a phone stands above the plot."""
    if not lines or (shape is NARROW and len(lines) == 1):
        return shape
    return replace(shape, right=shape.right + BESIDE + max(len(one.name) for one in lines) * LETTER)


def _labels(shape: Shape, lines: Sequence[Series], y: Callable[[float], float]) -> list[Words]:
    """Return the names of lines, clear of all marks: beside their ends, or above the plot without a margin for them."""
    named = [(one, next((value for value in reversed(one.values) if value is not None), None)) for one in lines]
    shown = [(one, y(last) + 4) for one, last in named if last is not None]
    if shape is NARROW:
        return [Words(shape.width - shape.right, ABOVE, one.name, "end", one.number) for one, _ in shown]
    places = pushed_apart([place for _, place in shown], shape.top, shape.height - shape.bottom)
    left = shape.left + shape.plot_width + BESIDE
    return [
        Words(left, round(place, 1), one.name, "start", one.number)
        for (one, _), place in zip(shown, places, strict=True)
    ]
