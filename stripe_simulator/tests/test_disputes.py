"""Answering a dispute: evidence is staged or sent, once, and what Stripe would refuse is refused."""

import pytest
import stripe
from django.conf import settings

from stripe_simulator import api, control, disputes
from stripe_simulator.models import Resource
from stripe_simulator.tests import openapi
from stripe_simulator.tests.simulated import make_client
from stripe_simulator.tests.test_money import make_charge, net_of, refund, reload_charge

pytestmark = pytest.mark.django_db


def make_dispute(**params: object) -> str:
    return control.open_dispute(make_charge().id, **params)


def update(dispute_id: str, **params: object) -> stripe.Dispute:
    return make_client().v1.disputes.update(dispute_id, params=params)


def told(event_type: str) -> list[Resource]:
    return list(Resource.objects.filter(kind="event", label=event_type))


@pytest.mark.parametrize(
    ("inquiry", "status"), [(False, "under_review"), (True, "warning_under_review")], ids=["dispute", "inquiry"]
)
def test_evidence_that_is_sent_goes_under_review(inquiry: bool, status: str) -> None:
    dispute_id = make_dispute(inquiry=inquiry)

    answered = update(dispute_id, evidence={"uncategorized_text": "It was delivered.", "customer_name": "Ada"})

    assert (answered.status, answered.evidence.customer_name) == (status, "Ada")
    details = answered.evidence_details
    assert (details.submission_count, details.has_evidence, details.past_due) == (1, True, False)
    [event] = told("charge.dispute.updated")
    openapi.assert_object_matches("event", make_client().v1.events.retrieve(event.stripe_id).to_dict())


def test_evidence_can_be_staged_changed_and_sent_later() -> None:
    dispute_id = make_dispute()

    staged = update(dispute_id, evidence={"customer_name": "Ada", "shipping_carrier": "Royal Mail"}, submit=False)
    assert (staged.status, staged.evidence_details.submission_count) == ("needs_response", 0)
    assert staged.evidence_details.has_evidence is True
    cleared = update(dispute_id, evidence={"customer_name": "", "shipping_carrier": ""}, submit=False)
    assert (cleared.evidence.customer_name, cleared.evidence_details.has_evidence) == (None, False)

    assert update(dispute_id, evidence={"customer_name": "Bo"}).status == "under_review"


def test_metadata_alone_sends_nothing() -> None:
    dispute_id = make_dispute()

    changed = update(dispute_id, metadata={"case": "7"})

    assert (changed.metadata["case"], changed.status) == ("7", "needs_response")
    assert changed.evidence_details.submission_count == 0


def test_evidence_is_taken_once() -> None:
    dispute_id = make_dispute()
    update(dispute_id, evidence={"uncategorized_text": "first"})

    with pytest.raises(stripe.InvalidRequestError, match="already been submitted"):
        update(dispute_id, evidence={"uncategorized_text": "second"})

    assert make_client().v1.disputes.retrieve(dispute_id).evidence.uncategorized_text == "first"


@pytest.mark.parametrize("inquiry", [True, False])
def test_a_closed_dispute_takes_no_evidence(inquiry: bool) -> None:
    dispute_id = make_dispute(inquiry=inquiry)
    control.close_dispute(dispute_id, won=False)

    with pytest.raises(stripe.InvalidRequestError, match="already closed"):
        update(dispute_id, evidence={"uncategorized_text": "late"})


@pytest.mark.parametrize(
    ("field", "value", "status"),
    [
        ("customer_name", "x" * 5_001, 400),
        ("uncategorized_text", "x" * 20_001, 400),
        ("opinion", "ours", 400),
        ("receipt", "file_forged", 404),
    ],
)
def test_evidence_that_stripe_would_refuse_is_refused(field: str, value: str, status: int) -> None:
    dispute_id = make_dispute()
    headers = {"Authorization": f"Bearer {settings.STRIPE_SECRET_KEY}"}
    url = f"https://api.stripe.com/v1/disputes/{dispute_id}"

    answer = api.handle("POST", url, headers, f"evidence[{field}]={value}")  # raw: the client's judge stops it earlier

    assert (answer[0], f"evidence[{field}]" in answer[2].decode()) == (status, True)
    assert make_client().v1.disputes.retrieve(dispute_id).evidence_details.submission_count == 0


@pytest.mark.parametrize(
    ("words", "status", "net"), [("winning_evidence", "won", 738), ("losing_evidence", "lost", -2062)]
)
def test_the_words_of_stripes_test_mode_decide_at_once(words: str, status: str, net: int) -> None:
    dispute_id = make_dispute()

    assert update(dispute_id, evidence={"uncategorized_text": words}).status == status

    assert net_of("gbp") == net
    assert len(told("charge.dispute.closed")) == 1


def test_an_inquiry_that_becomes_a_dispute_takes_the_money_once() -> None:
    charge = make_charge()
    dispute_id = control.open_dispute(charge.id, inquiry=True)

    disputes.escalate(dispute_id)
    disputes.escalate(dispute_id)

    dispute = make_client().v1.disputes.retrieve(dispute_id)
    assert (dispute.status, dispute.payment_method_details.card.case_type) == ("needs_response", "chargeback")
    assert (reload_charge(charge).disputed, net_of("gbp")) == (True, 2738 - 2800 - 2000)
    assert [len(told(f"charge.dispute.{name}")) for name in ("updated", "funds_withdrawn")] == [1, 1]


def test_a_closed_inquiry_does_not_become_a_dispute() -> None:
    dispute_id = make_dispute(inquiry=True)
    control.close_dispute(dispute_id, won=True)

    disputes.escalate(dispute_id)

    assert make_client().v1.disputes.retrieve(dispute_id).status == "warning_closed"


def test_a_charge_whose_dispute_was_won_can_be_refunded() -> None:
    charge = make_charge()
    dispute_id = control.open_dispute(charge.id)
    control.close_dispute(dispute_id, won=True)

    assert refund(charge=charge.id, amount=500).status == "succeeded"


def test_a_charge_whose_dispute_was_lost_cannot_be_refunded() -> None:
    charge = make_charge()
    control.close_dispute(control.open_dispute(charge.id), won=False)

    with pytest.raises(stripe.InvalidRequestError) as refusal:
        refund(charge=charge.id, amount=500)

    assert refusal.value.code == "charge_disputed"
