"""The sums that pages and mails show add up to the total, whatever is known of the order."""

import pytest

from orders.showing import totals_of
from orders.tests.factories import make_discount, make_order, make_shipping_method
from products.tests.factories import make_variant

pytestmark = pytest.mark.django_db


def shown(rows: list[dict]) -> dict[str, int]:
    return {row["label"].split(" ")[0]: row["amount_minor"] for row in rows}


def test_delivery_is_shown_even_where_its_way_is_not_known() -> None:
    order = make_order()

    rows = shown(totals_of(order))

    assert rows["Goods"] + rows["Delivery"] == rows["Total"] == order.total_minor


def test_rows_above_the_total_add_up_to_it() -> None:
    order = make_order(lines={make_variant(price_minor=3333): 3}, discount_code=make_discount().code)

    rows = shown(totals_of(order, code=order.discount_code, delivery=order.shipping_name))

    assert rows["Goods"] + rows["Discount"] + rows["Delivery"] == rows["Total"] == order.total_minor


def test_free_delivery_without_a_name_needs_no_row() -> None:
    order = make_order(method=make_shipping_method(price_minor=0))

    assert "Delivery" not in shown(totals_of(order))
