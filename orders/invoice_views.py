"""Invoices and credit notes for their buyer, as the owner of the order or by its signed address."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from core.access import public, signed_in
from orders.invoice_page import DocumentPage, document_response
from orders.links import guest_path
from orders.models import Invoice, Order
from orders.views import owned_order, signed_order


@signed_in
@never_cache
@require_safe
def invoice(request: HttpRequest, public_id: str) -> HttpResponse:
    """The invoice of an order of one's own, to print."""
    order = owned_order(request, public_id)
    return _document(request, order, order.get_absolute_url(), kind=Invoice.Kind.INVOICE)


@public
@never_cache
@require_safe
def guest_invoice(request: HttpRequest, public_id: str, signature: str) -> HttpResponse:
    """The invoice for whoever holds the order's signed address, to print."""
    order = signed_order(public_id, signature)
    return _document(request, order, guest_path(order), kind=Invoice.Kind.INVOICE)


@signed_in
@never_cache
@require_safe
def credit_note(request: HttpRequest, public_id: str, number: int) -> HttpResponse:
    """A credit note of an order of one's own, to print."""
    order = owned_order(request, public_id)
    return _document(request, order, order.get_absolute_url(), kind=Invoice.Kind.CREDIT_NOTE, number=number)


@public
@never_cache
@require_safe
def guest_credit_note(request: HttpRequest, public_id: str, signature: str, number: int) -> HttpResponse:
    """A credit note for whoever holds the order's signed address, to print."""
    order = signed_order(public_id, signature)
    return _document(request, order, guest_path(order), kind=Invoice.Kind.CREDIT_NOTE, number=number)


def _document(request: HttpRequest, order: Order, back_url: str, **which: object) -> HttpResponse:
    """Show a document of this order and of no other; an order that is not paid has none."""
    document = get_object_or_404(order.invoices.select_related("order"), **which)
    return document_response(request, DocumentPage(document, back_url=back_url))
