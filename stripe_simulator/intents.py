"""A payment from its first attempt to its end."""

from typing import Any

from stripe_simulator import cards, charges, clock, events, ids, store
from stripe_simulator.models import Resource


def open_intent(amount: int, code: str, *, session_id: str = "", **values: Any) -> Resource:
    """A new payment intent waiting for a payment method; emits `payment_intent.created`."""
    intent_id = ids.new_id("payment_intent")
    own = {
        "id": intent_id,
        "amount": amount,
        "client_secret": f"{intent_id}_secret_{ids.random_text(25)}",
        "currency": code,
        "_session": session_id,
    }
    intent = store.create(
        "payment_intent",
        _blank() | own | values,
        label="requires_payment_method",
        currency=code,
        source_id=session_id,
    )
    events.emit("payment_intent.created", intent)
    return intent


def _blank() -> dict[str, Any]:
    nothing = dict.fromkeys(
        """application application_fee_amount automatic_payment_methods canceled_at cancellation_reason customer
        description last_payment_error latest_charge next_action on_behalf_of payment_method
        payment_method_configuration_details processing receipt_email review setup_future_usage shipping
        statement_descriptor statement_descriptor_suffix transfer_data transfer_group""".split()
    )
    card = dict.fromkeys(("installments", "mandate_options", "network")) | {"request_three_d_secure": "automatic"}
    return nothing | {
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "capture_method": "automatic_async",
        "confirmation_method": "automatic",
        "livemode": False,
        "metadata": {},
        "payment_method_options": {"card": card},
        "payment_method_types": ["card"],
        "status": "requires_payment_method",
    }


def attempt(intent: Resource, card: cards.Card, *, return_url: str | None, authenticate_url: str) -> None:
    """Try to pay with `card`. The caller holds the intent's lock and reads its status afterwards."""
    if card.outcome is cards.Outcome.AUTHENTICATE:
        action = {
            "type": "redirect_to_url",
            "redirect_to_url": {"return_url": return_url, "url": authenticate_url},
        }
        store.change(intent, status="requires_action", next_action=action, last_payment_error=None, _card=card.number)
        events.emit("payment_intent.requires_action", intent)
    elif card.outcome is cards.Outcome.PROCESSING:
        _process(intent, card)
    else:
        _finish(intent, card)


def authenticate(intent: Resource, *, succeeded: bool) -> None:
    """End the 3-D Secure step. The caller holds the intent's lock."""
    card = cards.find(intent.data["_card"])
    if succeeded:
        _finish(intent, card, authenticated=True)
    else:
        _fail(intent, cards.NOT_AUTHENTICATED)


def _finish(intent: Resource, card: cards.Card, *, authenticated: bool = False) -> None:
    if card.decline is not None:
        # A wrong number or a card from outside the tests never reaches a bank.
        reached = card.decline not in {cards.WRONG_NUMBER, cards.NOT_A_TEST_CARD}
        charge = charges.make(intent, card, status="failed", authenticated=authenticated) if reached else None
        _fail(intent, card.decline, charge)
        return
    _succeed(intent, charges.make(intent, card, status="succeeded", authenticated=authenticated))


def _succeed(intent: Resource, charge: Resource) -> None:
    store.change(
        intent,
        status="succeeded",
        amount_received=intent.data["amount"],
        latest_charge=charge.stripe_id,
        last_payment_error=None,
        next_action=None,
        payment_method=charge.data["payment_method"],
    )
    events.emit("payment_intent.succeeded", intent)


def _fail(intent: Resource, decline: cards.Decline, charge: Resource | None = None) -> None:
    error: dict[str, Any] = {
        "code": decline.code,
        "doc_url": f"https://stripe.com/docs/error-codes/{decline.code.replace('_', '-')}",
        "message": decline.message,
        "type": "card_error" if charge else "invalid_request_error",
    }
    if decline in {cards.WRONG_NUMBER, cards.NOT_A_TEST_CARD}:
        error["type"] = "card_error"
    if decline.decline_code:
        error["decline_code"] = decline.decline_code
    if charge:
        error["charge"] = charge.stripe_id
    latest = charge.stripe_id if charge else intent.data["latest_charge"]
    store.change(
        intent,
        status="requires_payment_method",
        last_payment_error=error,
        latest_charge=latest,
        next_action=None,
        payment_method=None,
        processing=None,
    )
    events.emit("payment_intent.payment_failed", intent)


def _process(intent: Resource, card: cards.Card) -> None:
    kind = charges.debit_type(intent.currency)
    store.change(intent, payment_method_types=["card", kind])
    charge = charges.make(intent, card, status="pending")
    store.change(
        intent,
        status="processing",
        latest_charge=charge.stripe_id,
        last_payment_error=None,
        next_action=None,
        payment_method=charge.data["payment_method"],
    )
    events.emit("payment_intent.processing", intent)


def finish_processing(intent: Resource, *, succeeded: bool) -> None:
    """End a bank debit. The caller holds the intent's lock; nothing happens if it has ended."""
    charge = store.lock("charge", intent.data["latest_charge"])
    charges.settle(charge, succeeded=succeeded)
    if succeeded:
        _succeed(intent, charge)
    else:
        _fail(intent, cards.DEBIT_FAILED, charge)


def cancel(intent: Resource, reason: str | None) -> None:
    """Cancel an unpaid intent and emit `payment_intent.canceled`. The caller holds its lock."""
    store.change(
        intent,
        status="canceled",
        canceled_at=clock.stamp(),
        cancellation_reason=reason,
        next_action=None,
    )
    events.emit("payment_intent.canceled", intent)
