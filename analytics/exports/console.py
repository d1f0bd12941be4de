"""Staff pages of files: what can be exported, choosing of it, and a file at once or in the background."""

from collections.abc import Iterator

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from accounts.selectors import user_of
from analytics.exports.asking_forms import FileForm, Wish, offered, read_wish
from analytics.exports.datasets import DATASETS, Dataset
from analytics.exports.exporting import csv_pieces
from analytics.exports.parquet import MISSING, is_available
from analytics.exports.runs import PERSONAL, columns_for, may_export, queue_export
from analytics.exports.tabs import tabs
from analytics.exports.writing import compressed, content_type, file_name
from analytics.forms import read_selection
from analytics.models import FileFormat
from audit.models import AuditRecord
from audit.recording import record
from core.access import staff


@staff("exports_run")
@never_cache
@require_safe
def show_exports(request: HttpRequest) -> HttpResponse:
    """What can be exported, for which days and in which currency."""
    user = user_of(request)
    shelves = [
        (shelf, [(dataset, columns_for(user, dataset)) for dataset in datasets]) for shelf, datasets in offered(user)
    ]
    selection = read_selection(request.GET.dict())
    window = selection.window
    days = {"from": f"{window.start}", "to": f"{window.end}", "currency": selection.currency}
    context = {
        "selection": selection,
        "as_days": urlencode(days),
        "shelves": shelves,
        "may_see_people": user.has_perm(PERSONAL),
        "tabs": tabs("exports"),
    }
    return render(request, "analytics/exports.html", context)


@staff("exports_run")
@never_cache
@require_safe
def export_new(request: HttpRequest, dataset: str) -> HttpResponse:
    """Choose the days, the columns and the format of a file."""
    user = user_of(request)
    return _chooser(request, read_wish(user, _dataset(request, user, dataset), request.GET), status=200)


@staff("exports_run")
@never_cache
@require_POST
def download(request: HttpRequest, dataset: str) -> HttpResponseBase:
    """Stream one file, or have it made in the background (`act=later`, and Parquet always).

    A POST, for each export is recorded; `excel=1` begins the file with a byte order mark.
    """
    user = user_of(request)
    wish = read_wish(user, _dataset(request, user, dataset), request.GET, request.POST)
    if wish.notices:
        return _chooser(request, wish, status=422)
    if wish.is_for_later:
        return _later(request, user, wish)
    record("export.run", request=request, changes=wish.changes)
    contents = (piece.content for piece in csv_pieces(wish.asked))
    return as_download(
        compressed(contents) if wish.file_format == FileFormat.GZIP else contents,
        name=file_name(wish.asked, wish.file_format),
        content_type=content_type(wish.asked, wish.file_format),
    )


def as_download(contents: Iterator[bytes], *, name: str, content_type: str) -> StreamingHttpResponse:
    """Return a file that is sent as it is read, and that browsers save instead of showing."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Accel-Buffering": "no"}
    return StreamingHttpResponse(contents, content_type=content_type, headers=headers)


def _later(request: HttpRequest, user: User, wish: Wish) -> HttpResponse:
    with transaction.atomic():
        run = queue_export(wish.asked, wish.file_format, actor=user)
        record("export.run", subject=run, request=request, changes=wish.changes)
    messages.success(request, "The file is being written. This page shows how far it has come.")
    return redirect(run)


def _chooser(request: HttpRequest, wish: Wish, *, status: int) -> HttpResponse:
    context = {
        "wish": wish,
        "form": FileForm(wish),
        "notices": wish.notices,
        "without_parquet": "" if is_available() else MISSING,
        "may_see_people": len(wish.offered) == len(wish.dataset.columns),
    }
    return render(request, "analytics/exports_new.html", context, status=status)


def _dataset(request: HttpRequest, user: User, name: str) -> Dataset:
    dataset = DATASETS.get(name)
    if dataset is None:
        raise Http404("there is no such dataset")
    if not may_export(user, dataset):
        refused = AuditRecord.Outcome.REFUSED
        record("export.run", request=request, outcome=refused, changes={"dataset": name}, reason=dataset.permission)
        raise PermissionDenied
    return dataset
