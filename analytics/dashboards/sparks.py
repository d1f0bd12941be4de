"""Small lines beside a figure: how it ran, without any numbers at its edge."""

from collections.abc import Sequence

from analytics.kpis import Value

WIDTH, HEIGHT, MARGIN = 120, 28, 3
FEWEST = 2


def spark(values: Sequence[Value]) -> str:
    """Return the points of a line in a field of 120 x 28 units; nothing if fewer than two values are there.

    Where there is no value the line goes straight on.
    """
    places = [(place, float(value)) for place, value in enumerate(values) if value is not None]
    if len(places) < FEWEST:
        return ""
    low, high = min(value for _, value in places), max(value for _, value in places)
    step = WIDTH / max(len(values) - 1, 1)
    unit = (HEIGHT - 2 * MARGIN) / (high - low) if high > low else 0.0
    floor = HEIGHT - MARGIN if unit else HEIGHT / 2
    return " ".join(f"{place * step:.1f},{floor - (value - low) * unit:.1f}" for place, value in places)
