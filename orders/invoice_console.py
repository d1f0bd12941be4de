"""Staff pages of invoices and credit notes: the list with its sums, and each document to print."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from core.access import staff
from core.http import paginate
from orders.invoice_forms import DocumentFilterForm
from orders.invoice_list import WantedDocuments, documents, sums_of
from orders.invoice_page import DocumentPage, document_response
from orders.models import Invoice

DOCUMENTS_PER_PAGE = 25


@staff("invoices_view")
@never_cache
@require_safe
def document_list(request: HttpRequest) -> HttpResponse:
    """Show the documents, narrowed by search, kind and month, with what they come to in each currency."""
    form = DocumentFilterForm(request.GET)
    form.is_valid()
    found = documents(WantedDocuments(**form.usable()))
    page = paginate(request, found, DOCUMENTS_PER_PAGE)
    return render(request, "orders/console/invoices.html", {"form": form, "page": page, "sums": sums_of(found)})


@staff("invoices_view")
@never_cache
@require_safe
def document_detail(request: HttpRequest, document_id: int) -> HttpResponse:
    """Show one document as its buyer has it, to print."""
    document = get_object_or_404(Invoice.objects.select_related("order"), pk=document_id)
    back_url = reverse("orders:console_detail", args=[document.order_id])
    return document_response(request, DocumentPage(document, back_url=back_url))
