"""Where the reports stand in the console."""

from core import navigation

PLACES = (
    (
        ("Analytics", "analytics:dashboard", "analytics_view", "chart-line"),
        10,
        "What was sold and given back, to whom, and how that compares with the days before.",
    ),
    (
        ("Month end", "analytics:months", "analytics_view", "calendar"),
        80,
        "Close a month, and see what has been booked into it since.",
    ),
    (
        ("Questions", "analytics:questions", "exports_run", "search"),
        85,
        "Tables of orders, lines, refunds and all else, filtered and grouped as you ask.",
    ),
    (
        ("Exports", "analytics:exports", "exports_run", "download"),
        90,
        "Files of figures, orders, products and customers, at once, in the background or on a schedule.",
    ),
)


def register_places() -> None:
    """Announce them to the navigation."""
    for place, position, summary in PLACES:
        navigation.register("Reports", *place, position=position, summary=summary)
