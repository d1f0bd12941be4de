"""An order's page as an object: what its customer sees."""

from functools import cached_property
from typing import Any

from django.urls import reverse

from orders.links import guest_path, guest_signature
from orders.models import Invoice, Order, OrderAddress, OrderLine
from orders.return_page import ShopperReturns
from orders.selectors import country_name
from orders.showing import NextStep, TimelineEvent, next_step, summary_lines, timeline, totals_of
from orders.transitions import Status

SHOWN_REFUNDS = ("pending", "requires_action", "succeeded", "failed", "submitting")


class OrderPage:
    """What the owner or guest of an order sees."""

    def __init__(self, order: Order, *, is_guest: bool) -> None:
        self.order = order
        self.is_guest = is_guest
        self.returns = ShopperReturns(order, is_guest=is_guest)

    @cached_property
    def lines(self) -> list[OrderLine]:
        """The order's lines with their variants."""
        return list(self.order.lines.select_related("variant"))

    @cached_property
    def summary(self) -> list[dict[str, Any]]:
        """The lines for the summary component."""
        return summary_lines(self.lines)

    @cached_property
    def totals(self) -> list[dict[str, Any]]:
        """The sums for the summary component."""
        return totals_of(self.order, code=self.order.discount_code, delivery=self.order.shipping_name)

    @cached_property
    def payments(self) -> list[Any]:
        """Payments that matter to the customer, with their refunds; in two queries."""
        rows = self.order.payments.prefetch_related("refunds").order_by("created_at", "pk")
        return [row for row in rows if row.status in {"succeeded", "processing"}]

    @cached_property
    def refunds(self) -> list[Any]:
        """Money sent back, or on its way."""
        return [
            refund for payment in self.payments for refund in payment.refunds.all() if refund.status in SHOWN_REFUNDS
        ]

    @property
    def is_processing(self) -> bool:
        """Whether a payment has been started that the bank has not confirmed."""
        return any(payment.status == "processing" for payment in self.payments)

    @property
    def can_pay(self) -> bool:
        """Whether the page offers to pay, or to give the order up."""
        return self.order.status == Status.PENDING and not self.is_processing and not self.has_surplus

    @property
    def has_surplus(self) -> bool:
        """Whether money is here that the order did not need and that has not gone back: nobody is to pay again."""
        return any(payment.is_open_surplus for payment in self.payments)

    @cached_property
    def step(self) -> NextStep:
        """What happens next."""
        return next_step(self.order, is_processing=self.is_processing, has_surplus=self.has_surplus)

    @cached_property
    def timeline(self) -> list[TimelineEvent]:
        """What has happened."""
        return timeline(self.order)

    @cached_property
    def address(self) -> OrderAddress | None:
        """Where it goes; None once it is erased."""
        return OrderAddress.objects.filter(order=self.order).first()

    @property
    def country(self) -> str:
        """The country it goes to, in words."""
        return country_name(str(self.order.country))

    @cached_property
    def parcels(self) -> list[Any]:
        """What was sent, with carrier and tracking number."""
        return list(self.order.fulfilments.all())

    @cached_property
    def documents(self) -> list[tuple[Invoice, str]]:
        """The invoice and then the credit notes, each with where it is printed; nothing before the order is paid."""
        found = sorted(self.order.invoices.all(), key=lambda document: (document.is_credit_note, document.number))
        return [(document, self._document_url(document)) for document in found]

    @property
    def invoice_url(self) -> str:
        """Where the invoice is printed; empty before there is one."""
        return self.documents[0][1] if self.documents else ""

    def _document_url(self, document: Invoice) -> str:
        number = [document.number] if document.is_credit_note else []
        name = "credit_note" if document.is_credit_note else "invoice"
        if self.is_guest:
            return reverse(f"orders:guest_{name}", args=[self.order.public_id, self.signature, *number])
        return reverse(f"orders:{name}", args=[self.order.public_id, *number])

    @cached_property
    def signature(self) -> str:
        """What signs the guest address, which paying again needs."""
        return guest_signature(self.order)

    @property
    def url(self) -> str:
        """This page's own address."""
        return guest_path(self.order) if self.is_guest else self.order.get_absolute_url()
