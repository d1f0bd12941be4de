"""Staff pages of drill-through: the rows that make up a figure."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from analytics.forms import read_selection
from analytics.kpis import KPIS
from core.access import staff
from core.http import paginate
from orders.models import SalesEntry


@staff("analytics_view")
@never_cache
@require_safe
def show_rows(request: HttpRequest, kpi: str) -> HttpResponse:
    """Show the rows that make up a figure."""
    if kpi not in KPIS:
        raise Http404
    selection = read_selection(request.GET.dict())
    days = (selection.window.start, selection.window.end)
    entries = SalesEntry.objects.filter(day__range=days, currency=selection.currency).select_related("order", "line")
    page = paginate(request, entries.exclude(kind=SalesEntry.Kind.SALE).order_by("at", "pk"), 50)
    context = {"kpi": KPIS[kpi], "selection": selection, "page": page}
    return render(request, "analytics/rows/rows.html", context)
