import re

import pytest
from django.core import mail as django_mail
from django.db import transaction
from django_tasks_db.models import DBTaskResult

from core.tests.races import at_once
from mail.models import OutgoingMail
from mail.services import queue_mail

pytestmark = pytest.mark.django_db
CONTEXT = {"name": "Tom & <b>Ann</b>", "link": "https://shop.example/?a=1&b=2"}


def queue(key="trial:1", kind="trial", **context):
    return queue_mail(key=key, kind=kind, recipient="tom@example.com", context={**CONTEXT, **context})


def test_a_message_is_written_as_text_and_as_html(trial_kind):
    mail = queue()
    assert mail.subject == "Hello Tom & <b>Ann</b> from PureLaka"
    assert "Dear Tom & <b>Ann</b>, see https://shop.example/?a=1&b=2\n" in mail.text_body
    assert "Dear Tom &amp; &lt;b&gt;Ann&lt;/b&gt;, " in mail.html_body
    assert 'href="https://shop.example/?a=1&amp;b=2"' in mail.html_body
    assert "PureLaka" in mail.text_body
    assert re.fullmatch(r"<[^@\s]+@localhost>", mail.message_id)
    assert (mail.state, mail.attempts, mail.recipient) == ("queued", 0, "tom@example.com")


def test_a_message_may_be_for_its_recipient_only(trial_kind):
    assert not queue().is_secret
    secret = queue_mail(key="trial:2", kind="trial", recipient="tom@example.com", context=CONTEXT, is_secret=True)
    assert secret.is_secret


def test_html_is_optional(trial_kind):
    mail = queue(kind="bare", name="Tom")
    assert (mail.subject, mail.text_body, mail.html_body) == ("Bare Tom", "Bare Tom\n", "")


def test_the_same_key_again_changes_nothing(trial_kind):
    first = queue(name="First")
    again = queue(name="Again")
    assert again.pk == first.pk
    assert OutgoingMail.objects.get().subject == "Hello First from PureLaka"
    assert DBTaskResult.objects.count() == 1


def test_a_line_break_in_a_name_adds_no_header(trial_kind, run_tasks):
    mail = queue(name="Tom\r\nBcc: evil@example.com")
    assert mail.subject == "Hello Tom Bcc: evil@example.com from PureLaka"
    run_tasks()
    assert django_mail.outbox[0].recipients() == ["tom@example.com"]


def test_a_very_long_subject_is_cut(trial_kind):
    assert len(queue(name="x" * 1_000).subject) == 200


def test_a_message_of_a_transaction_that_failed_is_never_sent(trial_kind, run_tasks):
    @transaction.atomic
    def act():
        queue()
        raise RuntimeError

    with pytest.raises(RuntimeError):
        act()
    assert run_tasks() == 0
    assert OutgoingMail.objects.count() == 0


def test_a_kind_without_templates_is_a_bug():
    with pytest.raises(Exception, match="no_such_kind"):
        queue(kind="no_such_kind")


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_asked_for_at_once_it_is_written_once(trial_kind):
    keys = []

    def ask():
        keys.append(queue().pk)

    at_once([ask] * 5)
    assert len(keys) == 5
    assert len(set(keys)) == 1
    assert DBTaskResult.objects.count() == 1
