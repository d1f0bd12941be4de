"""Staff pages of figures: each with its blocks, each block as a file, and what each figure means."""

from collections.abc import Callable

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.selectors import user_of
from analytics.dashboards.breakdown_page import breakdown
from analytics.dashboards.customers_page import customers
from analytics.dashboards.executive_page import executive
from analytics.dashboards.finance_page import finance
from analytics.dashboards.frame import Page
from analytics.dashboards.operations_page import operations
from analytics.dashboards.products_page import products
from analytics.dashboards.troubles import troubles_of
from analytics.figures.selection import Selection
from analytics.forms import read_selection
from analytics.kpis import ALL
from analytics.summary.subscribing import subscription_of
from core.access import staff

PAGES: dict[str, Callable[[Selection], Page]] = {
    "executive": executive,
    "operations": operations,
    "products": products,
    "customers": customers,
    "finance": finance,
    "breakdown": breakdown,
}


@staff("analytics_view")
@never_cache
@require_safe
def show_dashboard(request: HttpRequest) -> HttpResponse:
    """Sales of the days asked for, why they moved, what sold and what came back."""
    page = executive(read_selection(request.GET.dict()))
    may_see = request.user.has_perm("rbac.issues_view")
    context = {
        "page": page,
        "subscription": subscription_of(user_of(request)),
        "troubles": troubles_of(page.selection.window, page.selection.currency) if may_see else None,
    }
    return render(request, "analytics/executive.html", context)


@staff("analytics_view")
@never_cache
@require_safe
def show_operations(request: HttpRequest) -> HttpResponse:
    """What waits to be sent, whether payments succeed, and what runs out first."""
    return _show(request, "operations")


@staff("analytics_view")
@never_cache
@require_safe
def show_products(request: HttpRequest) -> HttpResponse:
    """What products earn, in the order asked for, a page of them."""
    page = products(read_selection(request.GET.dict()), request.GET.dict())
    return render(request, "analytics/products.html", {"page": page})


@staff("analytics_view")
@never_cache
@require_safe
def show_customers(request: HttpRequest) -> HttpResponse:
    """How many customers, who comes back, and where bags and wishes get lost."""
    return _show(request, "customers")


@staff("analytics_view")
@never_cache
@require_safe
def show_finance(request: HttpRequest) -> HttpResponse:
    """From gross sales to the total, and from there to the bank."""
    return _show(request, "finance")


@staff("analytics_view")
@never_cache
@require_safe
def show_breakdown(request: HttpRequest) -> HttpResponse:
    """Net sales by product, category, country, discount code, or new and existing customers."""
    page = breakdown(read_selection(request.GET.dict()), request.GET.dict())
    return render(request, "analytics/breakdown.html", {"page": page})


@staff("analytics_view")
@never_cache
@require_safe
def show_block(request: HttpRequest, page: str, block: str) -> HttpResponse:
    """The numbers of one block as CSV: those that its page shows, so reading them is not recorded as an export is."""
    selection = read_selection(request.GET.dict())
    found = PAGES[page](selection).block(block) if page in PAGES else None
    if found is None:
        raise Http404
    name = f"{page}_{block}_{selection.window.start}_{selection.window.end}_{selection.currency}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(found.table.csv(), content_type="text/csv; charset=utf-8", headers=headers)


@staff("analytics_view")
@never_cache
@require_safe
def show_definitions(request: HttpRequest) -> HttpResponse:
    """What each figure means: formula, date, source, and when there is none."""
    return render(request, "analytics/definitions.html", {"kpis": ALL})


def _show(request: HttpRequest, key: str) -> HttpResponse:
    page = PAGES[key](read_selection(request.GET.dict()))
    return render(request, f"analytics/{key}.html", {"page": page})
