"""Staff pages of files that are made in the background: the list, one file, its manifest, calling it off."""

import uuid

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.files.base import File
from django.db import transaction
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.selectors import user_of
from analytics.exports.run_page import RunPage
from analytics.exports.running import asked_by
from analytics.exports.runs import cancel_export, export_again, may_have
from analytics.exports.scheduling import described
from analytics.exports.store import export_store
from analytics.exports.tabs import tabs
from analytics.exports.writing import content_type, file_name
from analytics.models import ExportRun
from audit.models import AuditRecord
from audit.recording import record
from core.access import staff
from core.errors import DomainError
from core.http import paginate

NOT_YOURS = "personal columns, or a dataset that the role may not export"


@staff("exports_run")
@never_cache
@require_safe
def run_list(request: HttpRequest) -> HttpResponse:
    """Show the files that were asked for, the latest first."""
    runs = ExportRun.objects.select_related("requested_by").order_by("-requested_at", "pk")
    page = paginate(request, runs.defer("manifest"))
    pages = [RunPage(run, user_of(request)) for run in page]
    return render(request, "analytics/exports_runs.html", {"page": page, "runs": pages, "tabs": tabs("export_runs")})


@staff("exports_run")
@never_cache
@require_safe
def run_detail(request: HttpRequest, run_id: uuid.UUID) -> HttpResponse:
    """Show one file: how far it has come, or what it holds and until when it is kept."""
    run = get_object_or_404(ExportRun.objects.select_related("requested_by"), pk=run_id)
    return render(request, "analytics/exports_run.html", {"run_page": RunPage(run, user_of(request))})


@staff("exports_run")
@never_cache
@require_POST
def run_file(request: HttpRequest, run_id: uuid.UUID) -> HttpResponseBase:
    """Hand out a file, and record it. A POST, for a GET changes nothing and so could not be recorded."""
    run = _allowed(request, run_id, act="export.download")
    if not run.is_done or not export_store().exists(run.file):
        messages.error(request, "This file is no longer kept. Ask for it again.")
        return redirect(run)
    record("export.download", subject=run, request=request, changes=described(run))
    asked = asked_by(run)
    file: File = export_store().open(run.file)
    name, kind = file_name(asked, run.format), content_type(asked, run.format)
    return FileResponse(file, as_attachment=True, filename=name, content_type=kind)


@staff("exports_run")
@never_cache
@require_safe
def run_manifest(request: HttpRequest, run_id: uuid.UUID) -> HttpResponse:
    """Say as JSON what a file holds, how it was made, and its SHA-256."""
    run = _allowed(request, run_id, act="export.manifest")
    if not run.sha256:
        raise Http404("there is no file yet")
    return JsonResponse(run.manifest, json_dumps_params={"indent": 2})


@staff("exports_run")
@require_POST
def run_cancel(request: HttpRequest, run_id: uuid.UUID) -> HttpResponse:
    """Call off a file that is not written yet."""
    run = _allowed(request, run_id, act="export.canceled")
    try:
        with transaction.atomic():
            cancel_export(run)
            record("export.canceled", subject=run, request=request)
    except DomainError as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, "The file is canceled.")
    return redirect(run)


@staff("exports_run")
@require_POST
def run_again(request: HttpRequest, run_id: uuid.UUID) -> HttpResponse:
    """Ask for the same file once more."""
    run = _allowed(request, run_id, act="export.run")
    try:
        with transaction.atomic():
            new = export_again(run, actor=user_of(request))
            record("export.run", subject=new, request=request, changes=described(new))
    except DomainError as refusal:
        messages.error(request, refusal.message)
        return redirect(run)
    messages.success(request, "The file is being written again.")
    return redirect(new)


def _allowed(request: HttpRequest, run_id: uuid.UUID, *, act: str) -> ExportRun:
    """Return a file that this person may have; else record the refusal and raise PermissionDenied."""
    run = get_object_or_404(ExportRun, pk=run_id)
    if not may_have(user_of(request), run):
        refused = AuditRecord.Outcome.REFUSED
        record(act, subject=run, request=request, outcome=refused, changes=described(run), reason=NOT_YOURS)
        raise PermissionDenied
    return run
