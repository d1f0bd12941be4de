"""What the clock does about disputes: staff are written to, missed ones found, open ones followed."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from core.models import StoreSetting
from mail.models import OutgoingMail
from payments.dispute_jobs import poll_disputes, remind_of_deadlines
from payments.disputes import sync_dispute
from payments.models import Dispute
from payments.tests.factories import make_dispute
from payments.tests.test_disputes import disputed, reread
from stripe_simulator import control
from stripe_simulator.disputes import escalate

pytestmark = pytest.mark.django_db
SUPPORT = "help@example.com"


@pytest.fixture
def support() -> None:
    StoreSetting.objects.update_or_create(pk=1, defaults={"support_email": SUPPORT})


@pytest.mark.usefixtures("support")
def test_staff_are_written_to_once_when_a_dispute_opens() -> None:
    order, stripe_id = disputed()

    sync_dispute(stripe_id)
    sync_dispute(stripe_id)

    mail = OutgoingMail.objects.get(kind="dispute_opened")
    dispute = Dispute.objects.get()
    assert (mail.recipient, mail.subject) == (SUPPORT, f"A payment is disputed: order {order.number}")
    assert f"/console/disputes/{dispute.pk}/" in mail.text_body
    assert order.email not in mail.text_body + mail.html_body


@pytest.mark.usefixtures("support")
def test_staff_are_written_to_again_when_an_inquiry_becomes_a_dispute() -> None:
    _, stripe_id = disputed(inquiry=True)
    sync_dispute(stripe_id)
    escalate(stripe_id)

    sync_dispute(stripe_id)

    subjects = OutgoingMail.objects.filter(kind="dispute_opened").order_by("pk").values_list("subject", flat=True)
    assert [subject.split(":")[0] for subject in subjects] == ["A bank asks about a payment", "A payment is disputed"]


@pytest.mark.usefixtures("support")
def test_nobody_is_written_to_about_a_dispute_that_is_over() -> None:
    _, stripe_id = disputed()
    control.close_dispute(stripe_id, won=True)

    sync_dispute(stripe_id)

    assert not OutgoingMail.objects.filter(kind="dispute_opened").exists()


def test_without_a_support_address_nobody_is_written_to() -> None:
    _, stripe_id = disputed()

    sync_dispute(stripe_id)

    assert Dispute.objects.count() == 1
    assert not OutgoingMail.objects.filter(kind__startswith="dispute").exists()


@pytest.mark.usefixtures("support")
@pytest.mark.parametrize(
    ("hours", "fields", "is_reminded"),
    [
        (71, {}, True),
        (73, {}, False),
        (-1, {}, False),
        (71, {"submission_count": 1}, False),
        (71, {"closed_at": timezone.now(), "outcome": "lost", "status": "lost"}, False),
    ],
)
def test_staff_are_reminded_once_within_three_days_of_the_deadline(
    hours: int, fields: dict[str, Any], is_reminded: bool
) -> None:
    make_dispute(evidence_due_at=timezone.now() + timedelta(hours=hours), **fields)

    remind_of_deadlines()
    remind_of_deadlines()

    assert OutgoingMail.objects.filter(kind="dispute_due").count() == int(is_reminded)


@pytest.mark.usefixtures("support")
def test_a_new_deadline_is_called_out_anew() -> None:
    dispute = make_dispute(evidence_due_at=timezone.now() + timedelta(hours=1))
    remind_of_deadlines()
    Dispute.objects.filter(pk=dispute.pk).update(evidence_due_at=timezone.now() + timedelta(hours=20))

    remind_of_deadlines()

    assert OutgoingMail.objects.filter(kind="dispute_due").count() == 2


def test_the_poll_finds_a_dispute_whose_event_was_lost_and_follows_it() -> None:
    order, stripe_id = disputed()
    control.drop_events("charge.dispute.*")

    poll_disputes()
    assert Dispute.objects.get().stripe_dispute_id == stripe_id
    control.close_dispute(stripe_id, won=True)
    poll_disputes()

    assert Dispute.objects.get().outcome == "won"
    assert reread(order).held_at is None


def test_the_poll_goes_on_after_a_dispute_that_stripe_does_not_know() -> None:
    make_dispute(synced_at=None)
    _, stripe_id = disputed()
    sync_dispute(stripe_id)
    control.close_dispute(stripe_id, won=True)

    poll_disputes()

    assert Dispute.objects.get(stripe_dispute_id=stripe_id).outcome == "won"


def test_the_poll_stops_while_stripe_does_not_answer() -> None:
    _, stripe_id = disputed()
    control.fail_next("disputes.retrieve", "error")

    poll_disputes()
    assert not Dispute.objects.exists()
    poll_disputes()

    assert Dispute.objects.get().stripe_dispute_id == stripe_id
