from datetime import UTC, datetime

import pytest
from django.db import DatabaseError, transaction
from django.db.models import Sum

from audit.models import AuditRecord
from core.errors import DomainError, NotAllowedInState, OutOfStock
from products import stock
from products.models import StockItem, StockMovement
from products.tests.factories import make_product, make_variant

pytestmark = pytest.mark.django_db
AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def counts(variant) -> tuple[int, int]:
    item = StockItem.objects.get(variant=variant)
    return item.on_hand, item.reserved


def kinds(variant) -> list[tuple[str, int]]:
    return list(StockMovement.objects.filter(stock_item__variant=variant).order_by("pk").values_list("kind", "delta"))


def test_reserve_holds_units_of_every_variant():
    one, two = make_variant(stock=5), make_variant(stock=3)

    stock.reserve({two.pk: 3, one.pk: 2})

    assert (counts(one), counts(two)) == ((5, 2), (3, 3))


def test_reserve_takes_all_or_nothing():
    one, two = make_variant(stock=5), make_variant(stock=2)

    with pytest.raises(OutOfStock) as refusal:
        stock.reserve({one.pk: 2, two.pk: 3})

    assert (counts(one), counts(two)) == ((5, 0), (2, 0))
    assert (refusal.value.variant_id, refusal.value.available) == (two.pk, 2)


def test_out_of_stock_says_what_is_left_in_a_sentence():
    product = make_product("Night Cream", variants=[{"stock": 2, "name": "50 ml"}])
    variant = product.variants.get()

    with pytest.raises(OutOfStock, match=r"^Only 2 of “Night Cream, 50 ml” are left\.$"):
        stock.reserve({variant.pk: 3})
    stock.reserve({variant.pk: 1})
    with pytest.raises(OutOfStock, match=r"^Only 1 of “Night Cream, 50 ml” is left\.$"):
        stock.reserve({variant.pk: 2})
    stock.reserve({variant.pk: 1})
    with pytest.raises(OutOfStock, match=r"^“Night Cream, 50 ml” is sold out\.$"):
        stock.reserve({variant.pk: 1})


def test_reserve_may_go_as_far_as_the_backorder_cap():
    variant = make_variant(stock=1)
    StockItem.objects.filter(variant=variant).update(backorder_cap=2)

    stock.reserve({variant.pk: 3})

    with pytest.raises(OutOfStock):
        stock.reserve({variant.pk: 1})
    assert counts(variant) == (1, 3)


@pytest.mark.parametrize("quantity", [0, -1, 10**23])
def test_reserve_refuses_a_quantity_that_is_none(quantity):
    variant = make_variant(stock=5)

    with pytest.raises(DomainError, match="between 1 and"):
        stock.reserve({variant.pk: quantity})
    assert counts(variant) == (5, 0)


def test_untracked_variants_are_always_available_and_move_nothing():
    without_item, untracked = make_variant(stock=None), make_variant(stock=1)
    StockItem.objects.filter(variant=untracked).update(tracked=False)
    before = StockMovement.objects.count()

    stock.reserve({without_item.pk: 50, untracked.pk: 50})
    stock.consume([(without_item.pk, 50, 1), (untracked.pk, 50, 2)], at=AT)
    stock.release({without_item.pk: 50, untracked.pk: 50})

    assert stock.restock(untracked.pk, quantity=1, source_type="refund_line", source_id=1) is None
    assert stock.available([without_item.pk, untracked.pk]) == {without_item.pk: None, untracked.pk: None}
    assert counts(untracked) == (1, 0)
    assert StockMovement.objects.count() == before


def test_release_gives_back_what_was_held():
    variant = make_variant(stock=5)
    stock.reserve({variant.pk: 4})

    stock.release({variant.pk: 3})

    assert counts(variant) == (5, 1)


def test_release_of_more_than_is_held_gives_back_what_there_is():
    variant = make_variant(stock=5)
    stock.reserve({variant.pk: 1})

    stock.release({variant.pk: 2})

    assert counts(variant) == (5, 0)


def test_consume_turns_what_was_held_into_a_sale_once():
    variant = make_variant(stock=5)
    stock.reserve({variant.pk: 3})

    stock.consume([(variant.pk, 2, 71), (variant.pk, 1, 72)], at=AT)
    stock.consume([(variant.pk, 2, 71), (variant.pk, 1, 72)], at=AT)

    assert counts(variant) == (2, 0)
    assert kinds(variant) == [("received", 5), ("sold", -2), ("sold", -1)]
    assert StockMovement.objects.filter(kind="sold", at=AT).count() == 2


def test_consume_takes_free_units_where_none_were_held():
    variant = make_variant(stock=2)

    stock.consume([(variant.pk, 2, 71)], at=AT)

    assert counts(variant) == (0, 0)


def test_consume_never_sells_what_is_not_there():
    variant = make_variant(stock=2)

    with pytest.raises(OutOfStock):
        stock.consume([(variant.pk, 3, 71)], at=AT)

    assert counts(variant) == (2, 0)
    assert kinds(variant) == [("received", 2)]


def test_receive_starts_the_count_of_a_variant_and_is_safe_to_repeat():
    variant = make_variant(stock=None)
    arrival = {"quantity": 12, "source_type": "delivery", "source_id": "D-1"}

    first = stock.receive(variant.pk, **arrival)
    again = stock.receive(variant.pk, **arrival)

    assert first == again
    assert counts(variant) == (12, 0)


def test_the_same_source_cannot_move_another_quantity():
    variant = make_variant(stock=None)
    stock.receive(variant.pk, quantity=12, source_type="delivery", source_id="D-1")

    with pytest.raises(NotAllowedInState, match=r"delivery D-1 has already moved \+12, not \+13"):
        stock.receive(variant.pk, quantity=13, source_type="delivery", source_id="D-1")
    assert counts(variant) == (12, 0)


def test_restock_puts_units_back_once():
    variant = make_variant(stock=5)
    stock.consume([(variant.pk, 2, 71)], at=AT)

    for _ in range(2):
        stock.restock(variant.pk, quantity=2, source_type="refund_line", source_id=9)

    assert counts(variant) == (5, 0)
    assert kinds(variant)[-1] == ("returned", 2)


def test_adjust_is_audited_once_and_needs_a_reason():
    variant = make_variant(stock=5)
    change = {"delta": -2, "source_type": "count", "source_id": 1}

    with pytest.raises(DomainError, match="Say why"):
        stock.adjust(variant.pk, reason=" ", **change)
    for _ in range(2):
        stock.adjust(variant.pk, reason="counted by hand", **change)

    assert counts(variant) == (3, 0)
    assert AuditRecord.objects.filter(action="stock.adjusted").count() == 1


def test_adjust_cannot_take_what_unpaid_orders_hold():
    variant = make_variant(stock=5)
    stock.reserve({variant.pk: 4})

    with pytest.raises(OutOfStock) as refusal:
        stock.adjust(variant.pk, delta=-2, reason="broken", source_type="count", source_id=1, kind="damaged")

    assert refusal.value.available == 1
    assert counts(variant) == (5, 4)


@pytest.mark.parametrize("change", [{"reserved": -1}, {"reserved": 6}, {"on_hand": -1, "reserved": 0}])
def test_the_database_itself_refuses_impossible_counts(change):
    variant = make_variant(stock=5)

    with pytest.raises(DatabaseError), transaction.atomic():
        StockItem.objects.filter(variant=variant).update(**change)


def test_movements_cannot_be_rewritten():
    make_variant(stock=5)

    with pytest.raises(DatabaseError), transaction.atomic():
        StockMovement.objects.update(delta=6)
    with pytest.raises(DatabaseError), transaction.atomic():
        StockMovement.objects.all().delete()
    assert StockMovement.objects.aggregate(Sum("delta"))["delta__sum"] == 5
