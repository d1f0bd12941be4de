"""What the pages of refunds and cancellations show."""

from functools import cached_property
from typing import Any

from django.contrib import messages

from core.money import format_money
from orders.models import Order
from payments.models import Payment, Refund
from payments.refunding import RefundPlan, refundable


def refund_outcome(refund: Refund) -> tuple[int, str]:
    """Return the level and the sentence that tell what became of a refund."""
    amount = format_money(refund.amount_minor, refund.currency)
    if refund.is_paid_elsewhere:
        return messages.SUCCESS, f"{amount} is noted as paid by other means."
    if refund.status == Refund.Status.REQUESTED:
        return messages.INFO, f"The refund of {amount} waits for somebody else's approval. Nothing has been sent yet."
    if refund.status == Refund.Status.REJECTED:
        return messages.INFO, f"The refund of {amount} is not approved. Nothing was given back."
    if refund.status == Refund.Status.CANCELED:
        return messages.WARNING, f"The refund of {amount} was canceled at Stripe. Nothing was given back."
    if refund.status == Refund.Status.SUCCEEDED:
        return messages.SUCCESS, f"{amount} has been refunded."
    if refund.status == Refund.Status.FAILED:
        return messages.ERROR, f"Stripe refused to refund {amount}. Nothing was given back."
    if refund.status == Refund.Status.SUBMITTING:
        text = "is promised; Stripe has not answered yet. It is tried again every minute, and never paid twice."
        return messages.WARNING, f"{amount} {text}"
    return messages.INFO, f"{amount} is being refunded; the bank has not confirmed it yet."


def paid_by(payment: Payment | None) -> str:
    """Return where a payment came from as people say it: `Visa 4242`."""
    if payment is None or payment.tender == Payment.Tender.IMPORTED:
        return "the customer"
    if payment.card_last4:
        return f"{payment.card_brand.capitalize()} {payment.card_last4}".strip()
    return payment.get_tender_display().capitalize()


class RefundPage:
    """How much of an order can be given back, and what a plan gives back."""

    def __init__(self, order: Order, plan: RefundPlan | None = None, waits: str = "") -> None:
        self.order = order
        self.plan = plan
        self.waits = waits

    @cached_property
    def left_minor(self) -> int:
        """What could still be given back."""
        return refundable(self.order).total if self.order.paid_at else 0

    @cached_property
    def payment(self) -> Payment | None:
        """What paid for it."""
        return Payment.objects.applied().filter(order=self.order).first()

    @property
    def to(self) -> str:
        """Where the money goes back to."""
        return paid_by(self.payment)

    @property
    def sentence(self) -> str:
        """The plan in a sentence."""
        if self.plan is None:
            return ""
        currency = self.order.currency
        back = format_money(self.plan.amount_minor, currency)
        of, rest = format_money(self.plan.left.total, currency), format_money(self.plan.left_after_minor, currency)
        return f"{back} of {of} to {self.to}; {rest} remains."

    @property
    def rows(self) -> list[dict[str, Any]]:
        """What the plan gives back of each line, of delivery and of tax."""
        if self.plan is None:
            return []
        parts, rows = self.plan.parts, []
        for place, line in enumerate(self.plan.lines):
            units, cash = self.plan.units.get(line.pk, 0), parts.goods[place] + parts.tax[place]
            if units or cash:
                name = f"{line.name}, {line.variant_name}" if line.variant_name else line.name
                rows.append({"label": name, "units": units or "", "minor": cash})
        if delivery := parts.shipping + parts.shipping_tax:
            rows.append({"label": "Delivery", "units": "", "minor": delivery})
        return rows
