import pytest
from django.db import DatabaseError, transaction

from audit.models import AuditRecord
from core.errors import DomainError
from products.models import PriceChange
from products.prices import set_price
from products.tests.factories import make_variant

pytestmark = pytest.mark.django_db


def changes() -> list[tuple[int | None, int]]:
    return list(PriceChange.objects.order_by("pk").values_list("old_minor", "new_minor"))


def test_set_price_keeps_what_the_price_was():
    variant = make_variant(price_minor=1000)

    set_price(variant.pk, new_minor=1200, actor=None)
    set_price(variant.pk, new_minor=900, actor=None)

    variant.refresh_from_db()
    assert variant.price_minor == 900
    assert changes() == [(1000, 1200), (1200, 900)]
    assert AuditRecord.objects.filter(action="price.changed", subject_id=str(variant.pk)).count() == 2


def test_the_same_price_again_changes_nothing():
    variant = make_variant(price_minor=1000)

    set_price(variant.pk, new_minor=1000, actor=None)

    assert changes() == []
    assert not AuditRecord.objects.exists()


@pytest.mark.parametrize(("new_minor", "was"), [(1400, 1500), (1500, None), (1600, None)])
def test_a_was_price_that_is_no_longer_above_the_price_is_dropped(new_minor, was):
    variant = make_variant(price_minor=1000, compare_at_minor=1500)

    assert set_price(variant.pk, new_minor=new_minor, actor=None).compare_at_minor == was


@pytest.mark.parametrize(("currency", "new_minor"), [("GBP", -1), ("GBP", 100_000_000), ("KWD", 1005), ("ISK", 150)])
def test_a_price_that_cannot_be_charged_is_refused_with_a_sentence(currency, new_minor):
    variant = make_variant(price_minor=1000, currency=currency)

    with pytest.raises(DomainError, match=r"\.$"):
        set_price(variant.pk, new_minor=new_minor, actor=None)

    variant.refresh_from_db()
    assert (variant.price_minor, changes()) == (1000, [])


def test_price_changes_cannot_be_rewritten():
    variant = make_variant(price_minor=1000)
    set_price(variant.pk, new_minor=1200, actor=None)

    with pytest.raises(DatabaseError), transaction.atomic():
        PriceChange.objects.update(new_minor=1)
