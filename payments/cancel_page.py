"""Canceling an order: what it means in its state, and doing it."""

import secrets
from functools import cached_property

from django.contrib import messages
from django.http import QueryDict

from accounts.models import User
from core.errors import DomainError
from orders.models import Order
from orders.transitions import By, Status
from payments.canceling import cancel_without_refund, keeps_nothing
from payments.closing import cancel_order_unpaid
from payments.models import Payment, Refund, RefundLine
from payments.refund_limits import approval_needed
from payments.refunding import RefundChoice, plan_refund, refundable, request_refund
from payments.staff_forms import CancelForm, ConfirmForm
from payments.staff_page import paid_by, refund_outcome


class CancelPage:
    """Canceling an order: unpaid, paid with its money given back, or paid with nothing left to give."""

    def __init__(self, order: Order, actor: User, posted: QueryDict | None) -> None:
        self.order = order
        self.actor = actor
        self.is_paid = order.status == Status.PAID
        given = posted if self.is_paid or posted is None else _without_choice(posted)
        self.form = CancelForm(given, is_elsewhere=self.is_elsewhere, gives_back=not self.keeps_nothing)
        initial = {"request_key": secrets.token_urlsafe(16), "expected_minor": self.back_minor}
        self.confirm = ConfirmForm(posted, initial=initial)

    @cached_property
    def payment(self) -> Payment | None:
        """What paid for it."""
        return Payment.objects.applied().filter(order=self.order).first()

    @property
    def is_elsewhere(self) -> bool:
        """Whether it was not paid through Stripe."""
        return self.is_paid and self.payment is not None and self.payment.tender == Payment.Tender.IMPORTED

    @cached_property
    def keeps_nothing(self) -> bool:
        """Whether it is paid and nothing is left to give back."""
        return self.is_paid and keeps_nothing(self.order)

    @cached_property
    def refusal(self) -> str:
        """Why it cannot be canceled; empty if it can."""
        if self.order.status == Status.PENDING:
            return ""
        if not self.is_paid:
            return f"Order {self.order.number} is {Status(self.order.status).label.lower()}; it cannot be canceled."
        if self.order.lines.filter(quantity_fulfilled__gt=0).exists():
            return "Something of this order has been shipped, so it cannot be canceled. It can be refunded."
        if self.keeps_nothing:
            return ""
        if not self.actor.has_perm("rbac.refunds_make"):
            return "Canceling a paid order gives its money back, which your role may not do."
        if Refund.objects.waiting().filter(payment__order=self.order).exists():
            return "A refund of this order waits for approval. It can be canceled once that is decided."
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
    def waits(self) -> str:
        """Why it waits for approval, as a sentence; empty if it does not."""
        return approval_needed(self.order, self.back_minor, actor=self.actor) if self.back_minor else ""

    @cached_property
    def to(self) -> str:
        """Where the money goes back to."""
        return paid_by(self.payment)

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
        if self.keeps_nothing:
            return self._cancel_only()
        return self._give_back()

    def _cancel_only(self) -> tuple[int, str]:
        is_restocked = self.form.cleaned_data["restock"] == RefundLine.Restock.CANCELED
        reason = self.form.cleaned_data["reason"]
        cancel_without_refund(self.order.pk, is_restocked=is_restocked, reason=reason, actor=self.actor)
        return messages.SUCCESS, "The order is canceled. Nothing of its money was left to give back."

    def _give_back(self) -> tuple[int, str]:
        choice = RefundChoice(
            everything=True,
            restock=RefundLine.Restock(self.form.cleaned_data["restock"]),
            reason=self.form.cleaned_data["reason"],
            expected_minor=self.confirm.cleaned_data["expected_minor"],
            paid_elsewhere=self.form.cleaned_data.get("paid_elsewhere", ""),
        )
        key = self.confirm.key_for(self.order)
        refund = request_refund(self.order.pk, choice=choice, actor=self.actor, request_key=key)
        level, text = refund_outcome(refund)
        if refund.status == Refund.Status.REQUESTED:
            return level, f"{text} The order is on hold until then, and is canceled with the approval."
        return level, f"The order is canceled. {text}"


def _without_choice(posted: QueryDict) -> dict[str, str]:
    """Nothing is chosen for an order that nobody paid for."""
    return {"restock": RefundLine.Restock.NONE.value, "reason": "unpaid"}
