"""What a page of rows is asked for, read from its query string. Bad input is answered with a notice."""

from collections.abc import Mapping

from analytics.forms import read_selection
from analytics.kpis import KPIS
from analytics.rows.asking import Asked
from analytics.rows.cells import LABELS, WHOLE_NUMBER, read_cells
from analytics.rows.declared import ROWS
from analytics.rows.links import CELLS, EVERY


def read_asked(kpi_id: str, given: Mapping[str, str]) -> Asked | None:
    """Return what a query string asks for; None for a figure that there is not."""
    kpi = KPIS.get(kpi_id)
    if kpi is None:
        return None
    wants_all = given.get("currency") == EVERY and kpi.crosses_currencies
    selection = read_selection({**given, "currency": ""} if wants_all else given)
    notices, known = list(selection.notices), ("day", *ROWS[kpi_id].source.cells)
    odd = [LABELS[name].lower() for name in CELLS if name in given and name not in known]
    notices += [f"These rows cannot be told apart by {label}. Showing all of them." for label in odd]
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
