"""A Checkout session from its opening to its end."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from stripe_simulator import cards, clock, events, ids, intents, schedule, store
from stripe_simulator.models import Resource

_DEBIT_ENDS_AFTER = timedelta(minutes=1)
_STRIPE_HOST = "api.stripe.com"


class Result(StrEnum):
    PAID = "paid"
    DECLINED = "declined"
    AUTHENTICATE = "authenticate"
    PROCESSING = "processing"
    COMPLETE = "complete"
    EXPIRED = "expired"


@dataclass(frozen=True)
class Attempt:
    """How an attempt to pay ended; `complete` and `expired` mean that nothing was tried."""

    result: Result
    session: Resource
    message: str = ""

    @property
    def leaves_for_shop(self) -> bool:
        return self.result in {Result.PAID, Result.PROCESSING, Result.COMPLETE}


def page_url(session_id: str, *, origin: str, success_url: str) -> str:
    """Where the shopper pays: on the simulator's own host if it has one, else on the shop's."""
    configured = getattr(settings, "STRIPE_SIMULATOR_ORIGIN", "")
    if not configured and urlsplit(origin).netloc == _STRIPE_HOST:
        shop = urlsplit(success_url)
        origin = f"{shop.scheme}://{shop.netloc}"
    return (configured or origin).rstrip("/") + reverse("stripe_simulator:pay", args=[session_id])


def open_session(values: dict[str, Any], expires_at: int) -> Resource:
    """Store a new session; it expires by itself at `expires_at`."""
    session = store.create(
        "checkout.session",
        _blank() | values | {"expires_at": expires_at},
        label="open",
        currency=values["currency"],
    )
    schedule.plan("expire_session", session.stripe_id, clock.from_stamp(expires_at))
    return session


def _blank() -> dict[str, Any]:
    nothing = dict.fromkeys(
        """after_expiration allow_promotion_codes billing_address_collection cancel_url client_reference_id
        client_secret collected_information consent consent_collection currency_conversion customer
        customer_account customer_details customer_email invoice locale origin_context payment_intent
        payment_link payment_method_configuration_details permissions recovered_from
        saved_payment_method_options setup_intent shipping_address_collection shipping_cost
        submit_type subscription wallet_options""".split()
    )
    return nothing | {
        "adaptive_pricing": {"enabled": False},
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "custom_fields": [],
        "custom_text": dict.fromkeys(("after_submit", "shipping_address", "submit", "terms_of_service_acceptance")),
        "customer_creation": "if_required",
        "discounts": [],
        "invoice_creation": {
            "enabled": False,
            "invoice_data": {
                "account_tax_ids": None,
                "custom_fields": None,
                "description": None,
                "footer": None,
                "issuer": None,
                "metadata": {},
                "rendering_options": None,
            },
        },
        "livemode": False,
        "metadata": {},
        "mode": "payment",
        "payment_method_collection": "if_required",
        "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
        "payment_method_types": ["card"],
        "payment_status": "unpaid",
        "phone_number_collection": {"enabled": False},
        "shipping_options": [],
        "status": "open",
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "ui_mode": "hosted_page",
    }  # fmt: skip


def is_overdue(session: Resource) -> bool:
    """Whether its time has passed, even if nobody has noted that yet."""
    return session.data["expires_at"] <= clock.stamp()


@transaction.atomic
def pay(session_id: str, card: cards.Card, *, email: str = "") -> Attempt:
    """Try to pay the session with `card`. A session pays once, however often this is called."""
    session = store.lock("checkout.session", session_id)
    if (closed := _closed(session)) is not None:
        return closed
    intent = _intent_of(session, email)
    page = session.data["url"]
    intents.attempt(intent, card, return_url=page, authenticate_url=f"{page}authenticate/")
    return _after_attempt(session, intent, card)


@transaction.atomic
def authenticate(session_id: str, *, succeeded: bool) -> Attempt:
    """End the 3-D Secure step of the session's attempt. Safe to repeat: only a waiting one is ended."""
    session = store.lock("checkout.session", session_id)
    if (closed := _closed(session)) is not None:
        return closed
    intent_id = session.data["payment_intent"]
    intent = store.lock("payment_intent", intent_id) if intent_id else None
    if intent is None or intent.data["status"] != "requires_action":
        return Attempt(Result.DECLINED, session, "There is no payment to confirm. Please choose how to pay.")
    card = cards.find(intent.data["_card"])
    intents.authenticate(intent, succeeded=succeeded)
    return _after_attempt(session, intent, card)


def _closed(session: Resource) -> Attempt | None:
    if session.data["status"] == "complete":
        return Attempt(Result.COMPLETE, session)
    if session.data["status"] == "expired" or is_overdue(session):
        return Attempt(Result.EXPIRED, session)
    return None


def _intent_of(session: Resource, email: str) -> Resource:
    """The session's payment intent; like Stripe, Checkout makes it at the first attempt."""
    address = session.data["customer_email"] or email or None
    if session.data["payment_intent"]:
        intent = store.lock("payment_intent", session.data["payment_intent"])
    else:
        intent = intents.open_intent(
            session.data["amount_total"],
            session.currency,
            session_id=session.stripe_id,
            **session.data["_intent_values"],
        )
        session.intent_id = intent.stripe_id
        store.change(session, payment_intent=intent.stripe_id)
    intent.data["_email"] = address
    return intent


def _after_attempt(session: Resource, intent: Resource, card: cards.Card) -> Attempt:
    status = intent.data["status"]
    if status == "requires_payment_method":
        return Attempt(Result.DECLINED, session, intent.data["last_payment_error"]["message"])
    if status == "requires_action":
        return Attempt(Result.AUTHENTICATE, session)
    paid = status == "succeeded"
    _complete(session, intent, payment_status="paid" if paid else "unpaid")
    if not paid:
        step = "debit_succeeds" if card.succeeds_later else "debit_fails"
        schedule.plan(step, session.stripe_id, clock.now() + _DEBIT_ENDS_AFTER)
    return Attempt(Result.PAID if paid else Result.PROCESSING, session)


def _complete(session: Resource, intent: Resource, *, payment_status: str) -> None:
    details = {
        "address": None,
        "business_name": None,
        "email": intent.data.get("_email"),
        "individual_name": None,
        "name": None,
        "phone": None,
        "tax_exempt": "none",
        "tax_ids": [],
    }
    store.change(session, status="complete", payment_status=payment_status, customer_details=details, url=None)
    events.emit("checkout.session.completed", session)


def expire(session: Resource) -> None:
    """Expire an open session and cancel its payment intent. The caller holds the session's lock."""
    store.change(session, status="expired", url=None)
    if session.data["payment_intent"]:
        intents.cancel(store.lock("payment_intent", session.data["payment_intent"]), "expired")
    events.emit("checkout.session.expired", session)


@schedule.action("expire_session")
def _expire_overdue(session_id: str) -> None:
    session = store.lock("checkout.session", session_id)
    if session.data["status"] == "open":
        expire(session)


@transaction.atomic
def finish_debit(session_id: str, *, succeeded: bool) -> None:
    """End the bank debit of a complete, unpaid session. Safe to repeat: only a waiting one is ended."""
    session = store.lock("checkout.session", session_id)
    intent = store.lock("payment_intent", session.data["payment_intent"])
    if intent.data["status"] != "processing":
        return
    intents.finish_processing(intent, succeeded=succeeded)
    if succeeded:
        store.change(session, payment_status="paid")
    events.emit(f"checkout.session.async_payment_{'succeeded' if succeeded else 'failed'}", session)


@schedule.action("debit_succeeds")
def _debit_succeeds(session_id: str) -> None:
    finish_debit(session_id, succeeded=True)


@schedule.action("debit_fails")
def _debit_fails(session_id: str) -> None:
    finish_debit(session_id, succeeded=False)


def success_url(session: Resource) -> str:
    """Where the shopper goes after paying, the session's id filled in."""
    return session.data["success_url"].replace("{CHECKOUT_SESSION_ID}", session.stripe_id)


def new_line(values: dict[str, Any], currency: str) -> dict[str, Any]:
    """A line item as the API shows it, from a checked `line_items[]` entry with `price_data`."""
    price, product = values["price_data"], values["price_data"]["product_data"]
    quantity = values["quantity"]
    total = price["unit_amount"] * quantity
    return {
        "id": ids.new_id("item"),
        "object": "item",
        "amount_discount": 0,
        "amount_subtotal": total,
        "amount_tax": 0,
        "amount_total": total,
        "currency": currency,
        "description": product["name"],
        "metadata": values.get("metadata", {}),
        "price": {
            "id": ids.new_id("price"),
            "object": "price",
            "active": False,
            "billing_scheme": "per_unit",
            "created": clock.stamp(),
            "currency": currency,
            "custom_unit_amount": None,
            "livemode": False,
            "lookup_key": None,
            "metadata": {},
            "nickname": None,
            "product": ids.new_id("product"),
            "recurring": None,
            "tax_behavior": price.get("tax_behavior", "unspecified"),
            "tiers_mode": None,
            "transform_quantity": None,
            "type": "one_time",
            "unit_amount": price["unit_amount"],
            "unit_amount_decimal": str(price["unit_amount"]),
        },
        "quantity": quantity,
    }
