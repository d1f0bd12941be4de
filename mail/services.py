"""Writing a message, and sending one again."""

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.template import Context, TemplateDoesNotExist
from django.template.loader import get_template
from django.utils import timezone

from core.context_processors import store_facts
from core.errors import NotAllowedInState
from mail.delivery import deliver_due_mail_task
from mail.models import OutgoingMail, new_message_id

SUBJECT_LENGTH = OutgoingMail._meta.get_field("subject").max_length


@transaction.atomic
def queue_mail(
    *, key: str, kind: str, recipient: str, context: Mapping[str, Any], is_secret: bool = False
) -> OutgoingMail:
    """Write a message in the caller's transaction; it is sent soon after that commits, or never if it does not.

    Renders `mail/<kind>_subject.txt`, `mail/<kind>.txt` and, if there is one, `mail/<kind>.html` at once, with
    `context`, `subject` and the facts of the store. Safe to repeat: the same key returns the first message.
    `is_secret` says that it holds a link which signs its recipient in: staff do not see the text.
    """
    if existing := OutgoingMail.objects.filter(key=key).first():
        return existing
    values = {**store_facts(), **context}
    subject = " ".join(_plain(f"mail/{kind}_subject.txt", values).split())[:SUBJECT_LENGTH]
    values["subject"] = subject
    mail = OutgoingMail(
        key=key,
        kind=kind,
        recipient=recipient,
        subject=subject,
        text_body=_plain(f"mail/{kind}.txt", values).strip() + "\n",
        html_body=_markup(f"mail/{kind}.html", values),
        is_secret=is_secret,
    )
    try:
        with transaction.atomic():
            mail.save(force_insert=True)
    except IntegrityError:  # somebody has written it since
        return OutgoingMail.objects.get(key=key)
    deliver_due_mail_task.enqueue()
    return mail


@transaction.atomic
def resend(mail_id: int) -> OutgoingMail:
    """Queue a message that was sent, or given up, once more, under a new Message-ID so that it is shown again.

    Raises NotAllowedInState while it still waits to be sent.
    """
    mail = OutgoingMail.objects.lock().get(pk=mail_id)
    if mail.state == OutgoingMail.State.QUEUED:
        raise NotAllowedInState("This message is still waiting to be sent; there is nothing to repeat yet.")
    mail.state = OutgoingMail.State.QUEUED
    mail.attempts, mail.last_error = 0, ""
    mail.sent_at, mail.lease_until = None, None
    mail.next_attempt_at = timezone.now()
    mail.message_id = new_message_id()
    mail.save()
    deliver_due_mail_task.enqueue()
    return mail


def _plain(template: str, values: Mapping[str, Any]) -> str:
    """Render without escaping: in plain text `&amp;` would be read as it stands."""
    compiled: Any = get_template(template)
    return compiled.template.render(Context(dict(values), autoescape=False))


def _markup(template: str, values: Mapping[str, Any]) -> str:
    try:
        found = get_template(template)
    except TemplateDoesNotExist:
        return ""
    return found.render(dict(values))
