"""Sending what waits: one message at a time, each under a lease, its outcome written right after the send."""

import smtplib
import time
from datetime import datetime

import structlog
from django.conf import settings
from django.core.mail import EmailMultiAlternatives, mailers
from django.core.mail.backends.base import BaseEmailBackend
from django.db import OperationalError, connection
from django.tasks import task
from django.utils import timezone

from core.leases import backoff, claim, held
from mail.models import OutgoingMail

LEASE_SECONDS = 120  # longer than one send can take: the mail server has 20 s for each of its answers
MAX_ATTEMPTS = 8
RECORDING_ATTEMPTS = 10
log = structlog.get_logger("purelaka.mail")


def deliver_due_mail(limit: int = 200) -> int:
    """Send up to `limit` messages that are due and return how many went out. Any number of workers may call it.

    A worker that is killed before the send leaves a lease, and the next one sends when it has run out; killed between
    the mail server's yes and the commit that follows at once, the message goes twice, under the same Message-ID.
    """
    sent = 0
    outbox = Outbox()
    try:
        for _ in range(limit):
            mails = claim(OutgoingMail.objects.due(), limit=1, seconds=LEASE_SECONDS)
            if not mails:
                break
            sent += deliver(mails[0], outbox)
    finally:
        outbox.close()
    return sent


@task
def deliver_due_mail_task() -> int:
    """Wake a worker for mail that was just queued."""
    return deliver_due_mail()


class Outbox:
    """One connection to the mail server for a whole batch, opened by the first message, renewed after an error."""

    def __init__(self) -> None:
        self._backend: BaseEmailBackend | None = None

    def send(self, message: EmailMultiAlternatives) -> None:
        """Hand a message to the mail server. Raises what the server or the network raises."""
        if self._backend is None:
            self._backend = mailers.default
            self._backend.open()
        if self._backend.send_messages([message]) == 0:
            raise smtplib.SMTPException("the mail server took no message")

    def close(self) -> None:
        """Close the connection; the next message opens another."""
        backend, self._backend = self._backend, None
        if backend is not None:
            backend.close()


def deliver(mail: OutgoingMail, outbox: Outbox) -> bool:
    """Send one claimed message and record the outcome; return whether it went out."""
    try:
        outbox.send(as_email(mail))
    except Exception as error:  # noqa: BLE001  a message that cannot be sent must not hold up the others
        outbox.close()
        record_failure(mail, error)
        return False
    record_sent(mail, at=timezone.now())
    return True


def as_email(mail: OutgoingMail) -> EmailMultiAlternatives:
    """Return the message as it goes to the mail server."""
    email = EmailMultiAlternatives(
        subject=mail.subject,
        body=mail.text_body,
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[mail.recipient],
        headers={"Message-ID": mail.message_id, "Auto-Submitted": "auto-generated"},
    )
    if mail.html_body:
        email.attach_alternative(mail.html_body, "text/html")
    return email


def record_sent(mail: OutgoingMail, *, at: datetime) -> None:
    """Write that a message went out. A locked database is asked again: giving up would send the message twice."""
    for attempt in range(1, RECORDING_ATTEMPTS + 1):
        try:
            held(mail).update(state=OutgoingMail.State.SENT, sent_at=at, lease_until=None, last_error="")
        except OperationalError:
            if attempt == RECORDING_ATTEMPTS or connection.in_atomic_block:
                raise
            log.warning("mail_outcome_not_recorded_yet", mail_id=mail.pk, attempt=attempt)
            connection.close()
            time.sleep(1)
        else:
            break
    log.info("mail_sent", mail_id=mail.pk, kind=mail.kind, attempts=mail.attempts)


def record_failure(mail: OutgoingMail, error: Exception) -> None:
    """Write why a message did not go out, and when it is tried again, if at all."""
    is_final = mail.attempts >= MAX_ATTEMPTS or is_permanent(error)
    held(mail).update(
        state=OutgoingMail.State.FAILED if is_final else OutgoingMail.State.QUEUED,
        next_attempt_at=timezone.now() + backoff(mail.attempts),
        lease_until=None,
        last_error=f"{type(error).__name__}: {error}"[:500].replace("\x00", ""),
    )
    # The text of a mail server's error names the recipient, so only what kind of error it was is logged.
    log.warning(
        "mail_not_sent",
        mail_id=mail.pk,
        kind=mail.kind,
        attempts=mail.attempts,
        is_final=is_final,
        error=type(error).__name__,
        exc_info=None if isinstance(error, OSError) else error,
    )


def is_permanent(error: Exception) -> bool:
    """Whether the mail server said that trying again is useless (5xx for the recipient or the message)."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        codes = [code for code, _ in error.recipients.values()]
        return bool(codes) and all(code >= 500 for code in codes)
    return isinstance(error, smtplib.SMTPDataError) and error.smtp_code >= 500
