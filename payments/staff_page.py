"""What the pages of refunds and cancellations show."""

import secrets
from functools import cached_property
from typing import Any

from django.contrib import messages
from django.http import QueryDict

from accounts.models import User
from core.errors import DomainError
from core.money import format_money
from orders.models import Order
from orders.transitions import By, Status
from payments.closing import cancel_order_unpaid
from payments.models import Payment, Refund, RefundLine
from payments.refunding import RefundChoice, RefundPlan, plan_refund, refundable, request_refund
from payments.staff_forms import CancelForm, ConfirmForm


def refund_outcome(refund: Refund) -> tuple[int, str]:
    """Return the level and the sentence that tell what became of a refund."""
    amount = format_money(refund.amount_minor, refund.currency)
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
    if payment is None:
        return "the customer"
    if payment.card_last4:
        return f"{payment.card_brand.capitalize()} {payment.card_last4}".strip()
    return payment.get_tender_display().capitalize()


class RefundPage:
    """How much of an order can be given back, and what a plan gives back."""

    def __init__(self, order: Order, plan: RefundPlan | None = None) -> None:
        self.order = order
        self.plan = plan

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


class CancelPage:
    """Canceling an order: what it means in its state, and doing it."""

    def __init__(self, order: Order, actor: User, posted: QueryDict | None) -> None:
        self.order = order
        self.actor = actor
        self.is_paid = order.status == Status.PAID
        self.form = CancelForm(posted) if self.is_paid or posted is None else CancelForm(_without_choice(posted))
        initial = {"request_key": secrets.token_urlsafe(16), "expected_minor": self.back_minor}
        self.confirm = ConfirmForm(posted, initial=initial)

    @cached_property
    def refusal(self) -> str:
        """Why it cannot be canceled; empty if it can."""
        if self.order.status == Status.PENDING:
            return ""
        if not self.is_paid:
            return f"Order {self.order.number} is {Status(self.order.status).label.lower()}; it cannot be canceled."
        if not self.actor.has_perm("rbac.refunds_make"):
            return "Canceling a paid order gives its money back, which your role may not do."
        if self.order.lines.filter(quantity_fulfilled__gt=0).exists():
            return "Something of this order has been shipped, so it cannot be canceled. It can be refunded."
        try:
            plan_refund(self.order.pk, RefundChoice(everything=True))
        except DomainError as error:
            return error.message
        return ""

    @cached_property
    def back_minor(self) -> int:
        """What goes back to the customer."""
        return refundable(self.order).total if self.is_paid else 0

    @cached_property
    def to(self) -> str:
        """Where the money goes back to."""
        return paid_by(Payment.objects.applied().filter(order=self.order).first())

    def is_valid(self) -> bool:
        """Whether what was typed can be used."""
        return self.form.is_valid() and self.confirm.is_valid()

    def cancel(self) -> tuple[int, str]:
        """Cancel it and return the level and the sentence that tell so. Raises DomainError or GatewayError."""
        if self.order.status == Status.PENDING:
            cancel_order_unpaid(self.order.pk, reason="staff", by=By.STAFF, actor=self.actor)
            return messages.SUCCESS, "The order is canceled. Nothing was charged; its stock is free again."
        if self.order.status == Status.CANCELED:
            return messages.INFO, "The order is canceled already."
        if self.refusal:
            raise DomainError(self.refusal)
        choice = RefundChoice(
            everything=True,
            restock=RefundLine.Restock(self.form.cleaned_data["restock"]),
            reason=self.form.cleaned_data["reason"],
            expected_minor=self.confirm.cleaned_data["expected_minor"],
        )
        key = self.confirm.key_for(self.order)
        refund = request_refund(self.order.pk, choice=choice, actor=self.actor, request_key=key)
        level, text = refund_outcome(refund)
        return level, f"The order is canceled. {text}"


def _without_choice(posted: QueryDict) -> dict[str, str]:
    """Nothing is chosen for an order that nobody paid for."""
    return {"restock": RefundLine.Restock.NONE.value, "reason": "unpaid"}
