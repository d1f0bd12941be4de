"""The page of rows: what they are, a page of them, what all of them come to, and what is not among them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.paginator import Page
from django.http import HttpRequest

from analytics.exports.csv_text import Kind
from analytics.exports.datasets import Column
from analytics.figures.windows import Against
from analytics.forms import DaysForm
from analytics.kpis import Unit
from analytics.rows.asking import Asked
from analytics.rows.figure import HOUR, figure_of, unit_of
from analytics.rows.files import as_day, as_moment, columns_for
from analytics.rows.issues import Trouble, troubles_of
from analytics.rows.leading import leads_to
from analytics.rows.left_out import LeftOut, left_out_of
from analytics.rows.links import EVERY
from analytics.rows.reading import Arrivals, Record, RowSet, arrivals_of, summed_columns
from analytics.rows.verdict import Verdict, verdict_on
from analytics.snapshots.freshness import Freshness, freshness_of
from core.consistent_read import consistent_read
from core.http import paginate
from core.money import format_money

PER_PAGE = 50
MOST_SHOWN = 10_000
TITLES = {
    "at": "When", "sku": "SKU", "stripe_payment_intent": "Intent at Stripe", "business_day": "Day", "row_id": "Key",
    "microseconds": "Took", "reporting_category": "What", "balance_transaction": "Movement", "adds": "Counts",
}  # fmt: skip
LONG = ("product", "hold_reason")  # texts that may take two lines
ENDINGS = ("_minor", "_id", "_number", "_on", "_at")


@dataclass(frozen=True)
class Table:
    """Rows as a table: its columns, the cells of each row, and the sums below where there are any."""

    columns: list[dict[str, Any]]
    rows: list[list[dict[str, Any]]]
    sums: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class RowsPage:
    """Everything on the page."""

    asked: Asked
    page: Page
    table: Table
    count: int
    verdict: Verdict
    left_out: list[LeftOut]
    arrivals: Arrivals
    arrived: Table
    troubles: list[Trouble]
    freshness: Freshness
    chips: list[dict[str, str]]
    tabs: list[dict[str, Any]]

    @property
    def counted(self) -> str:
        """How many rows there are, in words."""
        return self.asked.rows.source.counted(self.count)

    @property
    def arrivals_add(self) -> str:
        """What the rows that came since the build will add, in words; empty where that is not to be told by a sum."""
        adds, rows = self.arrivals.adds, self.asked.rows
        if adds is None or rows.divides or rows.percentile:
            return ""
        return _amount(adds, self.asked.currency) if rows.adds_kind is Kind.MINOR else f"{adds:,}"

    @property
    def days_form(self) -> DaysForm:
        """The form that asks for other days."""
        return DaysForm(self.asked.whole, self.asked.currency or "", list(self.asked.currencies), Against.PREVIOUS)

    @property
    def is_cut(self) -> bool:
        """Whether there are more rows than the page shows."""
        return self.count > MOST_SHOWN

    @property
    def is_another_build(self) -> bool:
        """Whether the figure that led here was read from another build than the one that is shown now."""
        now = self.freshness.build
        return self.asked.build is not None and now is not None and self.asked.build != now.pk


class Shown:
    """As many of the rows as can be leafed through; the file has all of them."""

    def __init__(self, found: RowSet) -> None:
        self.found = found

    def count(self) -> int:
        """How many those are."""
        return min(self.found.count(), MOST_SHOWN)

    def __getitem__(self, wanted: slice) -> list[Record]:
        """Return some of them."""
        return self.found[wanted]


def rows_page(request: HttpRequest, asked: Asked, *, with_personal: bool) -> RowsPage:
    """Return the page of what was asked for, all of it read from one state of the database."""
    sort = request.GET.get("sort", "")
    found = RowSet(asked, sort=sort)
    with consistent_read():
        shown: Any = Shown(found)
        page = paginate(request, shown, PER_PAGE)
        arrivals, freshness = arrivals_of(asked), freshness_of(asked.window)
        return RowsPage(
            asked=asked,
            page=page,
            table=_table(request, found, list(page), sort, with_personal=with_personal),
            count=found.count(),
            verdict=verdict_on(asked, found, figure_of(asked, found), waiting=freshness.waiting),
            left_out=left_out_of(asked),
            arrivals=arrivals,
            arrived=_arrived(request, asked, arrivals),
            troubles=troubles_of(found) if request.user.has_perm("rbac.issues_view") else [],
            freshness=freshness,
            chips=_chips(asked),
            tabs=_tabs(asked),
        )


def _table(request: HttpRequest, found: RowSet, rows: list[Record], sort: str, *, with_personal: bool) -> Table:
    asked, shares = found.asked, () if found.rows.percentile else ("adds", "divides")
    names = (*found.rows.source.shown, *found.rows.shown, *shares)
    by_name = _by_name(columns_for(found.rows.columns, with_personal=with_personal))
    columns = [by_name[name] for name in names if name in by_name]
    heads = [_head(column, sort) for column in columns]
    cells = [[_cell(request, asked, column, row) for column in columns] for row in rows]
    return Table(heads, cells, _sums(found, columns) if found.count() else [])


def _arrived(request: HttpRequest, asked: Asked, arrivals: Arrivals) -> Table:
    by_name = _by_name(columns_for(arrivals.source.columns, with_personal=False))
    columns = [by_name[name] for name in arrivals.source.shown if name in by_name]
    refers = arrivals.source.refers
    rows = [[_cell(request, asked, column, row, refers) for column in columns] for row in arrivals.first]
    return Table([{"label": _title(column), "numeric": _is_number(column)} for column in columns], rows)


def _by_name(columns: list[Column]) -> dict[str, Column]:
    """Return the columns by what they are made of, minor units before the decimals made of the same."""
    return {column.expression: column for column in reversed(columns)}


def _head(column: Column, sort: str) -> dict[str, Any]:
    name = column.expression
    sorted_by = {name: "asc", f"-{name}": "desc"}.get(sort, "")
    return {
        "label": _title(column),
        "numeric": _is_number(column),
        "sort": f"-{name}" if sort == name else name,
        "sorted": sorted_by,
    }


def _title(column: Column) -> str:
    if column.name in TITLES:
        return TITLES[column.name]
    name = column.name
    for ending in ENDINGS:
        name = name.removesuffix(ending)
    return name.replace("_", " ").capitalize()


def _is_number(column: Column) -> bool:
    return column.kind in (Kind.MINOR, Kind.NUMBER) and not column.name.endswith("_id")


def _cell(
    request: HttpRequest, asked: Asked, column: Column, row: Record, refers: Mapping[str, str] | None = None
) -> dict[str, Any]:
    value = row[column.expression]
    if value is None or value == "":
        return {"text": "–", "numeric": _is_number(column)}
    if column.kind is Kind.MINOR:
        return {"text": _amount(int(value), row.get("currency") or asked.currency), "numeric": True}
    if column.name == "microseconds":
        return {"text": f"{int(value) / HOUR:,.2f}\u00a0h", "numeric": True}
    if column.kind is Kind.MOMENT:
        return {"at": as_moment(value)}
    if column.kind is Kind.DAY:
        return {"text": f"{as_day(value).day} {as_day(value):%b %Y}"}
    text = f"{value:,}" if _is_number(column) else str(value).replace("_", " ")
    leads = (refers or asked.rows.source.refers).get(column.name, "")
    url = leads_to(leads, row, request.user)
    return {"text": text, "url": url, "numeric": _is_number(column), "wrap": column.name in LONG}


def _sums(found: RowSet, columns: list[Column]) -> list[str]:
    """Return the texts below the columns: a sum where there is one, the first says that it is all rows."""
    has_sum = {column.expression for column in summed_columns(found.asked)}
    totals = {**found.totals.columns, "adds": found.totals.adds, "divides": found.totals.divides}
    texts = []
    for column in columns:
        name = column.expression
        is_share = name in ("adds", "divides") and not found.rows.percentile
        if not (is_share or name in has_sum):
            texts.append("")
        elif column.kind is Kind.MINOR:
            texts.append(_amount(totals[name], found.asked.currency))
        else:
            texts.append(f"{totals[name]:,}")
    return ["All rows", *texts[1:]] if any(texts) else []


def _amount(minor: int, currency: str | None) -> str:
    return format_money(minor, currency) if currency else f"{minor:,}"


def _chips(asked: Asked) -> list[dict[str, str]]:
    return [{"label": f"{cell.label}: {cell.text}", "url": asked.url(cell.name)} for cell in asked.cells.values()]


def _tabs(asked: Asked) -> list[dict[str, Any]]:
    """Return the currencies, if there are several; all of them together where there is no money to add."""
    offered: list[str | None] = list(asked.currencies)
    if asked.kpi.crosses_currencies and unit_of(asked) is not Unit.MONEY:
        offered.append(None)
    if len(asked.currencies) < 2:
        return []
    return [
        {
            "label": code or "All currencies",
            "url": asked.url(currency=code or EVERY),
            "current": code == asked.currency,
        }
        for code in offered
    ]
