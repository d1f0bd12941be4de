"""Staff pages of figures: each with its blocks, each block as a file, and what each figure means."""

from collections.abc import Callable

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from analytics.dashboards.executive_page import executive
from analytics.dashboards.frame import Page
from analytics.figures.selection import Selection
from analytics.forms import read_selection
from analytics.kpis import ALL
from core.access import staff

PAGES: dict[str, Callable[[Selection], Page]] = {"executive": executive}


@staff("analytics_view")
@never_cache
@require_safe
def show_dashboard(request: HttpRequest) -> HttpResponse:
    """Sales of the days asked for, why they moved, what sold and what came back."""
    return _show(request, "executive")


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
