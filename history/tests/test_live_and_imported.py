"""An order placed here and an equal one that was imported have the same rows.

Apart from keys, only what the format cannot say differs: the tax class and rate of a line, the way of delivery, and
who moved the order.
"""

from datetime import UTC, datetime, timedelta

import pytest
from django.forms.models import model_to_dict

from core.models import StoreSetting
from history.tests.factories import feed
from orders.fulfilment import ship
from orders.models import Fulfilment, Order, OrderEvent, OrderLine, SalesEntry
from orders.tests.factories import make_discount, make_order, make_shipping_method, pay
from products.models import StockItem, StockMovement
from products.tests.factories import make_variant

pytestmark = pytest.mark.django_db

PLACED = datetime(2026, 11, 20, 22, 30, tzinfo=UTC)
PAID = PLACED + timedelta(hours=2)
SENT = PAID + timedelta(hours=20)
KEYS = {"id", "order", "line", "stock_item", "fulfilment", "source_id", "public_id", "checkout_key"}
UNSAID = {"shipping_method", "shipping_name", "shipping_tax_rate_bps", "tax_class", "tax_rate_bps"}


def facts(row):
    """A row without its keys and without what the format does not say."""
    values = {**model_to_dict(row), "day": getattr(row, "day", None)}
    return {name: value for name, value in values.items() if name not in KEYS | UNSAID}


def rows(order):
    """Everything that an order wrote, as plain values."""
    lines = OrderLine.objects.filter(order=order).order_by("position")
    moves = StockMovement.objects.filter(source_type="order_line", source_id__in=[str(line.pk) for line in lines])
    entries = SalesEntry.objects.filter(order=order).order_by("line__position", "kind")
    events = OrderEvent.objects.filter(order=order).order_by("id")
    return {
        "order": facts(order),
        "lines": [facts(line) for line in lines],
        "entries": [{**facts(entry), "line": entry.line and entry.line.position} for entry in entries],
        "movements": [facts(move) for move in moves.order_by("stock_item", "id")],
        "events": [(event.kind, event.at, event.from_status, event.to_status) for event in events],
        "parcels": [list(parcel.lines.values_list("quantity")) for parcel in Fulfilment.objects.filter(order=order)],
    }


def line_of(order):
    """A live order as a line of a history."""
    return {
        "type": "order", "ref": "L", "email": order.email, "currency": order.currency, "country": str(order.country),
        "placed_at": PLACED.isoformat(), "paid_at": PAID.isoformat(),
        "prices_include_tax": order.prices_include_tax, "discount_code": order.discount_code,
        "shipping": order.shipping_minor, "shipping_discount": order.shipping_discount_minor,
        "shipping_tax": order.shipping_tax_minor,
        "lines": [
            {
                "product": line.sku, "quantity": line.quantity, "unit_price": line.unit_price_minor,
                "discount": line.discount_minor, "tax": line.tax_minor, "cost": line.unit_cost_minor,
            }
            for line in order.lines.all()
        ],
    }  # fmt: skip


@pytest.mark.parametrize("include_tax", [True, False], ids=["tax inside", "tax on top"])
@pytest.mark.parametrize(
    "discount", [{}, {"percent_bps": 1250}, {"kind": "free_shipping"}], ids=["none", "12.5 %", "post"]
)
def test_their_rows_are_the_same(include_tax, discount):
    StoreSetting.objects.create(prices_include_tax=include_tax)
    make_shipping_method()
    variants = [
        make_variant(sku=sku, stock=50, price_minor=price, cost_minor=cost, name=name)
        for sku, price, cost, name in (("A", 1200, 400, "30 ml"), ("B", 2400, 700, ""))
    ]
    code = make_discount("CODE", starts_at=PLACED, **discount).code if discount else ""
    live = make_order({variants[0]: 3, variants[1]: 1}, discount_code=code, email="Zoe@Example.com", now=PLACED)
    pay(live, at=PAID)
    live = ship(live.pk, at=SENT)
    assert feed(line_of(live), {"type": "ship", "order": "L", "at": SENT.isoformat()}).bad == []
    imported = Order.objects.get(checkout_key__startswith="import:")
    assert rows(imported) == rows(live)
    items = StockItem.objects.order_by("variant__sku").values_list("on_hand", "reserved")
    assert list(items) == [(44, 0), (48, 0)]
