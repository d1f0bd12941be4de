"""Staff pages of drill-through: the rows that make up a figure, and the same as a file."""

from django.http import Http404, HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from analytics.rows.asking import Asked
from analytics.rows.asking_forms import read_asked
from analytics.rows.files import csv_of
from analytics.rows.links import EVERY
from analytics.rows.reading import RowSet
from analytics.rows.restatements_page import restatements_page
from analytics.rows.rows_page import rows_page
from audit.recording import record
from core.access import staff

PERSONAL = "rbac.personal_export"


@staff("analytics_view")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def show_rows(request: HttpRequest, kpi: str) -> HttpResponseBase:
    """Show the rows that make up a figure; a POST answers with all of them as a file."""
    asked = read_asked(kpi, request.GET.dict())
    if asked is None:
        raise Http404
    if request.method == "POST":
        return download_rows(request, asked)
    page = rows_page(request, asked, with_personal=request.user.has_perm(PERSONAL))
    return render(request, "analytics/rows/rows.html", {"rows": page, "page": page.page, "kpi": asked.kpi})


@staff("exports_run")
def download_rows(request: HttpRequest, asked: Asked) -> HttpResponseBase:
    """Stream the rows as a file. Each is recorded, as every export is; `excel=1` begins it with a byte order mark."""
    if asked.notices:
        page = rows_page(request, asked, with_personal=request.user.has_perm(PERSONAL))
        context = {"rows": page, "page": page.page, "kpi": asked.kpi}
        return render(request, "analytics/rows/rows.html", context, status=422)
    with_personal = request.user.has_perm(PERSONAL)
    given = {name: cell.given for name, cell in asked.cells.items()}
    days = {"from": str(asked.whole.start), "to": str(asked.whole.end), "currency": asked.currency or EVERY}
    changes = {"dataset": f"rows/{asked.kpi.id}", "personal": with_personal, **days, **given}
    record("export.run", request=request, changes=changes)
    pieces = csv_of(RowSet(asked), with_personal=with_personal, for_excel=request.POST.get("excel") == "1")
    name = f"{asked.kpi.id}_rows_{asked.window.start}_{asked.window.end}_{asked.currency or EVERY}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Accel-Buffering": "no"}
    return StreamingHttpResponse(pieces, content_type="text/csv; charset=utf-8", headers=headers)


@staff("analytics_view")
@never_cache
@require_safe
def show_restatements(request: HttpRequest) -> HttpResponseBase:
    """Show why days that were over came to other figures afterwards."""
    shown = restatements_page(request)
    return render(request, "analytics/rows/restatements.html", {"shown": shown, "page": shown.page})
