"""Wishes and their ends as a history brings them: every event once, and the list that they come to."""

from datetime import date, datetime

import pytest

from accounts.models import Customer
from core.models import DirtyDay
from history.tests.factories import feed, problems, product
from products.models import Product, Variant
from wishlist.models import Wish, WishEvent
from wishlist.services import wish as press

pytestmark = pytest.mark.django_db

ALICE = {"type": "customer", "ref": "A", "email": "alice@example.com"}
CHARLIE = {"type": "customer", "ref": "C", "email": "charlie@example.com"}
GROUND = [ALICE, CHARLIE, product("P1"), product("P2")]


def wish(kind="wish", day=1, **changes):
    at = f"2026-06-{day:02}T23:30:00+00:00"
    return {"type": kind, "customer": "A", "product": "P1", "at": at} | changes


STORY = [
    wish(day=1), wish("unwish", 2), wish(day=3), wish(day=4, product="P2"), wish("unwish", 5, product="P2"),
    wish(day=2, customer="C"),
]  # fmt: skip
LISTED = {("alice@example.com", "P1"), ("charlie@example.com", "P1")}


def listed():
    return set(Wish.objects.values_list("customer__email_canonical", "variant__sku"))


def events():
    return WishEvent.objects.order_by("at", "pk").values_list("customer__email_canonical", "variant__sku", "kind")


def test_every_event_is_kept_and_the_list_is_what_they_come_to():
    outcome = feed(*GROUND, *STORY)

    assert (outcome.bad, outcome.new["wish"], outcome.new["unwish"]) == ([], 4, 2)
    assert list(events()) == [
        ("alice@example.com", "P1", "wish"),
        ("alice@example.com", "P1", "unwish"),
        ("charlie@example.com", "P1", "wish"),
        ("alice@example.com", "P1", "wish"),
        ("alice@example.com", "P2", "wish"),
        ("alice@example.com", "P2", "unwish"),
    ]
    first = WishEvent.objects.order_by("at")[0]
    assert (first.at, first.day) == (datetime.fromisoformat("2026-06-01T23:30:00+00:00"), date(2026, 6, 2))
    assert first.product == Variant.objects.get(sku="P1").product
    assert listed() == LISTED
    assert Wish.objects.get(customer__email_canonical="alice@example.com").created_at.day == 3


def test_each_marks_its_day():
    feed(*GROUND, *STORY)

    marked = DirtyDay.objects.filter(source_type="wish_event").values_list("source_id", "day")
    assert set(marked) == set(WishEvent.objects.values_list("pk", "day"))
    assert len(marked) == len(STORY)


@pytest.mark.parametrize("again", [GROUND + STORY, STORY[::-1]], ids=["whole", "backwards"])
def test_importing_again_changes_nothing(again):
    feed(*GROUND, *STORY)
    before = (list(WishEvent.objects.values()), list(Wish.objects.values()), DirtyDay.objects.count())

    outcome = feed(*again)

    assert (outcome.bad, outcome.new.total(), outcome.known) == ([], 0, len(again))
    assert (list(WishEvent.objects.values()), list(Wish.objects.values()), DirtyDay.objects.count()) == before


@pytest.mark.parametrize("cut", range(1, len(STORY)))
def test_a_history_in_two_parts_comes_to_the_same_in_either_order(cut):
    feed(*GROUND, *STORY[cut:])
    feed(*STORY[:cut])

    assert listed() == LISTED


def test_the_same_from_another_source_is_another_wish():
    feed(*GROUND, wish())
    feed(*GROUND, wish(), source="other")

    assert (WishEvent.objects.count(), Wish.objects.count()) == (2, 1)


def test_a_history_does_not_undo_what_a_shopper_did_since():
    feed(*GROUND)
    serum = Variant.objects.get(sku="P1").product
    Product.objects.update(status=Product.Status.ACTIVE)
    alice = Customer.objects.get(email_canonical="alice@example.com")
    pressed = press(alice.pk, product_id=serum.pk)

    feed(wish(), wish("unwish", 4))

    assert (Wish.objects.get(), WishEvent.objects.count()) == (pressed, 3)


def test_an_end_without_a_beginning_is_history_too():
    feed(*GROUND, wish("unwish"))

    assert (WishEvent.objects.get().kind, Wish.objects.count()) == ("unwish", 0)


@pytest.mark.parametrize("kind", ["wish", "unwish"])
@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"customer": "B"}, "customer: there is no customer B"),
        ({"product": "P9"}, "product: there is no product P9"),
        ({"customer": ""}, "customer: must not be empty"),
        ({"at": "2026-06-01"}, "at: has no offset from UTC"),
        ({"ref": "W1"}, "ref: is no field of {kind}"),
        ({"quantity": 2}, "quantity: is no field of {kind}"),
    ],
)
def test_a_bad_wish_is_refused_with_its_batch(kind, changes, reason):
    assert problems(*GROUND, wish(), wish(kind, 2, **changes)) == [f"line 6: {reason.format(kind=kind)}"]
    assert not WishEvent.objects.exists()


@pytest.mark.parametrize("missing", ["customer", "product", "at"])
def test_a_wish_says_who_what_and_when(missing):
    line = wish()
    del line[missing]

    assert problems(*GROUND, line) == [f"line 5: {missing}: is missing"]


def test_a_dry_run_writes_no_wish_and_finds_the_bad_ones():
    outcome = feed(*GROUND, *STORY, wish(customer="B"), dry_run=True)

    assert [str(bad) for bad in outcome.bad] == ["line 11: customer: there is no customer B"]
    assert not WishEvent.objects.exists()
    assert not Wish.objects.exists()
