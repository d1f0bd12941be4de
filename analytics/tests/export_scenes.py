"""Files asked for, and a dataset whose rows are made slowly enough to meddle with them."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date

from accounts.models import User
from accounts.tests.factories import make_user
from analytics.exports.csv_text import Cell, Kind
from analytics.exports.datasets import DATASETS, Column, Dataset
from analytics.exports.exporting import Asked
from analytics.exports.runs import queue_export
from analytics.figures.windows import Window
from analytics.models import ExportRun

DAY = date(2026, 6, 1)
COLUMNS = (
    Column("number", Kind.NUMBER, "its number"),
    Column("day", Kind.DAY, "its day"),
    Column("words", Kind.TEXT, "what it says", is_personal=True),
)


def make_dataset(name: str, rows: Callable[[], Iterator[Sequence[Cell]]], **more: object) -> Dataset:
    """A dataset of rows that a test makes; whoever makes one removes it with `monkeypatch.setitem`."""
    return Dataset(name=name, title=name, summary="", columns=COLUMNS, make=lambda _w, _c: rows(), **more)


def make_run(
    dataset: str = "orders", *, actor: User | None = None, file_format: str = "csv", names: Sequence[str] = ()
) -> ExportRun:
    """A file of the first days of June that somebody, an analyst unless told otherwise, has asked for."""
    person = actor or make_user("analyst")
    wanted = DATASETS[dataset]
    columns = [
        column
        for column in wanted.columns_for(with_personal=person.has_perm("rbac.personal_export"))
        if not names or column.name in names
    ]
    asked = Asked(wanted, Window(DAY, date(2026, 6, 4)), "GBP", columns)
    return queue_export(asked, file_format, actor=person)
