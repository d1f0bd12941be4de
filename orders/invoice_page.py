"""An invoice or a credit note as it is printed, for its buyer and for staff: a page, or the same page as PDF."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from orders import pdf
from orders.models import Invoice, Order, OrderAddress, OrderLine, SalesEntry
from orders.selectors import country_name
from orders.showing import totals_of
from orders.splitting import parts_of

TEMPLATE = "orders/invoice.html"
Kind = Invoice.Kind


@dataclass(frozen=True)
class DocumentLine:
    """A line of the document; amounts in minor units. A credit note knows no unit price, a delivery no SKU."""

    name: str
    rate: str
    net_minor: int
    tax_minor: int
    sku: str = ""
    quantity: int | None = None
    each_minor: int | None = None
    discount_minor: int = 0

    @property
    def total_minor(self) -> int:
        """With its tax."""
        return self.net_minor + self.tax_minor


@dataclass(frozen=True)
class RateRow:
    """Net and tax under one rate."""

    rate: str
    net_minor: int
    tax_minor: int

    @property
    def total_minor(self) -> int:
        """With its tax."""
        return self.net_minor + self.tax_minor


class DocumentPage:
    """What is printed: numbers, dates, seller and buyer, lines, tax by rate, totals, and what a credit note credits."""

    def __init__(self, document: Invoice, *, back_url: str) -> None:
        self.document = document
        self.back_url = back_url
        self.order: Order = document.order

    @property
    def title(self) -> str:
        """`Invoice INV-000042`, or `Credit note CN-000007`."""
        return f"{'Credit note' if self.document.is_credit_note else 'Invoice'} {self.document.reference}"

    @property
    def has_pdf(self) -> bool:
        """Whether the page can be had as PDF."""
        return pdf.is_available()

    @cached_property
    def address(self) -> OrderAddress | None:
        """The buyer; None once it is erased."""
        return OrderAddress.objects.filter(order=self.order).first()

    @property
    def country(self) -> str:
        """The country it went to, in words."""
        return country_name(str(self.order.country))

    @cached_property
    def lines(self) -> list[DocumentLine]:
        """What was sold, or what was given back, delivery last."""
        return self._credited_lines() if self.document.is_credit_note else self._sold_lines()

    @property
    def rates(self) -> list[RateRow]:
        """Net and tax by rate, as the document holds them."""
        return [
            RateRow(rate_text(row["rate_bps"]), row["net_minor"], row["tax_minor"]) for row in self.document.tax_rates
        ]

    @cached_property
    def totals(self) -> list[dict[str, Any]]:
        """The sums for the summary component."""
        if not self.document.is_credit_note:
            return totals_of(self.order, code=self.order.discount_code, delivery=self.order.shipping_name)
        return [
            {"label": "Net", "amount_minor": self.document.net_minor},
            {"label": "VAT", "amount_minor": self.document.tax_minor},
            {"label": "Credited", "amount_minor": self.document.total_minor, "strong": True},
        ]

    @cached_property
    def credited(self) -> Invoice | None:
        """The invoice that a credit note takes from; None for an invoice."""
        if not self.document.is_credit_note:
            return None
        return self.order.invoices.get(kind=Kind.INVOICE)

    @cached_property
    def taken_back(self) -> Invoice | None:
        """The credit note that this one takes back, because its refund failed afterwards; else None."""
        if self.document.total_minor >= 0 or not self.document.is_credit_note:
            return None
        return self.order.invoices.filter(refund_id=self.document.refund_id, total_minor__gte=0).first()

    def _sold_lines(self) -> list[DocumentLine]:
        order, lines = self.order, list(self.order.lines.all())
        sold = parts_of(order, lines)
        rows = [
            DocumentLine(
                named(line),
                rate_text(line.tax_rate_bps),
                net,
                tax,
                line.sku,
                line.quantity,
                line.unit_price_minor,
                line.discount_minor,
            )
            for line, net, tax in zip(lines, sold.goods, sold.tax, strict=True)
        ]
        if order.shipping_minor or order.shipping_name:
            delivery = f"Delivery, {order.shipping_name}" if order.shipping_name else "Delivery"
            rate = rate_text(order.shipping_tax_rate_bps)
            each, discount = order.shipping_minor, order.shipping_discount_minor
            rows.append(DocumentLine(delivery, rate, sold.shipping, sold.shipping_tax, "", 1, each, discount))
        return rows

    def _credited_lines(self) -> list[DocumentLine]:
        kind = SalesEntry.Kind.REFUND if self.document.total_minor >= 0 else SalesEntry.Kind.REFUND_REVERSAL
        entries = self.order.entries.filter(refund_id=self.document.refund_id, kind=kind).select_related("line")
        return list(self._of_entries(entries.order_by("line__position", "pk")))

    def _of_entries(self, entries: Iterable[SalesEntry]) -> Iterable[DocumentLine]:
        """Read lines from the ledger, which no later change of the order reaches; delivery has no line and comes last.

        The two databases sort what is missing differently.
        """
        for entry in sorted(entries, key=lambda entry: entry.line is None):
            if entry.line is None:
                yield DocumentLine(
                    "Delivery", rate_text(self.order.shipping_tax_rate_bps), -entry.shipping_minor, -entry.tax_minor
                )
            else:
                yield DocumentLine(
                    named(entry.line),
                    rate_text(entry.line.tax_rate_bps),
                    entry.returns_minor,
                    -entry.tax_minor,
                    entry.line.sku,
                    abs(entry.units) or None,
                )


def named(line: OrderLine) -> str:
    """Return what a line sold: product and variant."""
    return f"{line.name}, {line.variant_name}" if line.variant_name else line.name


def rate_text(rate_bps: int | None) -> str:
    """Return a rate as people write it: `20 %`, `5.5 %`; a dash for one that is not known."""
    return "–" if rate_bps is None else f"{rate_bps / 100:g} %"


def document_response(request: HttpRequest, page: DocumentPage) -> HttpResponse:
    """Answer with a document to print; `?format=pdf` with the same as PDF. Raises Http404 where there is no PDF."""
    context = {"page": page, "document": page.document, "order": page.order}
    if request.GET.get("format") != "pdf":
        return render(request, TEMPLATE, context)
    if not page.has_pdf:
        raise Http404("this shop makes no PDF")
    html = render_to_string(TEMPLATE, {**context, "is_pdf": True}, request=request)
    headers = {"Content-Disposition": f'attachment; filename="{page.document.reference}.pdf"'}
    return HttpResponse(pdf.render_pdf(html), content_type="application/pdf", headers=headers)
