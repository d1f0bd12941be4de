"""Who bought what they had wished for: the edges of the rule, and random trade against a count by hand."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from zoneinfo import ZoneInfo

import pytest

from analytics.figures.counting import count
from analytics.figures.windows import Window
from analytics.figures.wishes import wishers, wishers_by_day
from analytics.kpis import KPIS, Facts
from history.tests.factories import feed, order, product, refund, row
from products.models import Variant

pytestmark = pytest.mark.django_db

WISHED = datetime(2026, 6, 1, 10, tzinfo=UTC)
JUNE = Window(date(2026, 6, 1), date(2026, 6, 30))
LONDON = ZoneInfo("Europe/London")
GROUND = [
    *({"type": "customer", "ref": ref, "email": f"{ref}@example.com"} for ref in "abcdef"),
    *(product(f"P{number}") for number in range(1, 5)),
]


def wish(customer="a", sku="P1", at=WISHED, kind="wish"):
    return {"type": kind, "customer": customer, "product": sku, "at": at.isoformat()}


def bought(customer="a", sku="P1", at=WISHED, ref="O1", **changes):
    when = {"placed_at": at.isoformat(), "paid_at": at.isoformat()}
    return order(ref, row(sku), email=None, customer=customer, **when | changes)


def conversion(window=JUNE, currency="GBP"):
    (counts,) = count([wishers([window], currency)], 1)
    assert counts["wishers"] >= counts["wishers_who_bought"]
    return KPIS["wishlist_conversion"].value(Facts(**counts))


EDGES = {
    "at the very moment": (bought(), "100.00"),
    "a moment before": (bought(at=WISHED - timedelta(microseconds=1)), "0.00"),
    "at the end of 30 x 24 hours": (bought(at=WISHED + timedelta(hours=720)), "100.00"),
    "a moment too late": (bought(at=WISHED + timedelta(hours=720, microseconds=1)), "0.00"),
    "another product": (bought(sku="P2"), "0.00"),
    "somebody else": (bought(customer="b"), "0.00"),
    "not paid": (bought(paid_at=None), "0.00"),
    "a test": (bought(test=True), "0.00"),
    "in another currency": (bought(currency="EUR"), "0.00"),
    "for nothing": (bought(discount=1000), "100.00"),
}


@pytest.mark.parametrize(("sale", "rate"), EDGES.values(), ids=EDGES)
def test_what_counts_as_bought(sale, rate):
    feed(*GROUND, wish(), sale)

    assert conversion() == Decimal(rate)


def test_without_a_wish_there_is_no_rate():
    feed(*GROUND, bought(), wish(kind="unwish"), wish(at=WISHED - timedelta(days=2)))

    assert conversion() is None


def test_any_currency_counts_over_all():
    feed(*GROUND, wish(), bought(currency="EUR"))

    assert (conversion(currency="GBP"), conversion(currency="EUR"), conversion(currency=None)) == (
        Decimal("0.00"), Decimal("100.00"), Decimal("100.00"),
    )  # fmt: skip


def test_neither_an_end_nor_a_refund_takes_it_back():
    feed(
        *GROUND, wish(), wish(kind="unwish", at=WISHED + timedelta(hours=1)),
        bought(at=WISHED + timedelta(days=2)), refund(amount=1000, at=(WISHED + timedelta(days=3)).isoformat()),
    )  # fmt: skip

    assert conversion() == Decimal("100.00")


def test_another_version_of_the_product_counts():
    feed(*GROUND, wish(sku="P1"), bought(sku="P2"))
    assert conversion() == Decimal("0.00")

    Variant.objects.filter(sku="P2").update(product=Variant.objects.get(sku="P1").product)

    assert conversion() == Decimal("100.00")


def test_a_customer_counts_once_however_much_they_wish_for():
    feed(*GROUND, wish(), wish(at=WISHED + timedelta(days=1)), wish(sku="P2"), wish("b"), wish("c"), bought())

    assert conversion() == Decimal("33.33")


def test_each_day_is_a_window_of_its_own():
    feed(*GROUND, wish(), wish("b"), wish(at=datetime(2026, 6, 2, 23, 30, tzinfo=UTC)), bought())

    assert wishers_by_day(JUNE, "GBP") == {
        date(2026, 6, 1): {"wishers": 2, "wishers_who_bought": 1},
        date(2026, 6, 3): {"wishers": 1, "wishers_who_bought": 0},
    }


def make_trade(rng):
    """Two months of wishes and sales around the night on which the clocks go back."""
    start = datetime(2026, 9, 25, tzinfo=UTC)
    lines = []
    for number in range(160):
        at = start + timedelta(hours=rng.randrange(60 * 24))
        who, sku = rng.choice("abcdef"), f"P{rng.randint(1, 4)}"
        kind = rng.choice(["wish", "wish", "unwish", "order", "order"])
        if kind == "order":
            lines.append(bought(who, sku, at, f"O{number}", currency=rng.choice(["GBP", "EUR"])))
        else:
            at += timedelta(microseconds=number)  # no two lines are the same
            lines.append(wish(who, sku, at, kind))
        if kind == "wish" and rng.random() < 0.2:  # a sale at the very end of the time, or just after it
            late = at + timedelta(hours=720, microseconds=rng.randint(0, 1))
            lines.append(bought(who, sku, late, f"L{number}"))
    return lines


def by_hand(lines, window, currency):
    """Count as the definition reads, over the lines themselves."""
    wished = [line for line in lines if line["type"] == "wish"]
    inside = [line for line in wished if moment(line["at"]).astimezone(LONDON).date() in window]
    sales = [
        (line["customer"], line["lines"][0]["product"], moment(line["paid_at"]))
        for line in lines
        if line["type"] == "order" and currency in (None, line["currency"])
    ]
    lucky = {
        line["customer"]
        for line in inside
        for who, sku, at in sales
        if (who, sku) == (line["customer"], line["product"])
        and timedelta() <= at - moment(line["at"]) <= timedelta(hours=720)
    }
    return {"wishers": len({line["customer"] for line in inside}), "wishers_who_bought": len(lucky)}


def moment(text):
    return datetime.fromisoformat(text)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("currency", ["GBP", "EUR", None])
def test_random_trade_agrees_with_a_count_by_hand(seed, currency):
    rng = Random(seed)
    lines = make_trade(rng)
    assert feed(*GROUND, *lines).bad == []
    first = date(2026, 9, 20)
    windows = [
        Window(first + timedelta(days=begin), first + timedelta(days=begin + rng.choice([0, 1, 6, 29])))
        for begin in range(0, 70, 3)
    ]

    assert count([wishers(windows, currency)], len(windows)) == [by_hand(lines, window, currency) for window in windows]
