"""What a Checkout session is asked to charge: pure functions of an order and its lines."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from core.errors import AmountMismatch
from orders.models import Order, OrderLine

MOST_LINES = 90  # Stripe takes 100; delivery and tax need room of their own
LONGEST_NAME = 250


def session_params(
    order: Order,
    lines: Sequence[OrderLine],
    *,
    payment_id: int,
    success_url: str,
    cancel_url: str,
    expires_at: datetime,
) -> dict[str, Any]:
    """Return the parameters of a session that charges exactly the order's total, else raise AmountMismatch.

    Each line goes as quantity 1 at its charged total: a discount rarely leaves a whole number for each unit.
    """
    items = _line_items(order, lines)
    charged = sum(item["price_data"]["unit_amount"] for item in items)
    if charged != order.total_minor:
        raise AmountMismatch(f"The payment page would charge {charged}, the order says {order.total_minor}.")
    about = {"payment": str(payment_id), "order": order.public_id}
    return {
        "mode": "payment",
        "line_items": items,
        "customer_email": order.email,
        "client_reference_id": order.public_id,
        "metadata": about,
        "payment_intent_data": {"metadata": about, "description": f"Order {order.number}"},
        "success_url": success_url,
        "cancel_url": cancel_url,
        "expires_at": int(expires_at.timestamp()),
    }


def _line_items(order: Order, lines: Sequence[OrderLine]) -> list[dict[str, Any]]:
    if len(lines) > MOST_LINES:
        goods = [_item(order, f"{len(lines)} products", sum(line.total_minor for line in lines))]
    else:
        goods = [_item(order, line_name(line), line.total_minor) for line in lines]
    extras = []
    if order.shipping_charged_minor:
        extras.append(_item(order, f"Delivery: {order.shipping_name or 'standard'}", order.shipping_charged_minor))
    if order.tax_minor and not order.prices_include_tax:
        extras.append(_item(order, "Tax", order.tax_minor))
    return [*goods, *extras]


def line_name(line: OrderLine) -> str:
    """Return a line as the payment page shows it: `3 × Foaming Cleanser (150 ml)`."""
    name = f"{line.name} ({line.variant_name})" if line.variant_name else line.name
    return (f"{line.quantity} × {name}" if line.quantity > 1 else name)[:LONGEST_NAME]


def _item(order: Order, name: str, amount_minor: int) -> dict[str, Any]:
    return {
        "quantity": 1,
        "price_data": {
            "currency": order.currency.lower(),
            "unit_amount": amount_minor,
            "product_data": {"name": name},
        },
    }
