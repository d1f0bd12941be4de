"""Staff pages of files: what can be exported, and the files themselves."""

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from analytics.exports.datasets import DATASETS
from analytics.exports.exporting import export
from analytics.forms import read_selection
from audit.recording import record
from core.access import staff

PERSONAL = "rbac.personal_export"


@staff("exports_run")
@never_cache
@require_safe
def show_exports(request: HttpRequest) -> HttpResponse:
    """What can be exported, for which days and in which currency."""
    may_see_people = request.user.has_perm(PERSONAL)
    datasets = [(one, one.columns_for(with_personal=may_see_people)) for one in DATASETS.values()]
    context = {"selection": read_selection(request.GET.dict()), "datasets": datasets, "may_see_people": may_see_people}
    return render(request, "analytics/exports.html", context)


@staff("exports_run")
@never_cache
@require_POST
def download(request: HttpRequest, dataset: str) -> HttpResponseBase:
    """Stream one file. A POST, for each export is recorded; `excel=1` begins it with a byte order mark."""
    wanted = DATASETS.get(dataset)
    if wanted is None:
        raise Http404
    given = {**request.GET.dict(), **request.POST.dict()}
    selection, with_personal = read_selection(given), request.user.has_perm(PERSONAL)
    if selection.notices:
        context = {"selection": selection, "datasets": [(wanted, wanted.columns_for(with_personal=with_personal))]}
        return render(request, "analytics/exports.html", context, status=422)
    record(
        "export.run", request=request, changes={"dataset": wanted.name, "personal": with_personal, **selection.query}
    )
    pieces = export(
        wanted, selection.window, selection.currency, with_personal=with_personal, for_excel=given.get("excel") == "1"
    )
    name = f"{wanted.name}_{selection.window.start}_{selection.window.end}_{selection.currency}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Accel-Buffering": "no"}
    return StreamingHttpResponse(pieces, content_type="text/csv; charset=utf-8", headers=headers)
