"""The staff page that refunds a return which has come."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.selectors import user_of
from core.access import staff
from core.errors import DomainError
from orders.models import Return
from payments.return_page import ReturnRefundPage
from payments.return_refunds import failed_refund
from payments.staff_page import refund_outcome

RETURN = "orders:console_return"


@staff("refunds_make")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def return_refund(request: HttpRequest, return_id: int) -> HttpResponse:
    """Show what a return gives back, and give it back once that is confirmed; one that failed is tried again itself."""
    row = get_object_or_404(Return.objects.select_related("order__customer"), pk=return_id)
    if (failed := failed_refund(row)) is not None:
        return redirect("payments:console_refund_detail", refund_id=failed.pk)
    page = ReturnRefundPage(row, user_of(request), request.POST if request.method == "POST" else None)
    if page.form.is_bound and page.form.is_valid():
        try:
            made = page.refund()
        except DomainError as refusal:
            page.form.add_error(None, refusal.message)
        else:
            messages.add_message(request, *refund_outcome(made))
            return redirect(RETURN, return_id=row.pk)
    context = {"page": page, "row": row, "order": row.order}
    status = 422 if page.form.errors else 200
    return render(request, "payments/console/return_refund.html", context, status=status)
