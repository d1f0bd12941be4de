"""What a page of rows is asked for, read from its query string. Bad input is answered with a notice."""

from collections.abc import Mapping

from analytics.forms import MONTHS, read_selection
from analytics.kpis import KPIS
from analytics.rows.asking import Asked
from analytics.rows.cells import WHOLE_NUMBER, read_cells
from analytics.rows.declared import ROWS
from analytics.rows.links import CELLS, EVERY


def read_asked(kpi_id: str, given: Mapping[str, str]) -> Asked | None:
    """Return what a query string asks for; None for a figure that there is not."""
    kpi = KPIS.get(kpi_id)
    if kpi is None:
        return None
    given = _with_one_month(given)
    wants_all = given.get("currency") == EVERY and kpi.crosses_currencies
    of_days = {name: value for name, value in given.items() if name != "month"}
    selection = read_selection({**of_days, "currency": ""} if wants_all else of_days)
    notices, known = list(selection.notices), ("day", *ROWS[kpi_id].source.cells)
    odd = [name for name in CELLS if name in given and name not in known]
    notices += [f"These rows cannot be told apart by {name}. Showing all of them." for name in odd]
    build = given.get("build", "")
    return Asked(
        kpi=kpi,
        whole=selection.window,
        currency=None if wants_all else selection.currency,
        cells=read_cells(given, known, notices),
        build=int(build) if WHOLE_NUMBER.match(build) else None,
        currencies=tuple(selection.currencies),
        notices=tuple(notices),
    )


def _with_one_month(given: Mapping[str, str]) -> dict[str, str]:
    """Return what was given with a month that is a cell, `2026-06`, apart from one that says which days: this, last."""
    if given.get("month") not in MONTHS:
        return dict(given)
    window = read_selection(given).window
    return {"from": str(window.start), "to": str(window.end)} | {k: v for k, v in given.items() if k != "month"}
