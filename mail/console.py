"""Staff pages: what was sent to whom, how it looked, and sending it again."""

import re
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.csp import CSP
from django.utils.formats import date_format
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.csp import csp_override
from django.views.decorators.http import require_POST, require_safe

from core.access import staff
from core.acts import announce
from core.errors import DomainError
from core.http import paginate
from mail.forms import MailFilterForm
from mail.models import OutgoingMail
from mail.services import resend

FRAMES_ITS_PREVIEW: dict[str, Any] = {**settings.SECURE_CSP, "frame-src": [CSP.SELF]}
# Mail clients know no style sheets, so mails carry their styles inline: allowed here, in a frame without any rights.
PREVIEW_ONLY: dict[str, Any] = {
    "default-src": [CSP.NONE],
    "style-src": [CSP.UNSAFE_INLINE],
    "img-src": [CSP.SELF, "data:"],
    "base-uri": [CSP.NONE],
    "form-action": [CSP.NONE],
    "frame-ancestors": [CSP.SELF],
}
LINK = re.compile(r"https?://[^\s<>\"]+[^\s<>\".,;:!?)]")


@staff("mail_view")
@require_safe
def mail_list(request: HttpRequest) -> HttpResponse:
    """Show the messages, newest first, narrowed by recipient, kind and state."""
    form = MailFilterForm(request.GET)
    form.set_kinds(OutgoingMail.objects.kinds())
    form.is_valid()
    mails = OutgoingMail.objects.without_bodies().matching(**form.usable())
    page = paginate(request, mails)
    return render(request, "mail/list.html", {"form": form, "page": page, "is_narrowed": bool(form.usable())})


@staff("mail_view")
@require_safe
@csp_override(FRAMES_ITS_PREVIEW)
def mail_detail(request: HttpRequest, mail_id: int) -> HttpResponse:
    """Show one message with its headers, its text, its links and a preview."""
    mail = get_object_or_404(OutgoingMail, pk=mail_id)
    links = list(dict.fromkeys(LINK.findall(mail.text_body))) if mail.is_readable else []
    return render(request, "mail/detail.html", {"mail": mail, "links": links, "facts": facts_about(mail)})


@staff("mail_view")
@require_safe
@xframe_options_sameorigin
@csp_override(PREVIEW_ONLY)
def mail_preview(request: HttpRequest, mail_id: int) -> HttpResponse:
    """Return the HTML of a message for the sandboxed frame of its page."""
    mail = get_object_or_404(OutgoingMail, pk=mail_id)
    if not mail.is_readable:
        raise PermissionDenied
    return HttpResponse(mail.html_body)


@staff("mail_view")
@require_POST
def mail_resend(request: HttpRequest, mail_id: int) -> HttpResponse:
    """Queue a message once more; the act is recorded."""
    mail = get_object_or_404(OutgoingMail, pk=mail_id)
    try:
        with transaction.atomic():
            resend(mail.pk)
            announce(request, "mail.resent", subject=mail)
    except DomainError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, "The message is queued and will be sent again within a minute.")
    return redirect("mail:detail", mail_id=mail.pk)


def facts_about(mail: OutgoingMail) -> list[dict[str, Any]]:
    """Return the headers and the delivery of a message as terms and values."""
    facts: list[dict[str, Any]] = [
        {"term": "To", "value": mail.recipient},
        {"term": "From", "value": settings.DEFAULT_FROM_EMAIL},
        {"term": "Message-ID", "value": mail.message_id, "code": True},
        *([{"term": "Key", "value": mail.key, "code": True}] if mail.is_readable else []),
        {"term": "Written", "value": moment(mail.created_at)},
        {"term": "Attempts", "value": mail.attempts},
    ]
    if mail.sent_at:
        facts.append({"term": "Sent", "value": moment(mail.sent_at)})
    elif mail.state == OutgoingMail.State.QUEUED and mail.attempts:
        facts.append({"term": "Next attempt", "value": moment(mail.next_attempt_at)})
    return facts


def moment(at: datetime) -> str:
    """Return a moment as the console writes it, in the store's zone."""
    return date_format(timezone.localtime(at), "j M Y, H:i")
