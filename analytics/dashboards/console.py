"""Staff pages of figures: the dashboard and what each figure means."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from analytics.dashboards.dashboard_page import SELLER_COLUMNS, dashboard, seller_rows
from analytics.figures.windows import PERIODS
from analytics.forms import read_selection
from analytics.kpis import ALL
from core.access import staff


@staff("analytics_view")
@never_cache
@require_safe
def show_dashboard(request: HttpRequest) -> HttpResponse:
    """Sales of the last 7, 30 or 90 days, or of any days, beside the days before them."""
    selection = read_selection(request.GET.dict())
    page = dashboard(selection)
    periods = [
        {
            "label": f"{days} days",
            "url": "?" + urlencode({"days": str(days), "currency": selection.currency}),
            "current": days == selection.period,
        }
        for days in PERIODS
    ]
    context = {
        "page": page,
        "periods": periods,
        "tiles": page.tiles,
        "groups": page.groups,
        "seller_columns": SELLER_COLUMNS,
        "seller_rows": seller_rows(page.sellers, selection.currency),
    }
    return render(request, "analytics/dashboard.html", context)


@staff("analytics_view")
@never_cache
@require_safe
def show_definitions(request: HttpRequest) -> HttpResponse:
    """What each figure means: formula, date, source, and when there is none."""
    return render(request, "analytics/definitions.html", {"kpis": ALL})
