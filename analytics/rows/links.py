"""The address of the rows that make up a figure, or one bar or cell of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.urls import reverse

from analytics.figures.windows import Window

EVERY = "all"  # in place of a currency
CELLS = (
    "day", "product", "category", "country", "code", "customer", "cohort", "month", "variant", "reason", "step", "age",
)  # fmt: skip

_shown: ContextVar[int | None] = ContextVar("the build that a page shows", default=None)


@contextmanager
def pinned_to(build: int | None) -> Iterator[None]:
    """Let the addresses made in a block name the build that their figures were read from."""
    token = _shown.set(build)
    try:
        yield
    finally:
        _shown.reset(token)


def rows_url(kpi_id: str, window: Window, currency: str | None, *, build: int | None = None, **cell: object) -> str:
    """Return the address of the rows of a figure; without a currency, of sales in every currency.

    `build` is the one that the figure was read from; without it the one that `pinned_to` names. A cell narrows the rows
    to a bar or a cell of a table, by any of `CELLS`: `day` (a date), `product` and `variant` (keys), `category` (slug),
    `country`, `code`, `customer` (`new` or `existing`), `cohort` and `month` (`2026-06`), `reason`, `step`, `age`
    (hours: `24-48`, `192-`). An empty text is a kind of its own: orders without a code have `code=""`; None is no
    condition. Raises ValueError for any other.
    """
    unknown = sorted(set(cell) - set(CELLS))
    if unknown:
        raise ValueError(f"rows cannot be told apart by {', '.join(unknown)}")
    query = {"from": str(window.start), "to": str(window.end), "currency": currency or EVERY}
    if (pinned := _shown.get() if build is None else build) is not None:
        query["build"] = str(pinned)
    query |= {name: str(cell[name]) for name in CELLS if cell.get(name) is not None}
    return reverse("analytics:rows", args=[kpi_id], query=query)
