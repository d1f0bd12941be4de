"""Evidence: what the bank is shown of an order, and sending it once, whatever becomes of the answers."""

from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from accounts.models import User
from accounts.tests.factories import make_user
from audit.models import AuditRecord
from core.errors import DomainError, NotAllowedInState
from core.models import StoreSetting
from mail.models import OutgoingMail
from mail.tests.factories import make_mail
from orders.fulfilment import ship
from orders.links import guest_signature
from orders.models import Order
from orders.tests.factories import make_order
from payments import evidence
from payments.disputes import sync_dispute
from payments.errors import GatewayUnclear
from payments.evidence import EvidencePack, evidence_of, facts_of, refusal_of, submit_evidence
from payments.models import Dispute, OutboundCall
from payments.tests.factories import make_dispute
from payments.tests.test_disputes import disputed
from products.tests.factories import make_variant
from stripe_simulator import control
from stripe_simulator.models import Resource

pytestmark = pytest.mark.django_db
TEXT = "The parcel was signed for by the customer."


@pytest.fixture
def ops() -> User:
    return make_user("ops")


def open_dispute(**changes: Any) -> Dispute:
    _, stripe_id = disputed(**changes)
    return sync_dispute(stripe_id)


def pack_of(dispute: Dispute) -> EvidencePack:
    assert dispute.payment is not None
    return EvidencePack(dispute, dispute.payment.order)


def sent_mail(order: Order, text: str, **fields: Any) -> OutgoingMail:
    values = {"recipient": order.email, "text_body": text, "state": "sent", "sent_at": timezone.now()}
    return make_mail(**values | fields)


def at_stripe(dispute: Dispute) -> dict[str, Any]:
    return Resource.objects.get(stripe_id=dispute.stripe_dispute_id).data


def test_evidence_names_customer_goods_parcels_and_what_staff_wrote() -> None:
    dispute = open_dispute(lines={make_variant(name="100 ml", price_minor=1200, stock=9): 2})
    order = pack_of(dispute).order
    ship(order.pk, carrier="Royal Mail", tracking="RM123GB", override_reason="already packed")
    pack = pack_of(Dispute.objects.get())

    fields = evidence_of(pack, f"  {TEXT}  ")

    address = order.address
    assert fields["customer_name"] == address.name
    assert fields["customer_email_address"] == order.email
    assert address.line1 in fields["shipping_address"]
    assert fields["shipping_address"].endswith("United Kingdom")
    assert (fields["shipping_carrier"], fields["shipping_tracking_number"]) == ("Royal Mail", "RM123GB")
    assert fields["shipping_date"] == f"{pack.parcels[0].at:%Y-%m-%d}"
    assert fields["product_description"].startswith("2 x ")
    assert fields["uncategorized_text"].startswith(f"{TEXT}\n\nOrder {order.number}, placed ")
    assert "RM123GB" in fields["uncategorized_text"]


def test_an_order_whose_address_was_erased_has_no_empty_fields() -> None:
    dispute = open_dispute()
    order = pack_of(dispute).order
    order.address.delete()
    Order.objects.update(email="")

    fields = evidence_of(pack_of(Dispute.objects.get()), TEXT)

    assert fields.keys() == {"product_description", "uncategorized_text"}


def test_no_field_is_longer_than_stripe_takes() -> None:
    dispute = open_dispute()
    pack = pack_of(dispute)
    pack.order.address.line1 = "x"
    pack.lines[0].name = "n" * 30_000
    pack.parcels = [type("Parcel", (), {"carrier": "c" * 9_000, "tracking": "", "at": timezone.now()})()]

    fields = evidence_of(pack, "t" * 30_000)

    assert {name: len(value) for name, value in fields.items() if len(value) >= 5_000} == {
        "shipping_carrier": 5_000,
        "product_description": 20_000,
        "uncategorized_text": 20_000,
    }


def test_correspondence_is_what_was_sent_about_this_order_without_links() -> None:
    dispute = open_dispute()
    order = pack_of(dispute).order
    OutgoingMail.objects.all().delete()
    link = f"{settings.STORE_BASE_URL}/orders/{order.public_id}/{guest_signature(order)}/"
    sent_mail(order, f"About order {order.number}: {link}\nGoodbye")
    sent_mail(order, f"About order {order.number}7, another one")
    sent_mail(order, "About nothing")
    sent_mail(order, f"{order.number}", is_secret=True)
    sent_mail(order, f"{order.number}", recipient="stranger@example.com")
    sent_mail(order, f"{order.number}", state="queued", sent_at=None)

    [mail] = pack_of(dispute).mails

    assert mail.text_body == f"About order {order.number}: [link to the shop]\nGoodbye"


def test_earlier_orders_are_the_same_customers_paid_ones() -> None:
    email = "ada@example.com"
    first = make_order(paid=True, email=email)
    make_order(email=email)
    make_order(paid=True, email="charlie@example.com")
    dispute = open_dispute(email=email)
    make_order(paid=True, email=email)

    assert pack_of(dispute).earlier == [first]
    assert f"Earlier order of the same customer: {first.number}" in facts_of(pack_of(dispute))


def test_the_policy_says_the_shops_own_days() -> None:
    StoreSetting.objects.update_or_create(pk=1, defaults={"return_window_days": 45})

    assert "within 45 days" in pack_of(open_dispute()).policy


def test_evidence_reaches_stripe_once_and_is_audited(ops: User) -> None:
    dispute = open_dispute()

    dispute = submit_evidence(dispute.pk, text=TEXT, actor=ops)

    assert (dispute.status, dispute.submission_count, dispute.has_evidence) == ("under_review", 1, True)
    assert at_stripe(dispute)["evidence"]["uncategorized_text"].startswith(TEXT)
    assert "dispute_evidence_sent" in dispute.payment.order.events.values_list("kind", flat=True)
    done = AuditRecord.objects.get(action="dispute.evidence")
    assert (done.actor_id, done.outcome, done.subject_id) == (ops.pk, "done", str(dispute.pk))
    assert refusal_of(dispute) == "Evidence has been sent to the bank, which takes it only once."


def test_evidence_is_not_sent_a_second_time(ops: User) -> None:
    dispute = open_dispute()
    submit_evidence(dispute.pk, text=TEXT, actor=ops)

    with pytest.raises(NotAllowedInState, match="only once"):
        submit_evidence(dispute.pk, text="Something else.", actor=ops)

    assert at_stripe(dispute)["evidence_details"]["submission_count"] == 1
    assert AuditRecord.objects.filter(action="dispute.evidence", outcome="refused").count() == 1


def test_evidence_that_somebody_sent_in_stripes_dashboard_is_seen_before_ours_goes(ops: User) -> None:
    dispute = open_dispute()
    found = Resource.objects.get(stripe_id=dispute.stripe_dispute_id)
    details = {**found.data["evidence_details"], "submission_count": 1}
    found.data = {**found.data, "status": "under_review", "evidence_details": details}
    found.save()

    with pytest.raises(NotAllowedInState, match="Evidence has been sent"):
        submit_evidence(dispute.pk, text=TEXT, actor=ops)

    assert not OutboundCall.objects.filter(operation="dispute.evidence").exists()


def test_a_lost_answer_is_looked_up(ops: User) -> None:
    dispute = open_dispute()
    control.fail_next("disputes.update", "lost_answer")

    dispute = submit_evidence(dispute.pk, text=TEXT, actor=ops)

    assert (dispute.status, at_stripe(dispute)["evidence_details"]["submission_count"]) == ("under_review", 1)
    assert OutboundCall.objects.get(operation="dispute.evidence").state == "unclear"


@pytest.mark.parametrize("fault", ["error", "timeout", "rate_limit"])
def test_what_was_not_done_can_be_sent_again(fault: Any, ops: User) -> None:
    dispute = open_dispute()
    control.fail_next("disputes.update", fault)
    with pytest.raises(GatewayUnclear):
        submit_evidence(dispute.pk, text=TEXT, actor=ops)
    assert at_stripe(dispute)["evidence_details"]["submission_count"] == 0

    dispute = submit_evidence(dispute.pk, text=TEXT, actor=ops)

    assert dispute.submission_count == 1
    assert OutboundCall.objects.filter(operation="dispute.evidence").count() == 1


def test_what_stripe_refuses_is_told_in_words(ops: User, monkeypatch: pytest.MonkeyPatch) -> None:
    dispute = open_dispute()

    def decided_meanwhile(pack: EvidencePack, text: str) -> dict[str, str]:
        control.close_dispute(pack.dispute.stripe_dispute_id, won=False)
        return evidence_of(pack, text)

    monkeypatch.setattr(evidence, "evidence_of", decided_meanwhile)

    with pytest.raises(NotAllowedInState, match="Stripe refused the evidence"):
        submit_evidence(dispute.pk, text=TEXT, actor=ops)

    assert Dispute.objects.get().submission_count == 0


def test_two_people_do_not_send_at_once(ops: User) -> None:
    dispute = open_dispute()
    OutboundCall.objects.create(idempotency_key=f"dispute-{dispute.pk}-other", operation="dispute.evidence")

    with pytest.raises(NotAllowedInState, match="Somebody else is sending"):
        submit_evidence(dispute.pk, text=TEXT, actor=ops)


def test_nothing_is_sent_without_words(ops: User) -> None:
    with pytest.raises(DomainError, match="Write what the bank should know"):
        submit_evidence(open_dispute().pk, text="  ", actor=ops)


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({}, ""),
        ({"status": "won", "outcome": "won", "closed_at": timezone.now()}, "It has been decided"),
        ({"submission_count": 1}, "Evidence has been sent"),
        ({"evidence_due_at": None}, "takes no evidence for it now"),
        ({"status": "under_review"}, "takes no evidence for it now"),
        ({"status": "in_arbitration"}, "takes no evidence for it now"),
        ({"evidence_due_at": timezone.now()}, "The time to send evidence is over"),
        ({"payment": None}, "knows no order"),
        ({"stripe_dispute_id": None}, "knows no order"),
    ],
)
def test_evidence_is_sent_only_while_the_bank_waits_for_it(fields: dict[str, Any], refusal: str) -> None:
    said = refusal_of(make_dispute(**fields))

    assert (refusal in said, bool(said)) == (True, bool(refusal))
