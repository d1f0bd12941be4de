"""Staff pages of the refunds there are: the list, one of them, approval, and what is done about those that failed."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.selectors import user_of
from core.access import staff
from core.errors import DomainError
from core.http import paginate
from payments.approving import approve_refund, reject_refund
from payments.failed_refunds import retry_refund, settle_elsewhere
from payments.models import Refund
from payments.refund_page import RefundDetailPage, RefundListPage, listed
from payments.staff_forms import RefundFilterForm, RejectForm, SettleForm
from payments.staff_page import refund_outcome

DETAIL = "payments:console_refund_detail"


@staff("refunds_make")
@never_cache
@require_safe
def refund_list(request: HttpRequest) -> HttpResponse:
    """Show the refunds, by what they wait for."""
    form = RefundFilterForm(request.GET)
    asked = form.asked()
    page = paginate(request, listed(**asked))
    context = {
        "form": form,
        "page": page,
        "list": RefundListPage(page, **asked),
        "may_approve": user_of(request).has_perm("rbac.refunds_approve"),
    }
    return render(request, "payments/console/refunds.html", context)


@staff("refunds_make")
@never_cache
@require_safe
def refund_detail(request: HttpRequest, refund_id: int) -> HttpResponse:
    """Show one refund: what it is made of, how it stands, and what can be done."""
    return _show(request, _refund(refund_id))


@staff("refunds_approve")
@never_cache
@require_safe
def refund_approvals(request: HttpRequest) -> HttpResponse:
    """Show the refunds that wait for approval, the oldest first."""
    page = paginate(request, listed("waiting"))
    context = {
        "page": page,
        "list": RefundListPage(page, tab="waiting", q="", status=""),
        "user_id": user_of(request).pk,
    }
    return render(request, "payments/console/approvals.html", context)


@staff("refunds_approve")
@never_cache
@require_POST
def refund_approve(request: HttpRequest, refund_id: int) -> HttpResponse:
    """Approve a refund that somebody else asked for, and send it."""
    return _do(request, refund_id, lambda: approve_refund(refund_id, actor=user_of(request)))


@staff("refunds_make")
@never_cache
@require_POST
def refund_reject(request: HttpRequest, refund_id: int) -> HttpResponse:
    """Decide against a refund that waits, or take back one's own."""
    refund = _refund(refund_id)
    form = RejectForm(request.POST)
    if not form.is_valid():
        return _show(request, refund, reject=form)
    return _do(
        request, refund_id, lambda: reject_refund(refund_id, actor=user_of(request), reason=form.cleaned_data["reason"])
    )


@staff("refunds_make")
@never_cache
@require_POST
def refund_again(request: HttpRequest, refund_id: int) -> HttpResponse:
    """Try a refund again that came to nothing, as a new one of the same parts."""
    return _do(request, refund_id, lambda: retry_refund(refund_id, actor=user_of(request)))


@staff("refunds_make")
@never_cache
@require_POST
def refund_settle(request: HttpRequest, refund_id: int) -> HttpResponse:
    """Note how the money of a refund that came to nothing was given back all the same."""
    refund = _refund(refund_id)
    form = SettleForm(request.POST)
    if not form.is_valid():
        return _show(request, refund, settle=form)
    return _do(
        request, refund_id, lambda: settle_elsewhere(refund_id, note=form.cleaned_data["note"], actor=user_of(request))
    )


def _refund(refund_id: int) -> Refund:
    return get_object_or_404(Refund.objects.select_related("payment__order"), pk=refund_id)


def _show(
    request: HttpRequest, refund: Refund, *, reject: RejectForm | None = None, settle: SettleForm | None = None
) -> HttpResponse:
    context = {
        "refund": refund,
        "order": refund.payment.order,
        "page": RefundDetailPage(refund, user_of(request)),
        "reject": reject or RejectForm(),
        "settle": settle or SettleForm(),
    }
    return render(request, "payments/console/refund_detail.html", context, status=422 if reject or settle else 200)


def _do(request: HttpRequest, refund_id: int, act: Callable[[], Refund]) -> HttpResponse:
    """Do it, say what came of it, and show the refund that it came to."""
    refund = _refund(refund_id)
    try:
        refund = act()
    except DomainError as refusal:
        messages.error(request, refusal.message)
    else:
        messages.add_message(request, *refund_outcome(refund))
    return redirect(DETAIL, refund_id=refund.pk)
