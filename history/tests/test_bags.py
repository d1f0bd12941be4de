"""Bags as a history brings them: each once, an order of one bag only, and rows like those of a bag here."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.forms.models import model_to_dict

from analytics.figures.funnel import checkout_funnel
from analytics.figures.windows import Window
from history.tests.factories import attempt, feed, order, problems, product, row
from orders.models import Cart
from orders.tests.factories import make_cart, pay, place
from products.tests.factories import make_variant

pytestmark = pytest.mark.django_db

BEGUN = "2026-06-01T09:00:00+01:00"
GROUND = [
    product(),
    order("O1"),
    order("O2", paid_at=None),
    order("O3", currency="EUR"),
    attempt("failed", order="O2", intent="I2"),
]


def cart(at=BEGUN, **changes):
    return {"type": "cart", "at": at, **changes}


STORY = [
    cart(order="O1", checkout_at="2026-06-01T09:30:00+01:00"),
    cart(order="O2"),
    cart(order="O3"),
    cart(),
    cart(checkout_at="2026-06-01T09:10:00+01:00"),
]


def funnel(currency="GBP"):
    return [step.count for step in checkout_funnel(Window(date(2026, 6, 1), date(2026, 6, 1)), currency)]


def test_bags_are_kept_with_their_times_and_their_order():
    outcome = feed(*GROUND, *STORY)

    assert (outcome.bad, outcome.new["cart"]) == ([], 5)
    sold = Cart.objects.get(order__currency="GBP", order__paid_at__isnull=False)
    begun, paid = datetime(2026, 6, 1, 8, tzinfo=UTC), datetime(2026, 6, 1, 9, tzinfo=UTC)
    assert (sold.created_at, sold.checkout_at, sold.closed_at) == (begun, begun + timedelta(minutes=30), paid)
    assert (sold.updated_at, sold.currency, sold.lines.count(), sold.user) == (paid, "GBP", 0, None)
    assert (funnel("GBP"), funnel("EUR"), funnel(None)) == ([4, 3, 2, 1], [1, 1, 1, 1], [5, 4, 3, 2])


@pytest.mark.parametrize("again", [GROUND + STORY, STORY[::-1]], ids=["whole", "backwards"])
def test_importing_again_changes_nothing(again):
    feed(*GROUND, *STORY)
    before = list(Cart.objects.order_by("pk").values())

    outcome = feed(*again)

    assert (outcome.bad, outcome.new.total(), outcome.known) == ([], 0, len(again))
    assert list(Cart.objects.order_by("pk").values()) == before


def test_two_lines_that_say_the_same_are_one_bag_within_a_source():
    assert feed(cart(), cart()).new["cart"] == 1
    assert feed(cart(), source="other").new["cart"] == 1
    assert Cart.objects.count() == 2


BAD = {
    "no time": ({"type": "cart"}, "at: is missing"),
    "no offset": (cart("2026-06-01T09:00:00"), "at: has no offset from UTC"),
    "checkout first": (cart(checkout_at="2026-06-01T08:59:59+01:00"), "checkout_at: lies before the bag was begun"),
    "no such order": (cart(order="O9"), "order: there is no order O9"),
    "no order at all": (cart(order=""), "order: must not be empty"),
    "another bag's order": (cart(order="O1"), "order: O1 came of another bag already"),
    "an unknown field": (cart(lines=[row()]), "lines: is no field of cart"),
}


@pytest.mark.parametrize("apart", [False, True], ids=["one file", "two files"])
@pytest.mark.parametrize(("line", "reason"), BAD.values(), ids=BAD)
def test_a_bad_bag_is_refused_with_its_batch(line, reason, apart):
    before = [*GROUND, STORY[0]]
    if apart:
        feed(*before)
        assert problems(line, cart()) == [f"line 1: {reason}"]
    else:
        assert problems(*before, line) == [f"line 7: {reason}"]
    assert Cart.objects.count() == int(apart)


def test_a_dry_run_writes_no_bag_and_finds_the_bad_ones_from_one_batch_to_the_next(monkeypatch):
    monkeypatch.setattr("history.importing.batch_size", lambda: 2)

    outcome = feed(*GROUND, *STORY, cart(order="O1"), dry_run=True)

    assert [str(bad) for bad in outcome.bad] == ["line 11: order: O1 came of another bag already"]
    assert not Cart.objects.exists()


def facts(bag):
    unsaid = {"id", "token", "order"}
    return {name: value for name, value in model_to_dict(bag).items() if name not in unsaid} | {"at": bag.created_at}


@pytest.mark.parametrize("is_paid", [True, False])
def test_a_bag_here_and_an_equal_one_that_was_imported_have_the_same_row(is_paid):
    begun = datetime(2026, 11, 20, 22, tzinfo=UTC)
    placed, paid = begun + timedelta(minutes=5), begun + timedelta(minutes=9)
    bag = make_cart({make_variant(sku="P1"): 1}, created_at=begun)
    live = place(bag, now=placed)
    sold_at = {"paid_at": paid.isoformat()} if is_paid else {"paid_at": None}
    if is_paid:
        pay(live, at=paid)

    feed(
        order("L", placed_at=placed.isoformat(), **sold_at),
        cart(begun.isoformat(), checkout_at=placed.isoformat(), order="L"),
    )

    bag.refresh_from_db()
    assert facts(Cart.objects.get(order__checkout_key__startswith="import:")) == facts(bag)
