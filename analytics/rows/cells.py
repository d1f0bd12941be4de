"""The bar or cell of a table that rows are narrowed to: read from the query string, and said in words."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django_countries import countries

from analytics.figures.ages import age_in_words
from analytics.figures.breakdowns import NAMED
from core.days import month_of
from core.money import printable
from products.models import Category, Product, Variant

WHOLE_NUMBER = re.compile(r"[1-9][0-9]{0,17}\Z")
MONTH = re.compile(r"[0-9]{4}-(?:0[1-9]|1[0-2])\Z")
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")
AGE = re.compile(r"(?P<from>[0-9]{1,6})-(?P<to>[0-9]{0,6})\Z")
REACHED = {"cart": "any step", "checkout": "checkout or further", "attempt": "an attempt or further", "paid": "paid"}


@dataclass(frozen=True)
class Cell:
    """One condition on the rows: by what, its value as the query knows it, and both in words."""

    name: str
    given: str
    value: Any
    label: str
    text: str


class NoSuchCell(ValueError):
    """What was given names no bar and no cell; its text may be shown."""


def read_cells(given: Mapping[str, str], names: tuple[str, ...], notices: list[str]) -> dict[str, Cell]:
    """Read the conditions of these names; for what makes no sense a notice."""
    found = {}
    for name in names:
        if name not in given:
            continue
        try:
            found[name] = _cell(name, given[name].replace("\0", ""))
        except NoSuchCell as problem:
            notices.append(str(problem))
    return found


def _cell(name: str, given: str) -> Cell:
    value, text = READERS[name](given)
    return Cell(name, given, value, LABELS[name], text)


def _day(given: str) -> tuple[date, str]:
    try:
        day = date.fromisoformat(given) if DAY.match(given) else None
    except ValueError:
        day = None
    if day is None:
        raise NoSuchCell(f"“{printable(given)}” is not a day. Showing all of them.")
    return day, f"{day.day} {day:%b %Y}"


def _product(given: str) -> tuple[int, str]:
    found = Product.objects.filter(pk=int(given)).first() if WHOLE_NUMBER.match(given) else None
    if found is None:
        raise NoSuchCell(f"There is no product “{printable(given)}”. Showing all of them.")
    return found.pk, found.name


def _variant(given: str) -> tuple[int, str]:
    found = Variant.objects.filter(pk=int(given)).first() if WHOLE_NUMBER.match(given) else None
    if found is None:
        raise NoSuchCell(f"There is no variant “{printable(given)}”. Showing all of them.")
    return found.pk, found.sku


def _category(given: str) -> tuple[str, str]:
    if not given:
        return "", "no category"
    found = Category.objects.filter(slug=given[:80]).first()
    if found is None:
        raise NoSuchCell(f"There is no category “{printable(given)}”. Showing all of them.")
    return found.slug, found.name


def _country(given: str) -> tuple[str, str]:
    name = countries.name(given) if given else "not known"
    if not name:
        raise NoSuchCell(f"“{printable(given)}” is no country we know. Showing all of them.")
    return given, name


def _customer(given: str) -> tuple[str, str]:
    if given not in NAMED:
        raise NoSuchCell(f"Customers are new or existing, not “{printable(given)}”. Showing all of them.")
    return given, NAMED[given].lower()


def _month(given: str) -> tuple[tuple[date, date], str]:
    try:
        first = date.fromisoformat(f"{given}-01") if MONTH.match(given) else None
    except ValueError:
        first = None
    if first is None or first.year < 1990:
        raise NoSuchCell(f"“{printable(given)}” is not a month; write it like 2026-06. Showing all of them.")
    return month_of(first), f"{first:%B %Y}"


def _step(given: str) -> tuple[str, str]:
    if given not in REACHED:
        raise NoSuchCell(f"“{printable(given)}” is no step of the way to a sale. Showing all of them.")
    return given, {"cart": "any", "checkout": "checkout or further", "attempt": "an attempt or further"}.get(
        given, given
    )


def _text(given: str) -> tuple[str, str]:
    return given[:60], printable(given[:60]) or "none"


def _age(given: str) -> tuple[tuple[int, int | None], str]:
    found = AGE.match(given)
    if found is None or (found["to"] and int(found["to"]) <= int(found["from"])):
        raise NoSuchCell(f"“{printable(given)}” is no span of hours; write it like 24-48. Showing all of them.")
    start, end = int(found["from"]), int(found["to"]) if found["to"] else None
    return (start, end), age_in_words(start, end).lower()


LABELS = {
    "day": "Day",
    "product": "Product",
    "category": "Category",
    "country": "Country",
    "code": "Discount code",
    "customer": "Customers",
    "cohort": "First sale in",
    "month": "Month",
    "variant": "Variant",
    "reason": "Reason",
    "step": "Came to",
    "age": "Waiting",
}
READERS = {
    "day": _day,
    "product": _product,
    "category": _category,
    "country": _country,
    "code": _text,
    "customer": _customer,
    "cohort": _month,
    "month": _month,
    "variant": _variant,
    "reason": _text,
    "step": _step,
    "age": _age,
}
