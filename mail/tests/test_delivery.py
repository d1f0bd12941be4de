import smtplib
from datetime import timedelta

import pytest
from django.core import mail as django_mail
from django.core.mail.backends.base import BaseEmailBackend
from django.utils import timezone

from core.errors import NotAllowedInState
from mail import delivery
from mail.delivery import MAX_ATTEMPTS, deliver_due_mail, is_permanent
from mail.jobs import deliver_what_waits
from mail.models import OutgoingMail
from mail.services import resend
from mail.tests.factories import make_mail

pytestmark = pytest.mark.django_db


class Server(BaseEmailBackend):
    """A mail server whose answers a test decides: `answer` is called with each message and may raise."""

    opened = 0
    closed = 0
    taken: list = []
    answer = staticmethod(lambda message: None)

    def open(self):
        Server.opened += 1

    def close(self):
        Server.closed += 1

    def send_messages(self, email_messages):
        for message in email_messages:
            Server.answer(message)
            Server.taken.append(message)
        return len(email_messages)


@pytest.fixture
def server(settings, monkeypatch):
    settings.MAILERS = {"default": {"BACKEND": f"{__name__}.Server"}}
    monkeypatch.setattr(Server, "taken", [])
    monkeypatch.setattr(Server, "opened", 0)
    monkeypatch.setattr(Server, "closed", 0)
    monkeypatch.setattr(Server, "answer", staticmethod(lambda message: None))
    return Server


def answer_with(monkeypatch, error):
    def answer(message):
        raise error

    monkeypatch.setattr(Server, "answer", staticmethod(answer))


def test_a_message_is_sent_with_both_bodies_and_its_own_id():
    mail = make_mail()
    assert deliver_due_mail() == 1
    [sent] = django_mail.outbox
    message = sent.message()
    assert message["Message-ID"] == mail.message_id
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["From"] == "PureLaka <shop@localhost>"
    assert [part.get_content_type() for part in message.walk()] == ["multipart/alternative", "text/plain", "text/html"]
    mail.refresh_from_db()
    assert (mail.state, mail.attempts, mail.lease_until) == ("sent", 1, None)
    assert mail.sent_at <= timezone.now()
    assert deliver_due_mail() == 0
    assert len(django_mail.outbox) == 1


def test_a_batch_uses_one_connection(server):
    for _ in range(3):
        make_mail()
    assert deliver_due_mail() == 3
    assert (server.opened, server.closed, len(server.taken)) == (1, 1, 3)


def test_an_empty_outbox_opens_no_connection(server):
    assert deliver_due_mail() == 0
    assert server.opened == 0


def test_a_batch_ends_at_its_limit(server):
    for _ in range(3):
        make_mail()
    assert deliver_due_mail(limit=2) == 2


def test_a_failure_waits_longer_each_time_under_the_same_id_and_then_gives_up(server, monkeypatch):
    mail = make_mail()
    answer_with(monkeypatch, ConnectionRefusedError("nobody there"))
    for attempt in range(1, MAX_ATTEMPTS + 1):
        before = timezone.now()
        assert deliver_due_mail() == 0
        row = OutgoingMail.objects.get()
        assert (row.attempts, row.message_id, row.lease_until) == (attempt, mail.message_id, None)
        assert row.last_error == "ConnectionRefusedError: nobody there"
        if attempt < MAX_ATTEMPTS:
            assert row.state == "queued"
            assert row.next_attempt_at - before >= timedelta(seconds=10)
            assert deliver_due_mail() == 0
            OutgoingMail.objects.update(next_attempt_at=timezone.now())
    assert row.state == "failed"
    OutgoingMail.objects.update(next_attempt_at=timezone.now())
    assert deliver_due_mail() == 0
    assert OutgoingMail.objects.get().attempts == MAX_ATTEMPTS


def test_a_message_that_fails_does_not_hold_up_the_next(server, monkeypatch):
    bad, good = make_mail(), make_mail()

    def answer(message):
        if message.to == [bad.recipient]:
            raise smtplib.SMTPServerDisconnected("bye")

    monkeypatch.setattr(Server, "answer", staticmethod(answer))
    assert deliver_due_mail() == 1
    assert [message.to for message in server.taken] == [[good.recipient]]
    assert (server.opened, server.closed) == (2, 2)
    good.refresh_from_db()
    assert (good.state, good.last_error) == ("sent", "")


def test_a_recipient_that_does_not_exist_is_not_tried_again(server, monkeypatch):
    make_mail()
    answer_with(monkeypatch, smtplib.SMTPRecipientsRefused({"x@example.com": (550, b"no such user")}))
    deliver_due_mail()
    assert (OutgoingMail.objects.get().state, OutgoingMail.objects.get().attempts) == ("failed", 1)


@pytest.mark.parametrize(
    ("error", "permanent"),
    [
        (smtplib.SMTPRecipientsRefused({"x": (450, b"later")}), False),
        (smtplib.SMTPRecipientsRefused({"x": (550, b"no")}), True),
        (smtplib.SMTPRecipientsRefused({}), False),
        (smtplib.SMTPDataError(554, b"spam"), True),
        (smtplib.SMTPDataError(451, b"later"), False),
        (smtplib.SMTPAuthenticationError(535, b"wrong password"), False),
        (TimeoutError(), False),
        (ValueError("bad header"), False),
    ],
)
def test_only_what_the_server_refuses_for_good_is_final(error, permanent):
    assert is_permanent(error) is permanent


def test_logs_name_no_recipient(server, monkeypatch, caplog):
    mail = make_mail(recipient="private@example.com")
    answer_with(monkeypatch, smtplib.SMTPRecipientsRefused({"private@example.com": (550, b"no")}))
    deliver_due_mail()
    assert "mail_not_sent" in caplog.text
    assert f"'mail_id': {mail.pk}" in caplog.text
    assert "private@example.com" not in caplog.text


def test_what_a_dead_worker_held_is_sent_when_its_lease_has_run_out(server):
    make_mail(attempts=1, lease_until=timezone.now() + timedelta(seconds=60))
    deliver_what_waits()
    assert server.taken == []
    OutgoingMail.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    deliver_what_waits()
    assert len(server.taken) == 1


def test_a_worker_that_comes_back_late_does_not_undo_what_the_next_one_did(server, monkeypatch):
    """The first loses its lease while it talks to the server; the second sends; then the first fails."""
    make_mail()

    def answer(message):
        if monkeypatch_state.pop("first", None):
            OutgoingMail.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
            assert deliver_due_mail() == 1
            raise TimeoutError

    monkeypatch_state = {"first": True}
    monkeypatch.setattr(Server, "answer", staticmethod(answer))
    assert deliver_due_mail() == 0
    row = OutgoingMail.objects.get()
    assert (row.state, row.last_error, row.attempts) == ("sent", "", 2)


def test_sending_again_queues_a_sent_message_under_a_new_id(run_tasks):
    mail = make_mail()
    deliver_due_mail()
    old = mail.message_id
    resend(mail.pk)
    mail.refresh_from_db()
    assert (mail.state, mail.sent_at, mail.attempts) == ("queued", None, 0)
    assert mail.message_id != old
    assert run_tasks() == 1
    assert len(django_mail.outbox) == 2
    mail.refresh_from_db()
    assert mail.state == "sent"


def test_sending_again_what_still_waits_is_refused():
    mail = make_mail()
    with pytest.raises(NotAllowedInState, match="still waiting"):
        resend(mail.pk)


def test_sending_again_what_was_given_up_clears_the_error():
    mail = make_mail(state="failed", attempts=8, last_error="TimeoutError: ")
    resend(mail.pk)
    mail.refresh_from_db()
    assert (mail.state, mail.attempts, mail.last_error) == ("queued", 0, "")


def test_the_lease_outlasts_a_send():
    assert delivery.LEASE_SECONDS >= 5 * 20
