"""Clicks at the same moment on a real server."""

import pytest

from accounts.tests.factories import make_customer
from core.tests.races import at_once
from products.tests.factories import make_product
from wishlist import services
from wishlist.models import Wish, WishEvent
from wishlist.services import unwish, wish
from wishlist.tests.factories import make_wish

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def test_two_clicks_at_once_are_one_wish():
    alice, serum = make_customer(), make_product()

    done = at_once([lambda: wish(alice.pk, product_id=serum.pk)] * 8)

    assert done == ["done"] * 8
    assert (Wish.objects.count(), WishEvent.objects.count()) == (1, 1)


def test_two_clicks_at_once_end_it_once():
    alice, serum = make_customer(), make_product()
    make_wish(alice, serum)

    done = at_once([lambda: unwish(alice.pk, product_id=serum.pk)] * 8)

    assert done == ["done"] * 8
    assert (Wish.objects.count(), WishEvent.objects.filter(kind="unwish").count()) == (0, 1)


def test_wishes_and_ends_at_once_leave_what_the_events_say():
    alice, serum = make_customer(), make_product()
    acts = [lambda: wish(alice.pk, product_id=serum.pk), lambda: unwish(alice.pk, product_id=serum.pk)]

    at_once(acts * 4)

    kinds = list(WishEvent.objects.order_by("pk").values_list("kind", flat=True))
    assert kinds == (["wish", "unwish"] * 4)[: len(kinds)]  # each an answer to the one before
    assert Wish.objects.exists() == (kinds[-1:] == ["wish"])


def test_the_last_place_on_a_list_is_taken_once(monkeypatch):
    monkeypatch.setattr(services, "MOST_WISHES", 3)
    alice, products = make_customer(), [make_product() for _ in range(8)]

    done = at_once([lambda product=product: wish(alice.pk, product_id=product.pk) for product in products])

    assert sorted(done) == ["DomainError"] * 5 + ["done"] * 3
    assert (Wish.objects.count(), WishEvent.objects.count()) == (3, 3)
