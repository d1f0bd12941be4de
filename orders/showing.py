"""Orders and bags in the words and shapes that pages and mails show."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from orders.models import Order, OrderEvent, OrderLine
from orders.pricing import Quote
from orders.transitions import EXPIRED, Status
from products.images import pictures_of

WORDS = {
    "placed": "Order placed",
    "paid": "Payment received",
    "shipped": "Part of your order has been sent",
    "fulfilled": "Everything has been sent",
    "return_requested": "A return was asked for",
    "return_approved": "The return was approved",
    "return_rejected": "The return was declined",
    "return_received": "What you sent back has reached us",
    "return_withdrawn": "The return was withdrawn",
}
TONES = {"paid": "ok", "fulfilled": "ok"}
CANCELED = {
    EXPIRED: "Canceled, because it was not paid in time. Nothing was charged",
    "shopper": "Canceled by you. Nothing was charged",
}


@dataclass(frozen=True)
class TimelineEvent:
    """One line of the timeline as its customer reads it."""

    at: datetime
    text: str
    tone: str = ""


@dataclass(frozen=True)
class NextStep:
    """What happens next with an order: a heading and a sentence; `tone` as notices have it."""

    title: str
    text: str
    tone: str = "info"


MONEY_HERE = NextStep(
    "We are looking into your payment",
    "We have received money for this order that does not match it. Please do not pay again: we write to you.",
    "warn",
)


def timeline(order: Order) -> list[TimelineEvent]:
    """Return what happened to an order that is of interest to its customer, oldest first."""
    events = list(order.events.all())
    completed_at = {event.at for event in events if event.kind == Status.FULFILLED}
    return [
        TimelineEvent(event.at, text, TONES.get(event.kind, ""))
        for event in events
        if (text := _text(event)) and not (event.kind == "shipped" and event.at in completed_at)
    ]


def _text(event: OrderEvent) -> str:
    if event.kind == Status.CANCELED:
        return CANCELED.get(str(event.detail.get("reason", "")), "Order canceled")
    return WORDS.get(event.kind, "")


def next_step(order: Order, *, is_processing: bool = False, has_surplus: bool = False) -> NextStep:
    """Return what the customer of an order is to know now; honest while nothing is certain yet."""
    if order.status == Status.PENDING:
        return MONEY_HERE if has_surplus else _pending(order, is_processing=is_processing)
    if order.status == Status.CANCELED:
        text = "It was paid back in full." if order.paid_at else "Nothing was charged. Your bag may still hold it."
        return NextStep("This order was canceled", text, "warn")
    if order.status == Status.FULFILLED:
        return NextStep("It has been sent", "Everything in this order has been sent.", "ok")
    if order.held_at is not None:
        return NextStep("We are looking into this order", "We will write to you before anything is sent.", "warn")
    return NextStep(
        "Thank you, it is paid",
        f"We pack it now and send it {_by(order)}. Your receipt comes by e-mail.",
        "ok",
    )


def _pending(order: Order, *, is_processing: bool) -> NextStep:
    if is_processing:
        return NextStep(
            "Your bank is still working on it",
            "The payment has been started and is not confirmed yet. We keep your order until it is.",
        )
    return NextStep(
        "This order has not been paid yet",
        "If you have just paid, Stripe is about to confirm it and this page will say so. If you have not, you can "
        "pay now or cancel; until then nothing is charged.",
        "warn",
    )


def _by(order: Order) -> str:
    return f"by {order.shipping_name}" if order.shipping_name else "soon"


def summary_lines(lines: Sequence[OrderLine]) -> list[dict[str, Any]]:
    """Return an order's lines for `components/order_summary.html`; they come with their variants."""
    photographs = pictures_of(line.variant.product_id for line in lines)
    return [
        {
            "name": line.name,
            "options": line.variant_name,
            "quantity": line.quantity,
            "total_minor": line.gross_minor,
            "image": next(iter(photographs.get(line.variant.product_id, [])), None),
        }
        for line in lines
    ]


def totals_of(
    priced: Order | Quote, *, code: str = "", delivery: str = "", has_tax: bool = True, is_estimate: bool = False
) -> list[dict[str, Any]]:
    """Return the sums of an order or a quote, from goods to total, for `components/order_summary.html`."""
    rows: list[dict[str, Any]] = [{"label": "Goods", "amount_minor": priced.items_minor}]
    if priced.discount_minor:
        rows.append({"label": f"Discount {code}".strip(), "amount_minor": -priced.discount_minor})
    charged = priced.shipping_charged_minor
    if delivery or charged:  # an imported order knows what delivery cost, but not which way it went
        free = {"text": "Free"} if not charged else {}
        rows.append({"label": "Delivery", "note": delivery, "amount_minor": charged, **free})
    if has_tax and not priced.prices_include_tax:
        rows.append({"label": "VAT", "amount_minor": priced.tax_minor})
    total: dict[str, Any] = {"label": "Estimated total" if is_estimate else "Total", "amount_minor": priced.total_minor}
    rows.append({**total, "strong": True})
    if has_tax and priced.prices_include_tax:
        rows.append({"label": "of which VAT", "amount_minor": priced.tax_minor})
    return rows
