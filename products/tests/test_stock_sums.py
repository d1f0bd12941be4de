"""Whatever is done in whatever order: the count is the sum of its movements, and nothing goes below nothing."""

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from django.db import transaction
from django.db.models import Sum
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import DomainError
from products import stock
from products.models import StockItem, StockMovement
from products.tests.factories import make_variant

AT = datetime(2026, 3, 1, tzinfo=UTC)
ACTS = ("reserve", "release", "consume", "receive", "restock", "adjust", "damage")
steps = st.lists(
    st.tuples(
        st.sampled_from(ACTS),
        st.integers(0, 1),
        st.integers(1, 6),
        st.integers(1, 8),
    ),
    max_size=25,
)


def act(name: str, variant_id: int, quantity: int, source: int) -> None:
    cause = {"source_type": "test", "source_id": source}
    match name:
        case "reserve":
            stock.reserve({variant_id: quantity})
        case "release":
            stock.release({variant_id: quantity})
        case "consume":
            stock.consume([(variant_id, quantity, source)], at=AT)
        case "receive":
            stock.receive(variant_id, quantity=quantity, **cause)
        case "restock":
            stock.restock(variant_id, quantity=quantity, **cause)
        case "adjust":
            stock.adjust(variant_id, delta=quantity - 4, reason="counted", **cause)
        case "damage":
            stock.adjust(variant_id, delta=-quantity, reason="broken", kind=StockMovement.Kind.DAMAGED, **cause)


@pytest.mark.django_db
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps, cap=st.integers(0, 3))
def test_a_count_is_always_the_sum_of_its_movements(steps, cap):
    with transaction.atomic():
        variants = [make_variant(stock=4), make_variant(stock=0)]
        StockItem.objects.filter(variant__in=variants).update(backorder_cap=cap)
        for name, which, quantity, source in steps:
            with suppress(DomainError):
                act(name, variants[which].pk, quantity, source)
            for item in StockItem.objects.filter(variant__in=variants):
                moved = item.movements.aggregate(total=Sum("delta"))["total"] or 0
                assert item.on_hand == moved
                assert 0 <= item.reserved <= item.on_hand + cap
        transaction.set_rollback(True)  # the next example begins with nothing
