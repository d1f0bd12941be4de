"""Staff pages of questions: asking one, having it as a file, and keeping it."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.selectors import user_of
from analytics.exports.asking_forms import offered
from analytics.exports.console import as_download
from analytics.exports.datasets import DATASETS, Dataset
from analytics.exports.exporting import csv_pieces
from analytics.exports.runs import columns_for, may_export
from analytics.exports.writing import content_type, file_name
from analytics.models import FileFormat, SavedQuestion
from analytics.questions.answering import Answer
from analytics.questions.asking_forms import read_question
from analytics.questions.question import Question
from analytics.questions.question_page import question_page
from analytics.questions.saving import (
    LONGEST_TITLE,
    OVERSEES,
    change_question,
    delete_question,
    may_change,
    save_question,
    visible_to,
)
from audit.models import AuditRecord
from audit.recording import record
from core.access import staff
from core.errors import DomainError
from core.http import page_number, paginate

SAVED_ID = "saved"
LONGEST_ADDRESS = 8_000


@staff("exports_run")
@never_cache
@require_safe
def question_list(request: HttpRequest) -> HttpResponse:
    """What can be asked, and what people keep asking."""
    user = user_of(request)
    page = paginate(request, visible_to(user))
    saved = [(one, may_change(user, one)) for one in page]
    return render(request, "analytics/questions/list.html", {"shelves": offered(user), "saved": saved, "page": page})


@staff("exports_run")
@never_cache
@require_safe
def question_ask(request: HttpRequest, dataset: str) -> HttpResponse:
    """The answer to a question, whose address says all of it."""
    user, asked = user_of(request), _question(request, dataset)
    wanted = page_number(request, param=SAVED_ID) if SAVED_ID in request.GET else None
    saved = visible_to(user).filter(pk=wanted, dataset=dataset).first() if wanted else None
    can_change = saved is not None and may_change(user, saved)
    page = question_page(request, asked, columns_for(user, asked.dataset), saved, may_change=can_change)
    context = {"page": page, "question": asked, "longest_title": LONGEST_TITLE}
    return render(request, "analytics/questions/ask.html", context)


@staff("exports_run")
@never_cache
@require_POST
def question_file(request: HttpRequest, dataset: str) -> HttpResponseBase:
    """Stream exactly this answer as CSV; a POST, for each export is recorded."""
    question = _question(request, dataset)
    asked = Answer(question).as_file()
    record("export.run", request=request, changes=_changes(question))
    contents = (piece.content for piece in csv_pieces(asked))
    name = f"question_{file_name(asked, FileFormat.CSV)}"
    return as_download(contents, name=name, content_type=content_type(asked, FileFormat.CSV))


@staff("exports_run")
@never_cache
@require_POST
def question_save(request: HttpRequest, dataset: str) -> HttpResponse:
    """Keep the question that the address asks."""
    user, question = user_of(request), _question(request, dataset)
    title, is_shared = request.POST.get("title", ""), request.POST.get("shared") == "on"
    query, saved = question.query, None
    try:
        saved = save_question(
            title=title, dataset=dataset, query=query, is_shared=is_shared, actor=user, request=request
        )
        messages.success(request, f"“{saved.title}” is saved.")
    except DomainError as error:
        messages.error(request, error.message)
    return redirect(saved or _address(dataset, query))


@staff("exports_run")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def question_edit(request: HttpRequest, question_id: int) -> HttpResponse:
    """Rename a question, share it, or no longer."""
    user = user_of(request)
    saved = _changeable(request, question_id)
    if request.method != "POST":
        return render(request, "analytics/questions/edit.html", {"saved": saved, "longest_title": LONGEST_TITLE})
    try:
        change_question(
            saved,
            title=request.POST.get("title", ""),
            is_shared=request.POST.get("shared") == "on",
            actor=user,
            request=request,
        )
    except DomainError as error:
        messages.error(request, error.message)
        return redirect("analytics:question_edit", saved.pk)
    messages.success(request, f"“{saved.title}” is saved.")
    return redirect("analytics:questions")


@staff("exports_run")
@never_cache
@require_POST
def question_delete(request: HttpRequest, question_id: int) -> HttpResponse:
    """Delete a question that was kept; the data it asks stays what it is."""
    saved = _changeable(request, question_id)
    title = saved.title
    delete_question(saved, actor=user_of(request), request=request)
    messages.success(request, f"“{title}” is deleted.")
    return redirect("analytics:questions")


def _changeable(request: HttpRequest, question_id: int) -> SavedQuestion:
    """Return a question that whoever asks may change. Raises Http404 for one they cannot even see."""
    user = user_of(request)
    seen = SavedQuestion.objects.all() if user.has_perm(OVERSEES) else visible_to(user)
    saved = get_object_or_404(seen, pk=question_id)
    if not may_change(user, saved):
        record("question.change", subject=saved, request=request, outcome=AuditRecord.Outcome.REFUSED)
        raise PermissionDenied
    return saved


def _question(request: HttpRequest, name: str) -> Question:
    user, dataset = user_of(request), _dataset(request, name)
    return read_question(dataset, columns_for(user, dataset), request.GET)


def _dataset(request: HttpRequest, name: str) -> Dataset:
    dataset = DATASETS.get(name)
    if dataset is None:
        raise Http404("there is no such dataset")
    if not may_export(user_of(request), dataset):
        refused = AuditRecord.Outcome.REFUSED
        record("question.ask", request=request, outcome=refused, changes={"dataset": name}, reason=dataset.permission)
        raise PermissionDenied
    return dataset


def _changes(question: Question) -> dict[str, object]:
    """Return what the record of acts keeps of a question: its columns, never what they are compared with."""
    return {
        "dataset": question.dataset.name,
        "personal": question.with_personal,
        "conditions": [f"{one.column.name}:{one.operator}" for one in question.conditions],
        "groups": [group.name for group in question.groups],
        **question.selection.query,
    }


def _address(dataset: str, query: str) -> str:
    """Return the address that asks a question; of one that no address can hold, only its table."""
    address = reverse("analytics:question", args=[dataset])
    return f"{address}?{query}" if len(query) <= LONGEST_ADDRESS else address
