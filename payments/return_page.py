"""What the page shows that refunds a return: its goods, with or without delivery, to be confirmed."""

import secrets
from functools import cached_property
from typing import Any

from django import forms
from django.http import QueryDict

from accounts.models import User
from core.errors import DomainError
from core.forms import StoreForm, WholeNumberField
from core.money import format_money
from orders.models import Return
from payments.models import Payment, Refund
from payments.refund_arithmetic import RefundPlan
from payments.refund_limits import approval_needed
from payments.return_refunds import plan_return_refund, refund_return
from payments.staff_forms import KEY_LENGTH, MOST_MINOR, REASON_LENGTH
from payments.staff_page import paid_by

GOODS, DELIVERY = "goods", "delivery"


class ReturnRefundForm(StoreForm):
    """The goods alone or with delivery, as they were shown, and why."""

    what = forms.ChoiceField(
        choices=[(GOODS, "The goods"), (DELIVERY, "The goods and delivery")],
        label="What is given back",
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(
        max_length=REASON_LENGTH,
        label="Reason",
        help_text="Kept with the refund.",
        error_messages={"required": "Say why the money is given back."},
    )
    paid_elsewhere = forms.CharField(
        max_length=REASON_LENGTH,
        label="How the money was given back",
        help_text="The order was not paid through Stripe: give it back yourself, and say how that can be found.",
        error_messages={"required": "Say how the money was given back."},
    )
    request_key = forms.RegexField(rf"\A[A-Za-z0-9_-]{{16,{KEY_LENGTH}}}\Z", widget=forms.HiddenInput)
    goods_minor = WholeNumberField(min_value=0, max_value=MOST_MINOR, widget=forms.HiddenInput)
    delivery_minor = WholeNumberField(min_value=0, max_value=MOST_MINOR, widget=forms.HiddenInput)

    autocomplete = {"reason": "off", "paid_elsewhere": "off"}


class ReturnRefundPage:
    """A received return, the two sums that can be given back for it, and giving one of them back."""

    def __init__(self, row: Return, user: User, posted: QueryDict | None) -> None:
        self.row = row
        self.order = row.order
        self.user = user
        self.refusal = ""
        self.goods = self._plan(with_shipping=False)
        self.whole = self._plan(with_shipping=True)
        self.form = self._form(posted)

    @property
    def has_delivery(self) -> bool:
        """Whether there is delivery left to give back."""
        return bool(self.goods and self.whole and self.whole.amount_minor > self.goods.amount_minor)

    @cached_property
    def payment(self) -> Payment | None:
        """What paid for the order."""
        return Payment.objects.applied().filter(order=self.order).first()

    @property
    def to(self) -> str:
        """Where the money goes back to."""
        return paid_by(self.payment)

    @property
    def waits(self) -> str:
        """Why the larger sum would wait for approval; empty if it would not."""
        return approval_needed(self.order, self.whole.amount_minor, actor=self.user) if self.whole else ""

    @property
    def rows(self) -> list[dict[str, Any]]:
        """What came of each line, what of it goes on the shelf, and what it gives back with tax."""
        received = self.row.lines.select_related("line").order_by("line__position")
        places = {line.pk: place for place, line in enumerate(self.goods.lines)} if self.goods else {}
        parts = self.goods.parts if self.goods else None
        return [
            {
                "row": row,
                "minor": parts.goods[places[row.line_id]] + parts.tax[places[row.line_id]] if parts else None,
            }
            for row in received
            if row.received_quantity
        ]

    def refund(self) -> Refund:
        """Give back what was chosen, after the form is valid. Raises DomainError with a sentence."""
        given = self.form.cleaned_data
        with_shipping = given["what"] == DELIVERY
        return refund_return(
            self.row.pk,
            with_shipping=with_shipping,
            reason=given["reason"],
            actor=self.user,
            request_key=given["request_key"],
            expected_minor=given["delivery_minor" if with_shipping else "goods_minor"],
            paid_elsewhere=given.get("paid_elsewhere", ""),
        )

    def _plan(self, *, with_shipping: bool) -> RefundPlan | None:
        try:
            return plan_return_refund(self.row, with_shipping=with_shipping)
        except DomainError as error:
            self.refusal = error.message
            return None

    def _form(self, posted: QueryDict | None) -> ReturnRefundForm:
        goods, whole = self.goods, self.whole
        is_all = whole is not None and whole.left_after_minor == 0
        form = ReturnRefundForm(
            posted,
            initial={
                "what": DELIVERY if self.has_delivery and (self.row.is_our_fault or is_all) else GOODS,
                "reason": f"Return {self.row.number}: {self.row.get_reason_display()}",
                "request_key": secrets.token_urlsafe(16),
                "goods_minor": goods.amount_minor if goods else 0,
                "delivery_minor": whole.amount_minor if whole else 0,
            },
        )
        if self.payment is None or self.payment.tender != Payment.Tender.IMPORTED:
            del form.fields["paid_elsewhere"]
        if goods and whole:
            form.fields["what"].choices = self._choices(goods, whole)  # type: ignore[attr-defined]
        return form

    def _choices(self, goods: RefundPlan, whole: RefundPlan) -> list[tuple[str, str]]:
        currency = self.order.currency
        choices = [(GOODS, f"The goods: {format_money(goods.amount_minor, currency)}")]
        if self.has_delivery:
            choices.append((DELIVERY, f"The goods and delivery: {format_money(whole.amount_minor, currency)}"))
        return choices
