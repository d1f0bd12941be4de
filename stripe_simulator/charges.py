"""Charges: each attempt that reached a bank."""

from datetime import timedelta
from typing import Any

from stripe_simulator import balance, cards, clock, currencies, events, faults, ids, schedule, store
from stripe_simulator.calls import Call, Endpoint
from stripe_simulator.expansion import render
from stripe_simulator.listing import page
from stripe_simulator.models import Resource
from stripe_simulator.params import DATED_LISTING, EXPAND, LISTING, text

_DISPUTE_AFTER = timedelta(minutes=2)
_DEBIT_OF = {"gbp": "bacs_debit", "usd": "us_bank_account", "aud": "au_becs_debit", "cad": "acss_debit"}


def debit_type(currency: str) -> str:
    """The bank debit that Stripe offers in this currency."""
    return _DEBIT_OF.get(currency, "sepa_debit")


def make(intent: Resource, card: cards.Card, *, status: str, authenticated: bool = False) -> Resource:
    """A charge for the whole amount of `intent`: `succeeded`, `failed` or `pending`.

    Emits `charge.succeeded`, `charge.failed` or `charge.pending`. The caller holds the intent's lock.
    """
    decline = (card.decline or cards.GENERIC) if status == "failed" else None
    charge = store.create(
        "charge",
        _money(intent, status) | _trimmings(intent) | _reasons(status, decline, card)
        | {"payment_method_details": _method(intent, card, authenticated=authenticated)},
        label=status,
        currency=intent.currency,
        intent_id=intent.stripe_id,
    )  # fmt: skip
    if status == "succeeded":
        _book_or_wait(charge)
        if card.disputed or card.asked_about:
            step = "open_dispute" if card.disputed else "open_inquiry"
            schedule.plan(step, charge.stripe_id, clock.now() + _DISPUTE_AFTER)
    events.emit(f"charge.{status}", charge)
    return charge


def _money(intent: Resource, status: str) -> dict[str, Any]:
    amount = intent.data["amount"]
    paid = status == "succeeded"
    return {
        "id": ids.new_id("charge"),
        "amount": amount,
        "amount_captured": amount if paid else 0,
        "amount_refunded": 0,
        "balance_transaction": None,
        "captured": paid,
        "currency": intent.currency,
        "disputed": False,
        "failure_balance_transaction": None,
        "paid": paid,
        "payment_intent": intent.stripe_id,
        "refunded": False,
        "status": status,
    }


def _trimmings(intent: Resource) -> dict[str, Any]:
    email = intent.data.get("_email")
    return {
        "application": None,
        "application_fee": None,
        "application_fee_amount": None,
        "billing_details": {
            "address": dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state")),
            "email": email,
            "name": None,
            "phone": None,
            "tax_id": None,
        },
        "calculated_statement_descriptor": "PURELAKA",
        "customer": None,
        "description": intent.data["description"],
        "fraud_details": {},
        "livemode": False,
        "metadata": intent.data["metadata"],
        "on_behalf_of": None,
        "payment_method": ids.new_id("payment_method"),
        "radar_options": {},
        "receipt_email": intent.data["receipt_email"],
        "receipt_number": None,
        "receipt_url": None,
        "review": None,
        "shipping": intent.data["shipping"],
        "source_transfer": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "transfer_data": None,
        "transfer_group": None,
    }


def _reasons(status: str, decline: cards.Decline | None, card: cards.Card) -> dict[str, Any]:
    score = 0 if card.is_debit else 20
    outcome = {
        "advice_code": "try_again_later" if decline else None,
        "network_advice_code": None,
        "network_decline_code": "05" if decline and decline.decline_code else None,
        "network_status": "declined_by_network" if decline else "approved_by_network",
        "reason": (decline.decline_code or decline.code) if decline else None,
        "risk_level": "not_assessed" if card.is_debit else "normal",
        "risk_score": score,
        "seller_message": "The bank did not return any further details with this decline."
        if decline
        else "Payment complete.",
        "type": "issuer_declined" if decline else "authorized",
    }
    return {
        "failure_code": decline.code if decline else None,
        "failure_message": decline.message if decline else None,
        "outcome": None if status == "pending" else outcome,
    }


def _method(intent: Resource, card: cards.Card, *, authenticated: bool) -> dict[str, Any]:
    if card.is_debit:
        kind = debit_type(intent.currency)
        return {kind: {"fingerprint": ids.random_text(16), "last4": "2345"}, "type": kind}
    secure = {
        "authentication_flow": "challenge",
        "electronic_commerce_indicator": "05",
        "exemption_indicator": None,
        "result": "authenticated",
        "result_reason": None,
        "transaction_id": ids.random_text(20),
        "version": "2.2.0",
    }
    details = {
        "amount_authorized": intent.data["amount"],
        "authorization_code": "123456",
        "brand": card.brand,
        "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
        "country": card.country,
        "exp_month": 12,
        "exp_year": clock.now().year + 3,
        "extended_authorization": {"status": "disabled"},
        "fingerprint": ids.random_text(16),
        "funding": "credit",
        "incremental_authorization": {"status": "unavailable"},
        "installments": None,
        "last4": card.last4,
        "mandate": None,
        "multicapture": {"status": "unavailable"},
        "network": card.brand,
        "network_token": {"used": False},
        "network_transaction_id": ids.random_text(15),
        "overcapture": {"maximum_amount_capturable": intent.data["amount"], "status": "unavailable"},
        "regulated_status": "unregulated",
        "three_d_secure": secure if authenticated else None,
        "wallet": None,
    }
    return {"card": details, "type": "card"}


def _book_or_wait(charge: Resource) -> None:
    """Book the money now, or leave `balance_transaction` null until later if that was ordered."""
    fault = faults.take(faults.BALANCE, "charge")
    if fault is None:
        _book(charge)
    elif fault.seconds is not None:
        schedule.plan("book_charge", charge.stripe_id, clock.now() + timedelta(seconds=fault.seconds))


def _book(charge: Resource) -> dict[str, Any]:
    amount = charge.data["amount"]
    is_card = charge.data["payment_method_details"]["type"] == "card"
    booked = balance.record(
        "charge" if is_card else "payment",
        charge,
        amount,
        fee=currencies.fee_for(amount, charge.currency),
        description=charge.data["description"],
    )
    return store.change(charge, balance_transaction=booked)


@schedule.action("book_charge")
def book(charge_id: str) -> None:
    """Give a succeeded charge its balance transaction and emit `charge.updated`. Safe to repeat."""
    charge = store.lock("charge", charge_id)
    if charge.data["balance_transaction"] is None and charge.data["paid"]:
        events.emit("charge.updated", charge, _book(charge))


def settle(charge: Resource, *, succeeded: bool) -> None:
    """End a pending charge of a bank debit."""
    if succeeded:
        store.change(charge, status="succeeded", paid=True, captured=True, amount_captured=charge.data["amount"])
        _book_or_wait(charge)
        events.emit("charge.succeeded", charge)
        return
    failure = cards.DEBIT_FAILED
    store.change(charge, status="failed", failure_code=failure.code, failure_message=failure.message)
    events.emit("charge.failed", charge)


def _retrieve(call: Call) -> dict[str, Any]:
    return render(store.find("charge", call.ids[0]), call.expand)


def _list(call: Call) -> dict[str, Any]:
    rows = Resource.objects.filter(kind="charge")
    if "payment_intent" in call.params:
        rows = rows.filter(intent_id=call.params["payment_intent"])
    return page(rows, call.params, url=call.path, kind="charge")


def _refunds(call: Call) -> dict[str, Any]:
    charge = store.find("charge", call.ids[0])
    rows = Resource.objects.filter(kind="refund", charge_id=charge.stripe_id)
    return page(rows, call.params, url=call.path, kind="refund")


ENDPOINTS = (
    Endpoint("GET", "/v1/charges", "charges.list", _list, {**DATED_LISTING, "payment_intent": text()}),
    Endpoint("GET", "/v1/charges/*", "charges.retrieve", _retrieve, EXPAND),
    Endpoint("GET", "/v1/charges/*/refunds", "charges.refunds.list", _refunds, LISTING),
)
