"""The endpoints of payment intents."""

from typing import Any

from stripe_simulator import cards, currencies, intents, store
from stripe_simulator.calls import Call, Endpoint
from stripe_simulator.errors import ApiError, CardDeclined, refused
from stripe_simulator.expansion import render
from stripe_simulator.listing import page
from stripe_simulator.models import Resource
from stripe_simulator.params import (
    DATED_LISTING,
    EXPAND,
    boolean,
    choice,
    currency,
    email,
    integer,
    many,
    metadata,
    nested,
    required,
    text,
    url,
)

_CANCELABLE = {"requires_payment_method", "requires_confirmation", "requires_action"}
_CONFIRMABLE = {"requires_payment_method", "requires_confirmation", "requires_action"}


def _retrieve(call: Call) -> dict[str, Any]:
    return render(store.find("payment_intent", call.ids[0]), call.expand)


def _list(call: Call) -> dict[str, Any]:
    return page(Resource.objects.filter(kind="payment_intent"), call.params, url=call.path, kind="payment_intent")


def _create(call: Call) -> dict[str, Any]:
    amount, code = call.params["amount"], call.params["currency"]
    if amount > currencies.LARGEST_CHARGE:
        largest = currencies.show(currencies.LARGEST_CHARGE, code)
        raise ApiError(f"Amount must be no more than {largest}", code="amount_too_large", param="amount")
    smallest = currencies.smallest_charge(code)
    if amount < smallest:
        shown = currencies.show(smallest, code)
        raise ApiError(f"Amount must be at least {shown}", code="amount_too_small", param="amount")
    kept = ("metadata", "description", "receipt_email", "payment_method_types", "automatic_payment_methods")
    values = {key: call.params[key] for key in kept if key in call.params}
    if "shipping" in call.params:
        values["shipping"] = _shipping(call.params["shipping"])
    intent = intents.open_intent(amount, code, **values)
    if "payment_method" in call.params:
        card = _card_of(call.params["payment_method"])
        store.change(intent, status="requires_confirmation", _card=card.number)
    if call.params.get("confirm"):
        _try(intent, call)
    return render(intent, call.expand)


def _shipping(given: dict[str, Any]) -> dict[str, Any]:
    """A delivery as the API shows it, what was not given as null."""
    shown = dict.fromkeys(("carrier", "name", "phone", "tracking_number")) | given
    return shown | {"address": dict.fromkeys(_ADDRESS) | given["address"]}


def _confirm(call: Call) -> dict[str, Any]:
    intent = store.lock("payment_intent", call.ids[0])
    if intent.data["_session"]:
        raise refused("You cannot confirm a PaymentIntent that was created by a Checkout Session.")
    if intent.data["status"] not in _CONFIRMABLE:
        raise _unexpected_state(intent, "confirm")
    if "payment_method" in call.params:
        intent.data["_card"] = _card_of(call.params["payment_method"]).number
    _try(intent, call)
    return render(intent, call.expand)


def _try(intent: Resource, call: Call) -> None:
    if not intent.data.get("_card"):
        raise refused(
            "You cannot confirm this PaymentIntent because it's missing a payment method. Update the PaymentIntent "
            "with a payment method and then confirm it again.",
            code="payment_intent_unexpected_state",
        )
    intents.attempt(
        intent,
        cards.find(intent.data["_card"]),
        return_url=call.params.get("return_url"),
        authenticate_url="https://hooks.stripe.com/3d_secure_2",
    )
    if intent.data["status"] == "requires_payment_method":
        raise _declined(intent)


def _declined(intent: Resource) -> CardDeclined:
    """The 402 with which Stripe answers a confirmation that failed."""
    error = intent.data["last_payment_error"]
    told = {key: value for key, value in error.items() if key in {"charge", "decline_code"}}
    return CardDeclined(
        error["message"],
        status=402,
        kind="card_error",
        code=error["code"],
        began=True,
        extra=told | {"payment_intent": render(intent)},
    )


def _cancel(call: Call) -> dict[str, Any]:
    intent = store.lock("payment_intent", call.ids[0])
    if intent.data["_session"]:
        raise refused(
            "You cannot cancel a PaymentIntent that was created by a Checkout Session. "
            "To cancel it, expire the Checkout Session instead."
        )
    if intent.data["status"] not in _CANCELABLE:
        raise _unexpected_state(intent, "cancel")
    intents.cancel(intent, call.params.get("cancellation_reason"))
    return render(intent, call.expand)


def _unexpected_state(intent: Resource, verb: str) -> ApiError:
    allowed = ", ".join(sorted(_CANCELABLE))
    return ApiError(
        f"You cannot {verb} this PaymentIntent because it has a status of {intent.data['status']}. Only a "
        f"PaymentIntent with one of the following statuses may be {verb}ed: {allowed}.",
        code="payment_intent_unexpected_state",
        began=True,
        extra={"payment_intent": render(intent)},
    )


def _card_of(token: str) -> cards.Card:
    card = cards.BY_TOKEN.get(token)
    if card is None:
        raise ApiError(
            f"No such PaymentMethod: '{token[:200]}'",
            status=404,
            code="resource_missing",
            param="payment_method",
        )
    return card


_AUTOMATIC = nested({"enabled": required(boolean), "allow_redirects": choice("always", "never")})
_ADDRESS = ("city", "country", "line1", "line2", "postal_code", "state")
_SHIPPING = nested(
    {
        "address": required(nested(dict.fromkeys(_ADDRESS, text()))),
        "name": required(text()),
        "carrier": text(),
        "phone": text(),
        "tracking_number": text(),
    }
)
_CREATION = {
    **EXPAND,
    "amount": required(integer(0)),
    "currency": required(currency),
    "metadata": metadata,
    "description": text(1000),
    "receipt_email": email,
    "payment_method_types": many(text(100)),
    "automatic_payment_methods": _AUTOMATIC,
    "payment_method": text(),
    "confirm": boolean,
    "return_url": url,
    "shipping": _SHIPPING,
}
_REASON = choice("abandoned", "duplicate", "fraudulent", "requested_by_customer")
ENDPOINTS = (
    Endpoint("GET", "/v1/payment_intents", "payment_intents.list", _list, DATED_LISTING),
    Endpoint("POST", "/v1/payment_intents", "payment_intents.create", _create, _CREATION),
    Endpoint(
        "GET",
        "/v1/payment_intents/*",
        "payment_intents.retrieve",
        _retrieve,
        {**EXPAND, "client_secret": text()},
    ),
    Endpoint(
        "POST",
        "/v1/payment_intents/*/confirm",
        "payment_intents.confirm",
        _confirm,
        {**EXPAND, "payment_method": text(), "return_url": url},
    ),
    Endpoint(
        "POST",
        "/v1/payment_intents/*/cancel",
        "payment_intents.cancel",
        _cancel,
        {**EXPAND, "cancellation_reason": _REASON},
    ),
)
