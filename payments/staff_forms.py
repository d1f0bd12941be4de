"""What staff type to give money back, to cancel an order."""

from collections.abc import Sequence
from typing import Any

from django import forms

from core.errors import DomainError
from core.forms import StoreForm, WholeNumberField
from core.money import parse_money
from core.statuses import status_word
from orders.models import Order, OrderLine
from payments.models import Refund, RefundLine
from payments.refund_arithmetic import RefundChoice

Restock = RefundLine.Restock
REASON_LENGTH = 300
KEY_LENGTH = 40
MOST_MINOR = 10**15
ELSEWHERE = "The order was not paid through Stripe: give the money back yourself, and say how that can be found."
REFUND_TABS = ("all", "waiting", "on_its_way", "failed", "done")
LINES, AMOUNT, EVERYTHING = "lines", "amount", "everything"
HOW = [
    (LINES, "Units of some lines"),
    (AMOUNT, "An amount"),
    (EVERYTHING, "Everything that is left"),
]
RESTOCK = [
    (Restock.NONE, "Leave the stock as it is"),
    (Restock.CANCELED, "Not sent yet: put them back on the shelf and do not send them"),
    (Restock.RETURNED, "Came back: put them back on the shelf"),
]


class RefundForm(StoreForm):
    """A refund as it is asked for: by units of lines, by amount, or all that is left."""

    how = forms.ChoiceField(choices=HOW, label="What is given back", widget=forms.RadioSelect, initial=LINES)
    with_shipping = forms.BooleanField(required=False, label="And what is left of the delivery charge")
    amount = forms.CharField(required=False, max_length=40, label="Amount")
    restock = forms.ChoiceField(choices=RESTOCK, label="The units", widget=forms.RadioSelect, initial=Restock.NONE)
    reason = forms.CharField(
        max_length=REASON_LENGTH,
        label="Reason",
        help_text="Kept with the refund.",
        error_messages={"required": "Say why the money is given back."},
    )

    paid_elsewhere = forms.CharField(
        max_length=REASON_LENGTH,
        label="How the money was given back",
        help_text=ELSEWHERE,
        error_messages={"required": "Say how the money was given back."},
    )

    autocomplete = {"amount": "off", "reason": "off", "paid_elsewhere": "off"}
    inputmode = {"amount": "decimal"}

    def __init__(
        self, data: Any = None, *, order: Order, lines: Sequence[OrderLine], is_elsewhere: bool = False
    ) -> None:
        super().__init__(data)
        self.order = order
        self.is_elsewhere = is_elsewhere
        if not is_elsewhere:
            del self.fields["paid_elsewhere"]
        self.lines = [line for line in lines if line.quantity_to_refund]
        for line in self.lines:
            self.fields[f"line_{line.pk}"] = WholeNumberField(
                required=False,
                min_value=0,
                max_value=line.quantity_to_refund,
                initial=0,
                label=f"Units of {line.name} {line.variant_name}".strip(),
            )

    @property
    def rows(self) -> list[tuple[OrderLine, forms.BoundField]]:
        """Each line with its field."""
        return [(line, self[f"line_{line.pk}"]) for line in self.lines]

    @property
    def carried(self) -> list[tuple[str, str]]:
        """What was typed, for the form that confirms it."""
        return [(name, self.data[name]) for name in self.fields if self.data.get(name)]

    def clean(self) -> dict[str, Any]:
        """Turn what was typed into a choice; what the way that was chosen does not use is not looked at."""
        cleaned = super().clean() or {}
        how = cleaned.get("how")
        if how != LINES:
            for line in self.lines:
                self.errors.pop(f"line_{line.pk}", None)
        if how == AMOUNT:
            try:
                cleaned["amount_minor"] = parse_money(cleaned.get("amount", ""), self.order.currency)
            except DomainError as refusal:
                self.add_error("amount", refusal.message)
        return cleaned

    @property
    def choice(self) -> RefundChoice:
        """What is asked for, after `is_valid`."""
        given = self.cleaned_data
        how = given["how"]
        return RefundChoice(
            amount_minor=given["amount_minor"] if how == AMOUNT else None,
            units={line.pk: given[f"line_{line.pk}"] or 0 for line in self.lines} if how == LINES else {},
            with_shipping=how == LINES and given["with_shipping"],
            everything=how == EVERYTHING,
            restock=Restock(given["restock"]) if how != AMOUNT else Restock.NONE,
            reason=given["reason"],
            paid_elsewhere=given.get("paid_elsewhere", ""),
        )


class ConfirmForm(StoreForm):
    """What a preview carries on to its confirmation: the key that makes it happen once, and the sum that was shown."""

    request_key = forms.RegexField(rf"\A[A-Za-z0-9_-]{{16,{KEY_LENGTH}}}\Z", widget=forms.HiddenInput)
    expected_minor = WholeNumberField(min_value=0, max_value=MOST_MINOR, widget=forms.HiddenInput)

    def key_for(self, order: Order) -> str:
        """The key of this act on this order, after `is_valid`; another order never meets it."""
        return f"{order.pk}:{self.cleaned_data['request_key']}"


class CancelForm(StoreForm):
    """Why a paid order is canceled, and whether its units go back on the shelf."""

    restock = forms.ChoiceField(
        choices=[
            (Restock.CANCELED, "Put its units back on the shelf"),
            (Restock.NONE, "Leave the stock as it is"),
        ],
        label="The units",
        widget=forms.RadioSelect,
        initial=Restock.CANCELED,
    )
    reason = forms.CharField(
        max_length=REASON_LENGTH,
        label="Reason",
        help_text="Kept with the refund.",
        error_messages={"required": "Say why the order is canceled."},
    )

    paid_elsewhere = forms.CharField(
        max_length=REASON_LENGTH,
        label="How the money was given back",
        help_text=ELSEWHERE,
        error_messages={"required": "Say how the money was given back."},
    )

    autocomplete = {"reason": "off", "paid_elsewhere": "off"}

    def __init__(self, *args: Any, is_elsewhere: bool = False, gives_back: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not (is_elsewhere and gives_back):
            del self.fields["paid_elsewhere"]


class RejectForm(StoreForm):
    """Why a refund is not approved."""

    reason = forms.CharField(
        max_length=REASON_LENGTH,
        label="Reason",
        help_text="Kept with the refund.",
        error_messages={"required": "Say why it is not approved."},
    )

    autocomplete = {"reason": "off"}


class SettleForm(StoreForm):
    """How the money of a refund that came to nothing was given back all the same."""

    note = forms.CharField(
        max_length=REASON_LENGTH,
        label="How the money was given back",
        help_text="For example the bank transfer's reference, so that it can be found. Nothing is booked for it.",
        error_messages={"required": "Say how the money was given back, so that it can be found."},
    )

    autocomplete = {"note": "off"}


class RefundFilterForm(StoreForm):
    """Narrows the list of refunds; a value that makes no sense narrows nothing."""

    tab = forms.ChoiceField(required=False, choices=[(tab, tab) for tab in REFUND_TABS], widget=forms.HiddenInput)
    q = forms.CharField(
        required=False, max_length=255, label="Order, e-mail or refund", widget=forms.TextInput({"type": "search"})
    )
    status = forms.ChoiceField(required=False, label="State")

    autocomplete = {"q": "off"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        words = [(value, status_word("refund", value).word) for value in Refund.Status.values]
        self.fields["status"].choices = [("", "Any"), *words]  # type: ignore[attr-defined]

    def asked(self) -> dict[str, str]:
        """Return tab, text and state that are asked for."""
        self.is_valid()
        return {"tab": "all", "q": "", "status": ""} | self.usable()
