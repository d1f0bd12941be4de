"""Runs of days as a chart and a table show them: single days, or weeks and longer by their first day and their last."""

from collections.abc import Sequence

from analytics.dashboards.blocks import Cell, Column
from analytics.dashboards.drawing import in_words
from analytics.exports.csv_text import Kind
from analytics.figures.windows import Window


def are_days(runs: Sequence[Window]) -> bool:
    """Return whether every run is one day."""
    return all(len(run) == 1 for run in runs)


def run_names(runs: Sequence[Window]) -> list[str]:
    """Return what stands under a chart: the first day of each run."""
    return [in_words(run.start) for run in runs]


def run_columns(runs: Sequence[Window]) -> list[Column]:
    """Return the columns that name a run in a table."""
    if are_days(runs):
        return [Column("day", "Day", Kind.DAY)]
    return [Column("from_day", "From", Kind.DAY), Column("to_day", "To", Kind.DAY)]


def run_cells(run: Window, runs: Sequence[Window]) -> list[Cell]:
    """Return the cells of `run_columns` for one of these runs."""
    return [Cell(run.start)] if are_days(runs) else [Cell(run.start), Cell(run.end)]
