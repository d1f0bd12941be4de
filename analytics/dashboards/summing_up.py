"""Figures that belong together, as a block: each with its change, and all of them in a table and a file."""

from collections.abc import Sequence

from analytics.dashboards.blocks import Block, Cell, Column, Raw, Table
from analytics.dashboards.figures import Figure, figure_of, note_of
from analytics.exports.csv_text import Kind
from analytics.figures.selection import Selection
from analytics.figures.windows import Comparison
from analytics.kpis import Facts, Unit

KINDS = {Unit.MONEY: Kind.MONEY, Unit.PERCENT: Kind.PERCENT}
COLUMNS = (
    Column("figure", "Figure"),
    Column("value", "These days", Kind.NUMBER),
    Column("complete_value", "Days that are over", Kind.NUMBER),
    Column("compared_value", "Compared with", Kind.NUMBER),
    Column("change", "Change", Kind.NUMBER, is_in_file=False),
    Column("unit", "In"),
)


def figures_block(
    key: str, title: str, kpis: Sequence[str], facts: Sequence[Facts], selection: Selection, comparison: Comparison
) -> Block:
    """Return a block of single figures, from the facts that `figure_of` takes."""
    figures = [figure_of(kpi, facts, selection) for kpi in kpis]
    note = note_of(comparison)
    partial = "; days that are not over are left out of it" if comparison.is_partial else ""
    return Block(
        key=key,
        title=title,
        note=f"Change {note}{partial}." if note else "",
        kpis=[figure.kpi for figure in figures],
        figures=figures,
        table=Table(title, COLUMNS, [_row(figure, selection.currency) for figure in figures], selection.currency),
    )


def _row(figure: Figure, currency: str) -> list[Cell | Raw]:
    kind = KINDS.get(figure.kpi.unit, Kind.NUMBER)
    unit = currency if kind is Kind.MONEY else str(figure.kpi.unit)
    return [
        figure.kpi.title,
        Cell(figure.value, figure.url, kind=kind),
        Cell(figure.value_complete, kind=kind),
        Cell(figure.value_before, kind=kind),
        figure.change or None,
        unit,
    ]
