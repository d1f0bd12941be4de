"""Staff pages: the dashboard of the checks, the list of issues, an issue, and what is done with it."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.selectors import user_of
from audit.recording import record
from core.access import staff
from core.errors import DomainError
from core.http import paginate, safe_next
from monitoring import issues, selectors
from monitoring.forms import IssueFilterForm, MuteForm, NoteForm
from monitoring.issue_page import IssuePage
from monitoring.jobs import run_checks_for
from monitoring.models import CheckResult, CheckRun, Issue
from monitoring.registry import CHECKS, Check
from monitoring.repairs import repair
from monitoring.running import run_checks

DASHBOARD = "monitoring:dashboard"


@staff("issues_view")
@never_cache
@require_safe
def dashboard(request: HttpRequest) -> HttpResponse:
    """Show whether everything agrees, and every check with its last result."""
    return render(request, "monitoring/dashboard.html", {"dashboard": selectors.dashboard()})


@staff("checks_run")
@never_cache
@require_POST
def run(request: HttpRequest) -> HttpResponse:
    """Let the worker run every check now."""
    run_checks_for.enqueue(user_of(request).pk)
    record("checks.run", request=request, changes={"check": "all"})
    messages.success(request, "The checks will run in a moment. Reload this page to see their results.")
    return redirect(DASHBOARD)


@staff("checks_run")
@never_cache
@require_POST
def run_one(request: HttpRequest, check_id: str) -> HttpResponse:
    """Run one check at once: its time is limited."""
    check = CHECKS.get(check_id)
    if check is None:
        raise Http404
    record("checks.run", request=request, changes={"check": check_id})
    _look_again(request, check)
    return redirect(safe_next(request, DASHBOARD))


@staff("issues_view")
@never_cache
@require_safe
def issue_list(request: HttpRequest) -> HttpResponse:
    """Show the issues, the latest seen first, narrowed by state, severity and check."""
    form = IssueFilterForm(request.GET)
    form.is_valid()
    page = paginate(request, selectors.listed_issues(**form.usable()))
    rows = [(issue, CHECKS[issue.check_id].title if issue.check_id in CHECKS else issue.check_id) for issue in page]
    context = {"form": form, "page": page, "rows": rows, "is_narrowed": bool(form.usable())}
    return render(request, "monitoring/issues.html", context)


@staff("issues_view")
@never_cache
@require_safe
def issue_detail(request: HttpRequest, issue_id: int) -> HttpResponse:
    """Show one issue: evidence, what to do, history."""
    return _issue_page(request, issue_id)


@staff("issues_manage")
@never_cache
@require_POST
def issue_acknowledge(request: HttpRequest, issue_id: int) -> HttpResponse:
    """Take an issue on."""
    return _act(request, issue_id, issues.acknowledge, "The issue is yours.")


@staff("issues_manage")
@never_cache
@require_POST
def issue_resolve(request: HttpRequest, issue_id: int) -> HttpResponse:
    """Call an issue dealt with."""
    return _act(request, issue_id, issues.resolve, "Resolved. If the fault is found again, the issue comes back.")


@staff("issues_manage")
@never_cache
@require_POST
def issue_reopen(request: HttpRequest, issue_id: int) -> HttpResponse:
    """Open an issue again."""
    return _act(request, issue_id, issues.reopen, "The issue is open again.")


@staff("issues_manage")
@never_cache
@require_POST
def issue_mute(request: HttpRequest, issue_id: int) -> HttpResponse:
    """Keep an issue quiet for a while."""
    form = MuteForm(request.POST, auto_id="mute-%s")
    if not form.is_valid():
        return _issue_page(request, issue_id, mute_form=form, status=422)
    return _act(request, issue_id, issues.mute, "The issue is muted.", **form.cleaned_data)


@staff("issues_manage")
@never_cache
@require_POST
def issue_note(request: HttpRequest, issue_id: int) -> HttpResponse:
    """Add a note."""
    form = NoteForm(request.POST, auto_id="note-%s")
    if not form.is_valid():
        return _issue_page(request, issue_id, note_form=form, status=422)
    return _act(request, issue_id, issues.add_note, "The note is kept.", **form.cleaned_data)


@staff("checks_run")
@never_cache
@require_POST
def issue_repair(request: HttpRequest, issue_id: int) -> HttpResponse:
    """Repair the thing of an issue, then look again."""
    issue = get_object_or_404(Issue, pk=issue_id)
    try:
        messages.success(request, repair(issue.pk, actor=user_of(request), request=request))
    except DomainError as refusal:
        messages.error(request, refusal.message)
    else:
        _look_again(request, CHECKS[issue.check_id])
    return redirect(issue)


def _act(request: HttpRequest, issue_id: int, act: Callable[..., object], done: str, **arguments: Any) -> HttpResponse:
    issue = get_object_or_404(Issue, pk=issue_id)
    try:
        act(issue.pk, actor=user_of(request), request=request, **arguments)
    except DomainError as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, done)
    return redirect(issue)


def _issue_page(
    request: HttpRequest,
    issue_id: int,
    *,
    mute_form: MuteForm | None = None,
    note_form: NoteForm | None = None,
    status: int = 200,
) -> HttpResponse:
    issue = get_object_or_404(Issue.objects.select_related("owner"), pk=issue_id)
    context = {
        "page": IssuePage(issue, user_of(request)),
        "issue": issue,
        "mute_form": mute_form or MuteForm(auto_id="mute-%s"),
        "note_form": note_form or NoteForm(auto_id="note-%s"),
    }
    return render(request, "monitoring/issue.html", context, status=status)


def _look_again(request: HttpRequest, check: Check) -> None:
    """Run one check and say what it came to."""
    try:
        done = run_checks([check], trigger=CheckRun.Trigger.PERSON, is_full=False, actor=user_of(request))
    except DomainError as refusal:
        messages.error(request, refusal.message)
        return
    result = done.left[0]
    if result.status == CheckResult.Status.PASSED:
        messages.success(request, f"{check.id} passed: {result.examined:,} rows examined, nothing wrong.")
    elif result.status == CheckResult.Status.ISSUES:
        messages.warning(request, f"{check.id} found {result.open} open {'issue' if result.open == 1 else 'issues'}.")
    else:
        messages.error(request, f"{check.id} could not run; its issues stay as they are.")
