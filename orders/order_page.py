"""An order's pages as objects: what its customer sees, and its invoice."""

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
        return self.order.status == Status.PENDING and not self.is_processing

    @cached_property
    def step(self) -> NextStep:
        """What happens next."""
        return next_step(self.order, is_processing=self.is_processing)

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

    @property
    def invoice_url(self) -> str:
        """Where the invoice is printed; empty before there is one."""
        if not self.order.invoices.exists():
            return ""
        if self.is_guest:
            return reverse("orders:guest_invoice", args=[self.order.public_id, self.signature])
        return reverse("orders:invoice", args=[self.order.public_id])

    @cached_property
    def signature(self) -> str:
        """What signs the guest address, which paying again needs."""
        return guest_signature(self.order)

    @property
    def url(self) -> str:
        """This page's own address."""
        return guest_path(self.order) if self.is_guest else self.order.get_absolute_url()


class InvoicePage:
    """What is printed: the invoice as it was issued, with its lines and the tax by rate."""

    def __init__(self, order: Order) -> None:
        self.order = order
        self.lines = list(order.lines.all())
        self.invoice = order.invoices.filter(kind=Invoice.Kind.INVOICE).first()

    @cached_property
    def address(self) -> OrderAddress | None:
        """The buyer; None once it is erased."""
        return OrderAddress.objects.filter(order=self.order).first()

    @property
    def country(self) -> str:
        """The country it went to, in words."""
        return country_name(str(self.order.country))

    @cached_property
    def totals(self) -> list[dict[str, Any]]:
        """The sums for the summary component."""
        return totals_of(self.order, code=self.order.discount_code, delivery=self.order.shipping_name)

    @cached_property
    def taxes(self) -> list[dict[str, Any]]:
        """Net and tax of goods and delivery by rate, the highest rate first."""
        order = self.order
        charged = [(line.tax_rate_bps, line.total_minor, line.tax_minor) for line in self.lines]
        charged.append((order.shipping_tax_rate_bps, order.shipping_charged_minor, order.shipping_tax_minor))
        by_rate: dict[int, dict[str, Any]] = {}
        for rate_bps, total, tax in charged:
            if rate_bps is None or not (total or tax):
                continue
            row = by_rate.setdefault(rate_bps, {"rate": f"{rate_bps / 100:g} %", "net_minor": 0, "tax_minor": 0})
            row["net_minor"] += total - tax if order.prices_include_tax else total
            row["tax_minor"] += tax
        return [by_rate[rate] for rate in sorted(by_rate, reverse=True)]
