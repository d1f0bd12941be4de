"""Staff pages of Stripe's balance: the figures, the rows behind them, payouts, and where two sides differ."""

from datetime import date

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from core.access import staff
from core.forms import FIRST_DAY, LAST_DAY
from payments.finance_forms import read_period
from payments.finance_page import FinancePage
from payments.finance_rows_page import MovementsPage, PayoutPage, PayoutsPage, SidesPage
from payments.models import Payout


@staff("analytics_view")
@never_cache
@require_safe
def finance(request: HttpRequest) -> HttpResponse:
    """Show what moved on the Stripe balance and what reached the bank, by day and by payout."""
    page = FinancePage(request, read_period(request.GET.dict()))
    return render(request, "payments/console/finance.html", {"page": page})


@staff("analytics_view")
@never_cache
@require_safe
def movement_list(request: HttpRequest) -> HttpResponse:
    """Show the movements that a figure is made of, with their sum."""
    page = MovementsPage(request, read_period(request.GET.dict()))
    return render(request, "payments/console/finance_movements.html", {"page": page})


@staff("analytics_view")
@never_cache
@require_safe
def payout_list(request: HttpRequest) -> HttpResponse:
    """Show the payouts that a figure is made of, with their sum."""
    page = PayoutsPage(request, read_period(request.GET.dict()))
    return render(request, "payments/console/finance_payouts.html", {"page": page})


@staff("analytics_view")
@never_cache
@require_safe
def payout_detail(request: HttpRequest, payout_id: int) -> HttpResponse:
    """Show a payout with its parts and their sum."""
    page = PayoutPage(request, get_object_or_404(Payout, pk=payout_id))
    return render(request, "payments/console/finance_payout.html", {"page": page})


@staff("analytics_view")
@never_cache
@require_safe
def sides(request: HttpRequest, day: str) -> HttpResponse:
    """Show a day on both sides, row by row: what this shop knows, and what Stripe booked."""
    try:
        shown = date.fromisoformat(day)
    except ValueError:
        raise Http404 from None
    if not FIRST_DAY <= shown <= LAST_DAY:
        raise Http404
    period = read_period(request.GET.dict())
    page = SidesPage(request, shown, period.currency)
    return render(request, "payments/console/finance_day.html", {"page": page, "notices": period.notices})
