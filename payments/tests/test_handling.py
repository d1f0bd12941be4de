"""Which function works off which event: by type, each in its turn, whatever one of them raises."""

import re
from typing import Any

import pytest
from django.conf import settings

from payments import handling
from payments.events import SUBSCRIBED
from payments.handling import handlers_of, handles, work_off
from payments.inbox import drain
from payments.models import Payment, Refund, WebhookEvent
from payments.payment_events import payment_of, sync_subject
from payments.tests.factories import make_event, make_paid, make_started


def make_refund_of(payment: Payment) -> Refund:
    values = {"payment": payment, "amount_minor": 100, "currency": payment.currency, "status": "pending"}
    return Refund.objects.create(stripe_refund_id="re_ours", **values)


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[handling.Handler]]:
    monkeypatch.setattr(handling, "HANDLERS", {})
    return handling.HANDLERS


def test_a_stem_takes_its_types_and_a_name_only_itself(registry: dict[str, Any]) -> None:
    @handles("charge.dispute.*", "payout.paid")
    def follow(_event: WebhookEvent) -> bool:
        return True

    assert handlers_of("charge.dispute.created") == [follow]
    assert handlers_of("payout.paid") == [follow]
    assert handlers_of("payout.paid_late") == handlers_of("charge.dispute") == handlers_of("charge.disputed.x") == []


def test_a_function_declared_twice_is_called_once(registry: dict[str, Any]) -> None:
    def follow(_event: WebhookEvent) -> bool:
        return True

    handles("payout.*")(handles("payout.*", "payout.paid")(follow))

    assert handlers_of("payout.paid") == [follow]


@pytest.mark.django_db
def test_every_function_has_its_turn_and_the_first_error_is_raised(registry: dict[str, Any]) -> None:
    called: list[str] = []

    @handles("payout.*")
    def broken(_event: WebhookEvent) -> bool:
        called.append("broken")
        raise ValueError("first")

    @handles("payout.paid")
    def sound(_event: WebhookEvent) -> bool:
        called.append("sound")
        return True

    with pytest.raises(ValueError, match="first"):
        work_off(make_event(type="payout.paid"))
    assert called == ["broken", "sound"]


@pytest.mark.django_db
@pytest.mark.parametrize(("answers", "note"), [((False, False), "about nothing of this shop"), ((False, True), "")])
def test_an_event_is_processed_whether_it_concerned_the_shop_or_not(
    registry: dict[str, Any], answers: tuple[bool, bool], note: str
) -> None:
    for answer in answers:
        handles("payout.*")(lambda _event, answer=answer: answer)
    event = make_event(type="payout.paid")

    drain()

    event.refresh_from_db()
    assert (event.state, event.last_error, event.processed_at is not None) == ("processed", note, True)


def test_the_guide_to_deployment_ticks_what_the_shop_asks_for() -> None:
    guide = (settings.BASE_DIR / "docs" / "deployment.md").read_text()

    assert re.findall(r'"enabled_events\[\]"=([a-z_.]+)', guide) == list(SUBSCRIBED)


def test_every_event_that_the_shop_asks_for_is_worked_off() -> None:
    assert [name for name in SUBSCRIBED if not handlers_of(name)] == []


def test_payments_take_the_events_of_money_in_and_back_and_no_others() -> None:
    taken = {name for name in SUBSCRIBED if sync_subject in handlers_of(name)}

    assert taken == {name for name in SUBSCRIBED if not name.startswith(("charge.dispute.", "payout."))}


@pytest.mark.django_db
def test_an_emptied_event_still_names_its_object() -> None:
    names = {
        "checkout.session.completed": "checkout.session",
        "payment_intent.succeeded": "payment_intent",
        "charge.refunded": "charge",
        "charge.dispute.closed": "dispute",
        "charge.refund.updated": "refund",
        "refund.failed": "refund",
        "payout.paid": "payout",
    }

    kinds = {name: make_event(type=name, object_id="x_1", payload="").subject for name in names}

    assert kinds == {name: {"id": "x_1", "object": kind} for name, kind in names.items()}


@pytest.mark.django_db
def test_a_payment_is_found_by_any_of_its_ids() -> None:
    _, payment = make_paid()
    marks = {"payment": str(payment.pk), "order": payment.order.public_id}

    ways: list[dict[str, Any]] = [
        {"object": "checkout.session", "id": payment.stripe_session_id},
        {"object": "payment_intent", "id": payment.stripe_intent_id},
        {"object": "charge", "id": payment.stripe_charge_id},
        {"object": "charge", "id": "ch_other", "payment_intent": payment.stripe_intent_id},
        {"object": "refund", "id": "re_other", "charge": payment.stripe_charge_id},
        {"object": "refund", "id": make_refund_of(payment).stripe_refund_id},
        {"object": "payment_intent", "id": "pi_other", "metadata": marks},
    ]

    assert [payment_of(subject) for subject in ways] == [payment] * len(ways)


@pytest.mark.django_db
def test_nothing_is_found_by_what_names_no_payment() -> None:
    _, payment = make_started()  # its intent and its charge are not known yet
    strange: list[dict[str, Any]] = [
        {},
        {"object": "charge", "id": ""},
        {"object": "charge", "id": "ch_other", "payment_intent": None},
        {"object": "product", "id": payment.stripe_session_id},
        {"object": ["charge"], "id": 5, "payment_intent": {"id": "pi_x"}, "metadata": ["payment"]},
        {"object": "refund", "id": "re_of_another_shop"},
        {"object": "payment_intent", "id": "pi_x", "metadata": {"payment": str(payment.pk), "order": "another"}},
        {"object": "payment_intent", "id": "pi_x", "metadata": {"payment": "9" * 40, "order": "another"}},
    ]

    assert [payment_of(subject) for subject in strange] == [None] * len(strange)
