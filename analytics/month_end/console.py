"""Staff pages of the month end: the months, one month with its checklist, and closing it."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.selectors import user_of
from analytics.figures.reading import currencies
from analytics.month_end.closing import close_month
from analytics.month_end.months import Month
from analytics.month_end.page import MonthListPage, MonthPage
from core.access import staff
from core.errors import DomainError


@staff("analytics_view")
@never_cache
@require_safe
def month_list(request: HttpRequest) -> HttpResponse:
    """Show the months since the first sale, with what they come to and whether they are closed."""
    page = MonthListPage(request, _currency(request.GET.get("currency", "")), currencies())
    return render(request, "analytics/months.html", {"list": page, "page": page.page})


@staff("analytics_view")
@never_cache
@require_safe
def month_detail(request: HttpRequest, month: str) -> HttpResponse:
    """Show a month: its checklist and figures, or what was kept of it beside what it comes to now."""
    page = MonthPage(request, _month(month), _currency(request.GET.get("currency", "")))
    return render(request, "analytics/month.html", {"month_page": page, "page": page.since})


@staff("settings_manage")
@never_cache
@require_POST
def month_close(request: HttpRequest, month: str) -> HttpResponse:
    """Keep what a month comes to, once."""
    wanted, currency = _month(month), _currency(request.POST.get("currency", ""))
    try:
        close_month(wanted, currency, actor=user_of(request))
    except DomainError as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, f"{wanted.title} is closed in {currency}. Its figures are kept as they are now.")
    return redirect(reverse("analytics:month", args=[str(wanted)], query={"currency": currency}))


def _month(text: str) -> Month:
    month = Month.named(text)
    if month is None:
        raise Http404("that is no month of this shop")
    return month


def _currency(wanted: str) -> str:
    offered = currencies()
    return wanted if wanted in offered else offered[0]
