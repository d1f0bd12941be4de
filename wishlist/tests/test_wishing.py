"""To wish and to stop: one event each, however often it is asked, and nobody else's list is touched."""

from datetime import date, datetime, timedelta

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.tests.factories import make_customer
from core.errors import DomainError
from core.models import DirtyDay
from products.models import Product, Variant
from products.tests.factories import make_product, make_variant
from wishlist import services
from wishlist.models import Wish, WishEvent
from wishlist.services import settle, unwish, wish
from wishlist.tests.factories import make_wish, make_wish_event

pytestmark = pytest.mark.django_db


def story(customer, product):
    """What a customer did about a product, oldest first."""
    events = WishEvent.objects.filter(customer=customer, product=product).order_by("at", "pk")
    return list(events.values_list("kind", flat=True))


def listed(customer):
    return set(Wish.objects.filter(customer=customer).values_list("product_id", flat=True))


def test_a_wish_stands_with_one_event_of_its_business_day():
    alice, serum = make_customer(), make_product()

    with time_machine.travel(datetime.fromisoformat("2027-06-01T23:30:00+00:00"), tick=False):
        made = wish(alice.pk, product_id=serum.pk)

    event = WishEvent.objects.get()
    assert (made.customer, made.product, made.variant) == (alice, serum, None)
    assert (event.kind, event.customer, event.product, event.at) == ("wish", alice, serum, made.created_at)
    assert event.day == date(2027, 6, 2)  # half past midnight in London
    assert DirtyDay.objects.values_list("source_type", "source_id", "day").get() == ("wish_event", event.pk, event.day)


def test_wishing_again_changes_nothing():
    alice, serum = make_customer(), make_product()
    first = wish(alice.pk, product_id=serum.pk)

    again = wish(alice.pk, product_id=serum.pk, variant_id=serum.variants.get().pk)

    assert (again.pk, again.variant, again.created_at) == (first.pk, None, first.created_at)
    assert (story(alice, serum), DirtyDay.objects.count()) == (["wish"], 1)


def test_the_chosen_version_is_kept_to_the_end():
    alice, serum = make_customer(), make_product()
    small = serum.variants.get()
    make_variant(serum)

    make_wish(alice, serum, variant_id=small.pk)
    unwish(alice.pk, product_id=serum.pk)

    assert set(WishEvent.objects.values_list("kind", "variant")) == {("wish", small.pk), ("unwish", small.pk)}


def test_unwishing_ends_it_once():
    alice, serum = make_customer(), make_product()
    made = make_wish(alice, serum)

    ended = unwish(alice.pk, product_id=serum.pk)
    again = unwish(alice.pk, product_id=serum.pk)

    assert (ended.product_id, ended.created_at, again) == (serum.pk, made.created_at, None)
    assert (listed(alice), story(alice, serum)) == (set(), ["wish", "unwish"])
    assert DirtyDay.objects.filter(source_type="wish_event").count() == 2


def test_one_can_wish_anew():
    alice, serum = make_customer(), make_product()
    make_wish(alice, serum)
    unwish(alice.pk, product_id=serum.pk)

    make_wish(alice, serum)

    assert (listed(alice), story(alice, serum)) == ({serum.pk}, ["wish", "unwish", "wish"])


def test_anothers_wish_is_untouched():
    alice, charlie, serum = make_customer(), make_customer(), make_product()
    make_wish(alice, serum)

    assert unwish(charlie.pk, product_id=serum.pk) is None

    assert (listed(alice), listed(charlie)) == ({serum.pk}, set())


def test_what_is_withdrawn_can_be_taken_off_but_not_put_on():
    alice, charlie, serum = make_customer(), make_customer(), make_product()
    make_wish(alice, serum)
    Product.objects.update(status=Product.Status.ARCHIVED)

    with pytest.raises(DomainError, match="no longer sold"):
        make_wish(charlie, serum)
    assert unwish(alice.pk, product_id=serum.pk) is not None
    assert WishEvent.objects.filter(customer=charlie).count() == 0


def make_draft():
    return make_product(status=Product.Status.DRAFT)


def make_coming():
    return make_product(publish_at=timezone.now() + timedelta(days=1))


def make_unpriced():
    return make_product(variants=[{"currency": "EUR"}])


@pytest.mark.parametrize("make_hidden", [make_draft, make_coming, make_unpriced])
def test_nobody_wishes_for_what_is_not_shown(make_hidden):
    with pytest.raises(DomainError, match="no longer sold"):
        make_wish(make_customer(), make_hidden())


def test_nobody_wishes_for_what_is_not_there():
    with pytest.raises(DomainError, match="no longer sold"):
        wish(make_customer().pk, product_id=999_999_999_999_999)


def test_a_version_belongs_to_its_product_and_is_on_sale():
    alice, serum, cream = make_customer(), make_product(), make_product()
    gone = make_variant(serum, is_active=False)

    for variant in (cream.variants.get(), gone, Variant(pk=999_999_999)):
        with pytest.raises(DomainError, match="That version"):
            make_wish(alice, serum, variant_id=variant.pk)
    assert WishEvent.objects.count() == 0


def test_a_list_has_an_end(monkeypatch):
    monkeypatch.setattr(services, "MOST_WISHES", 2)
    alice, products = make_customer(), [make_product() for _ in range(3)]
    make_wish(alice, products[0])
    make_wish(alice, products[1])

    with pytest.raises(DomainError, match="holds 2 products"):
        make_wish(alice, products[2])
    assert make_wish(alice, products[0]).product_id == products[0].pk  # what is there may be asked for again
    assert listed(alice) == {products[0].pk, products[1].pk}


@pytest.mark.parametrize("rewrite", ["update", "delete"])
def test_events_are_never_rewritten(rewrite):
    make_wish(make_customer(), make_product())
    events = WishEvent.objects.all()

    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        events.update(kind="unwish") if rewrite == "update" else events.delete()


def test_the_table_knows_no_third_kind():
    with pytest.raises(IntegrityError, match="wish_event_kind_known"), transaction.atomic():
        make_wish_event(make_customer(), make_product(), timezone.now(), kind="maybe")


def test_wishes_follow_the_latest_events_in_whatever_order_they_were_written():
    now = timezone.now()
    alice, charlie = make_customer(), make_customer()
    kept, dropped, own, other = (make_product() for _ in range(4))
    make_wish_event(alice, kept, now - timedelta(days=1))
    make_wish_event(alice, kept, now - timedelta(days=2), kind="unwish")
    make_wish_event(alice, dropped, now - timedelta(days=1), kind="unwish")
    make_wish_event(alice, dropped, now - timedelta(days=2))
    make_wish(charlie, own)
    make_wish_event(charlie, own, now - timedelta(days=1), kind="unwish")  # older than the heart
    make_wish_event(charlie, other, now)  # nobody asks about it
    pairs = [(alice.pk, kept.pk), (alice.pk, dropped.pk), (charlie.pk, own.pk)]

    settle(pairs)
    settle(pairs)

    assert (listed(alice), listed(charlie)) == ({kept.pk}, {own.pk})
    assert Wish.objects.get(customer=alice).created_at == now - timedelta(days=1)


def test_an_end_takes_off_what_stands():
    alice, serum = make_customer(), make_product()
    make_wish(alice, serum)
    make_wish_event(alice, serum, timezone.now() + timedelta(minutes=1), kind="unwish")

    settle([(alice.pk, serum.pk)])

    assert listed(alice) == set()
