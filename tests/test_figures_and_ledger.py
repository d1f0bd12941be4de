"""Random trade in several currencies, imported and built in pieces: every figure is what a plain reading gives."""

import json
from datetime import UTC, date, datetime, timedelta
from random import Random

import pytest
from django.core.management import call_command

from accounts.models import Customer
from analytics.figures.answers import answer
from analytics.figures.windows import Window
from analytics.tests import oracle
from core.days import business_day
from history.importing import import_history
from products.models import Variant
from wishlist.models import WishEvent

pytestmark = pytest.mark.django_db

FIRST, DAYS = date(2026, 3, 24), 14  # over the night of 29 March, which has one hour less in London
PRODUCTS, PEOPLE = [f"P{number}" for number in range(5)], [f"c{number}@example.com" for number in range(7)]


def trade(seed: int, orders: int = 60) -> list[dict]:
    """Orders, paid or not, tests among them, with refunds that succeed, wait or fail; times in no order."""
    rng = Random(seed)
    lines = [{"type": "product", "ref": ref, "name": f"Product {ref}"} for ref in PRODUCTS]
    for number in range(orders):
        at = _moment(rng)
        order = {
            "type": "order",
            "ref": f"O{number}",
            "email": rng.choice(PEOPLE),
            "currency": rng.choice(["GBP", "GBP", "EUR", "JPY"]),
            "placed_at": at.isoformat(),
            "prices_include_tax": rng.random() < 0.5,
            "shipping": rng.choice([0, 300]),
            "lines": [
                {"product": ref, "quantity": rng.randint(1, 3), "unit_price": rng.randint(100, 4000)}
                | ({"cost": rng.randint(10, 900)} if rng.random() < 0.6 else {})
                for ref in rng.sample(PRODUCTS, rng.randint(1, 3))
            ],
        }
        paid = rng.random() < 0.85
        order |= {"paid_at": at.isoformat()} if paid else {}
        order |= {"test": True} if rng.random() < 0.08 else {}
        goods = sum(line["quantity"] * line["unit_price"] for line in order["lines"])
        order |= {"discount": goods // 10} if rng.random() < 0.4 else {}
        order["tax"] = goods // 8
        lines.append(order)
        if paid and rng.random() < 0.4:
            lines.append(
                {
                    "type": "refund",
                    "ref": f"R{number}",
                    "order": f"O{number}",
                    "at": (at + timedelta(hours=rng.randint(0, 140))).isoformat(),
                    "amount": rng.randint(1, goods // 2),
                    "status": rng.choice(["succeeded", "succeeded", "succeeded", "pending", "failed"]),
                }
            )
    return lines


def _moment(rng: Random) -> datetime:
    start = datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=UTC)
    return start + timedelta(minutes=rng.randrange(DAYS * 24 * 60))


def wish_for_things(seed: int) -> None:
    rng = Random(seed)
    variants = list(Variant.objects.order_by("pk"))
    for customer in Customer.objects.order_by("pk"):
        for variant in rng.sample(variants, 2):
            at = _moment(rng)
            WishEvent.objects.create(
                customer=customer, product=variant.product, kind="wish", at=at, day=business_day(at)
            )


def feed(lines: list[dict]) -> None:
    outcome = import_history(json.dumps(line).encode() for line in lines)
    assert outcome.bad == []


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_figure_is_what_a_plain_reading_of_the_ledger_gives(seed):
    lines = trade(seed)
    feed(lines[:40])
    call_command("build_snapshots")
    feed(lines[40:])
    wish_for_things(seed)
    call_command("build_snapshots")

    entries, wished, rng = oracle.ledger(), oracle.wishes(), Random(seed)
    for _ in range(6):
        start = FIRST + timedelta(days=rng.randint(-2, DAYS))
        window = Window(start, start + timedelta(days=rng.randint(0, 9)))
        found = answer(window, currency=None, daily=True)
        expected = oracle.figures(entries, wished, window.start, window.end, None)
        assert {kpi: found["all"][kpi] for kpi in expected} == expected
        for currency, given in found["currencies"].items():
            _assert_figures(given, window, currency, entries, wished)


def _assert_figures(given, window, currency, entries, wished):
    sellers = given["values"].pop("best_sellers")
    expected = oracle.figures(entries, wished, window.start, window.end, currency)
    assert {kpi: given["values"][kpi] for kpi in expected} == expected
    assert [(row["product"], row["net_sales"], row["units"], row["margin"]) for row in sellers] == (
        oracle.best_sellers(entries, window.start, window.end, currency)
    )
    for day, values in zip(window, given["daily"], strict=True):
        expected = {"day": day.isoformat(), **oracle.figures(entries, wished, day, day, currency)}
        assert {kpi: values[kpi] for kpi in expected} == expected


def test_days_built_one_change_at_a_time_equal_those_built_from_nothing():
    lines = trade(4)
    for place in range(0, len(lines), 12):
        feed(lines[place : place + 12])
        call_command("build_snapshots")
    piecemeal = oracle.facts()

    call_command("build_snapshots", "--full")

    assert oracle.facts() == piecemeal
