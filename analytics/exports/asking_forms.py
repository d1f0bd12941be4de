"""What somebody chooses of a file: columns and format. Days and currency are read as everywhere in the figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django import forms
from django.http import QueryDict

from accounts.models import User
from analytics.exports.datasets import DATASETS, Column, Dataset, Shelf
from analytics.exports.exporting import Asked
from analytics.exports.parquet import MISSING, is_available
from analytics.exports.runs import chosen, columns_for, may_export
from analytics.forms import Selection, read_selection
from analytics.models import ExportSchedule, FileFormat
from core.forms import DayField, StoreForm
from core.money import printable


def formats() -> list[tuple[str, str]]:
    """Return the formats that can be written here."""
    return [(value, str(label)) for value, label in FileFormat.choices if value != FileFormat.PARQUET or is_available()]


def offered(user: User) -> list[tuple[Shelf, list[Dataset]]]:
    """Return the datasets that somebody may have files of, by the shelf they stand on."""
    mine = [dataset for dataset in DATASETS.values() if may_export(user, dataset)]
    return [(shelf, [dataset for dataset in mine if dataset.shelf is shelf]) for shelf in Shelf]


@dataclass(frozen=True)
class Wish:
    """A file as somebody wants it, of the columns offered to them; `notices` say what of it makes no sense."""

    dataset: Dataset
    selection: Selection
    offered: Sequence[Column]
    columns: Sequence[Column]
    file_format: str = FileFormat.CSV
    for_excel: bool = False
    is_for_later: bool = False
    notices: list[str] = field(default_factory=list)

    @property
    def has_all_columns(self) -> bool:
        """Whether nothing of what this person may have is left out."""
        return len(self.columns) >= len(self.offered)

    @property
    def asked(self) -> Asked:
        """What the writer of files takes."""
        window = self.selection.window
        return Asked(self.dataset, window, self.selection.currency, self.columns, self.for_excel)

    @property
    def changes(self) -> dict[str, object]:
        """What the record of acts keeps of it."""
        form = {} if self.file_format == FileFormat.CSV else {"format": self.file_format}
        personal = any(column.is_personal for column in self.columns)
        return {"dataset": self.dataset.name, "personal": personal, **form, **self.selection.query}


def read_wish(user: User, dataset: Dataset, *sent: QueryDict) -> Wish:
    """Read `from`, `to`, `currency`, `columns`, `format`, `excel` and `act`; the later of what was sent wins."""
    given = {name: value for query in sent for name, value in query.dict().items()}
    selection = read_selection({name: str(value) for name, value in given.items()})
    names = [name for query in sent for name in query.getlist("columns")]
    mine = columns_for(user, dataset)
    file_format, notices = _format(given, selection)
    return Wish(
        dataset=dataset,
        selection=selection,
        offered=mine,
        columns=chosen(mine, names),
        file_format=file_format,
        for_excel=given.get("excel") in ("1", "on"),
        is_for_later=given.get("act") == "later" or file_format == FileFormat.PARQUET,
        notices=notices,
    )


def _format(given: Mapping[str, object], selection: Selection) -> tuple[str, list[str]]:
    wanted = str(given.get("format", "")) or FileFormat.CSV
    if wanted in dict(formats()):
        return wanted, selection.notices
    problem = MISSING if wanted == FileFormat.PARQUET else f"“{printable(wanted)}” is not a format of a file."
    return FileFormat.CSV, [*selection.notices, problem]


class FileForm(StoreForm):
    """The days, the currency, the columns and the format of a file, filled with what is wanted."""

    columns = forms.MultipleChoiceField(
        required=False, widget=forms.CheckboxSelectMultiple, help_text="All of them if none is ticked."
    )
    format = forms.ChoiceField(label="Format")
    excel = forms.BooleanField(required=False, label="Begin with a mark that tells Excel it is UTF-8")

    def __init__(self, wish: Wish) -> None:
        window, currency = wish.selection.window, wish.selection.currency
        shown = {"from": window.start, "to": window.end, "currency": currency}
        names = [column.name for column in wish.columns]
        super().__init__(initial=shown | {"columns": names, "format": wish.file_format, "excel": wish.for_excel})
        codes = [(code, code) for code in wish.selection.currencies]
        picker = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")  # the one form that browsers take
        days = {name: DayField(label=name.capitalize(), widget=picker) for name in ("from", "to")}
        self.fields = {**days, "currency": forms.ChoiceField(choices=codes), **self.fields}
        listed = [(column.name, f"{column.name}: {column.meaning}") for column in wish.offered]
        self.fields["columns"].choices = listed  # type: ignore[attr-defined]
        self.fields["format"].choices = formats()  # type: ignore[attr-defined]


class ScheduleForm(StoreForm):
    """A file that is to be made after each period."""

    dataset = forms.ChoiceField(label="File")
    every = forms.ChoiceField(label="How often", choices=ExportSchedule.Every.choices)
    currency = forms.ChoiceField()
    format = forms.ChoiceField()

    def __init__(self, data: QueryDict | None, *, user: User, currencies: Sequence[str]) -> None:
        super().__init__(data)
        mine = [(one.name, one.title) for _, datasets in offered(user) for one in datasets]
        self.fields["dataset"].choices = mine  # type: ignore[attr-defined]
        self.fields["currency"].choices = [(code, code) for code in currencies]  # type: ignore[attr-defined]
        self.fields["format"].choices = formats()  # type: ignore[attr-defined]
