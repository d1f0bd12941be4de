"""The audit record for those who may read it: a list with filters, and one act."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.models import User, canonical_email
from audit.models import AuditOrigin, AuditRecord
from audit.selectors import known_actions, known_subjects, records
from console.audit_forms import AuditFilterForm
from core.access import staff
from core.http import paginate

ROWS = 50
PAGES = {
    "orders.order": "orders:console_detail",
    "mail.outgoingmail": "mail:detail",
    "payments.webhookevent": "payments:console_webhook",
}
LONGEST_ID = 18


@staff("audit_view")
@never_cache
@require_safe
def audit_list(request: HttpRequest) -> HttpResponse:
    """Show the acts, newest first, narrowed by action, outcome, person, subject and day."""
    form = AuditFilterForm(request.GET, actions=known_actions(), subjects=known_subjects())
    form.is_valid()
    asked = form.usable()
    actor = asked.pop("actor", "")
    rows = records(**asked, actor_id=_actor_id(actor) if actor else None)
    page = paginate(request, rows, ROWS)
    people = User.objects.in_bulk({row.actor_id for row in page if row.actor_id})
    shown = [(row, people.get(row.actor_id)) for row in page]
    context = {"form": form, "page": page, "rows": shown, "is_narrowed": bool(asked or actor)}
    return render(request, "console/audit.html", context)


@staff("audit_view")
@never_cache
@require_safe
def audit_detail(request: HttpRequest, record_id: int) -> HttpResponse:
    """Show one act with what changed and where it came from."""
    row = get_object_or_404(AuditRecord, pk=record_id)
    context = {
        "row": row,
        "person": User.objects.filter(pk=row.actor_id).first() if row.actor_id else None,
        "origin": AuditOrigin.objects.filter(record=row).first(),
        "subject_url": _subject_url(row),
        "changes": [_change(name, value) for name, value in row.changes.items()],
    }
    return render(request, "console/audit_record.html", context)


def _actor_id(text: str) -> int:
    """Return the number of the person that was asked for; 0, which nobody has, if there is no such person."""
    if text.isascii() and text.isdigit():
        return int(text) if len(text) <= LONGEST_ID else 0
    return User.objects.filter(email=canonical_email(text)).values_list("pk", flat=True).first() or 0


def _subject_url(row: AuditRecord) -> str:
    name = PAGES.get(row.subject_type)
    is_number = row.subject_id.isascii() and row.subject_id.isdigit()
    return reverse(name, args=[int(row.subject_id)]) if name and is_number else ""


def _change(name: str, value: Any) -> dict[str, Any]:
    is_pair = isinstance(value, list) and len(value) == 2
    return {
        "name": name,
        "before": value[0] if is_pair else None,
        "after": value[1] if is_pair else value,
        "is_pair": is_pair,
    }
