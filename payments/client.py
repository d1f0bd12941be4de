"""The only door to Stripe: one pinned API version, plain dataclasses out, the family of GatewayError.

With `PAYMENTS_USE_STRIPE=0` the same `stripe.StripeClient` speaks to the simulator, so demo and tests run the
production code.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any, ClassVar

import stripe
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from payments.errors import GatewayRefused, GatewayUnclear
from payments.fitness import api_base_is_stripes_or_this_machine

TIMEOUT_SECONDS = 20
SUCCEEDED = "payment_intent.succeeded"


@dataclass(frozen=True)
class Charge:
    """One try to take money, as Stripe tells it. Amounts in minor units."""

    id: str
    at: datetime
    succeeded: bool
    failed: bool
    captured_minor: int
    failure_code: str
    method: str
    card_brand: str
    card_last4: str


@dataclass(frozen=True)
class RefundState:
    """A refund as Stripe tells it."""

    id: str
    status: str
    amount_minor: int
    at: datetime
    failure_reason: str
    failed_at: datetime | None = None
    mark: str = ""  # what `create_refund` was given as metadata, so that it is known again after a lost answer


@dataclass(frozen=True)
class Session:
    """A Checkout session with all that hangs on it. `status` is `open`, `complete` or `expired`."""

    id: str
    url: str
    status: str
    payment_status: str
    amount_minor: int
    currency: str
    livemode: bool
    expires_at: datetime
    intent_id: str
    intent_status: str
    charges: tuple[Charge, ...] = field(default=())
    refunds: tuple[RefundState, ...] = field(default=())

    @property
    def succeeded_charge(self) -> Charge | None:
        """The charge that took the money, if one did."""
        return next((charge for charge in self.charges if charge.succeeded), None)


class SimulatorHTTP(stripe.HTTPClient):
    """Hands the requests of the real client to the simulator inside this process."""

    name: ClassVar[str] = "purelaka-simulator"

    def __init__(self) -> None:
        super().__init__()
        self._handle: Callable[..., tuple[int, Mapping[str, str], bytes]] = import_string(settings.STRIPE_SIMULATOR)

    def request(  # type: ignore[override]
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None
    ) -> tuple[str, int, Mapping[str, str]]:
        """Answer as the network would, or raise as a broken one does."""
        body = post_data.encode() if isinstance(post_data, str) else (post_data or b"")
        try:
            status, answer_headers, answer = self._handle(method, url, dict(headers or {}), body)
        except (TimeoutError, ConnectionError) as error:
            raise stripe.APIConnectionError(str(error)) from error
        lowered = {name.lower(): value for name, value in answer_headers.items()}
        return answer.decode(), status, lowered

    def close(self) -> None:
        """Hold nothing, so close nothing."""


@cache
def stripe_client() -> stripe.StripeClient:
    """Return this process's client. Raises ImproperlyConfigured for an API base that is not this machine."""
    options: dict[str, Any] = {"stripe_version": settings.STRIPE_API_VERSION, "max_network_retries": 0}
    if not settings.PAYMENTS_USE_STRIPE:
        options["http_client"] = SimulatorHTTP()
    else:
        options["http_client"] = stripe.RequestsClient(timeout=TIMEOUT_SECONDS)
        if settings.STRIPE_API_BASE:
            if trouble := api_base_is_stripes_or_this_machine():
                raise ImproperlyConfigured(trouble)
            options["base_addresses"] = {"api": settings.STRIPE_API_BASE}
    return stripe.StripeClient(settings.STRIPE_SECRET_KEY, **options)


def is_live() -> bool:
    """Whether the key in use moves real money."""
    return settings.STRIPE_SECRET_KEY.startswith(("sk_live_", "rk_live_"))


def create_session(params: Mapping[str, Any], *, idempotency_key: str) -> Session:
    """Make a Checkout session. The same key with the same parameters gives the same session."""
    made = ask(
        lambda client: client.v1.checkout.sessions.create(dict(params), {"idempotency_key": idempotency_key})  # type: ignore[arg-type]
    )
    return _session(made)


def expire_session(session_id: str) -> None:
    """End an open session so that nobody can pay it. Raises GatewayRefused if it is complete or already expired."""
    ask(lambda client: client.v1.checkout.sessions.expire(session_id))


def fetch_session(session_id: str) -> Session:
    """Read a session with its charges and refunds: the truth that `sync_payment` brings the shop to."""
    found = ask(lambda client: client.v1.checkout.sessions.retrieve(session_id, {"expand": ["payment_intent"]}))
    intent = found.payment_intent
    if not isinstance(intent, stripe.PaymentIntent):
        return _session(found)
    charges = ask(lambda client: client.v1.charges.list({"payment_intent": intent.id, "limit": 100}))
    refunds: list[Any] = []
    if any(charge.status == "succeeded" for charge in charges.data):  # a refund that failed leaves no amount_refunded
        asked = {"payment_intent": intent.id, "limit": 100, "expand": ["data.failure_balance_transaction"]}
        refunds = ask(lambda client: client.v1.refunds.list(asked)).data  # type: ignore[arg-type]
    return _session(found, intent=intent, charges=charges.data, refunds=refunds)


def create_refund(params: Mapping[str, Any], *, idempotency_key: str) -> RefundState:
    """Give money back. The same key with the same parameters gives it back once."""
    made = ask(lambda client: client.v1.refunds.create(dict(params), {"idempotency_key": idempotency_key}))  # type: ignore[arg-type]
    return _refund(made)


def ask[T](call: Callable[[stripe.StripeClient], T]) -> T:
    """Make one call. Raises GatewayUnclear if it may or may not have been done, GatewayRefused if it was not."""
    try:
        return call(stripe_client())
    except (stripe.APIConnectionError, stripe.APIError, stripe.RateLimitError) as error:
        raise GatewayUnclear(str(error), request_id=error.request_id or "") from error
    except stripe.IdempotencyError as error:
        raise GatewayUnclear(str(error), code="idempotency", request_id=error.request_id or "") from error
    except stripe.StripeError as error:
        raise GatewayRefused(str(error), code=error.code or "", request_id=error.request_id or "") from error


def _session(
    found: Any, *, intent: Any = None, charges: list[Any] | None = None, refunds: list[Any] | None = None
) -> Session:
    reference = found.payment_intent
    return Session(
        id=found.id,
        url=found.url or "",
        status=found.status or "",
        payment_status=found.payment_status,
        amount_minor=found.amount_total or 0,
        currency=(found.currency or "").upper(),
        livemode=found.livemode,
        expires_at=time_of(found.expires_at),
        intent_id=intent.id if intent is not None else (reference if isinstance(reference, str) else ""),
        intent_status=intent.status if intent is not None else "",
        charges=tuple(_charge(item) for item in reversed(charges or [])),  # Stripe lists the newest first
        refunds=tuple(_refund(item) for item in reversed(refunds or [])),
    )


def _charge(found: Any) -> Charge:
    details = found.payment_method_details
    card = getattr(details, "card", None) if details else None
    return Charge(
        id=found.id,
        at=time_of(found.created),
        succeeded=found.status == "succeeded" and bool(found.captured),
        failed=found.status == "failed",
        captured_minor=found.amount_captured or 0,
        failure_code=_decline(found),
        method=(details.type if details else "") or "",
        card_brand=(getattr(card, "brand", "") or "") if card else "",
        card_last4=(getattr(card, "last4", "") or "") if card else "",
    )


def _decline(charge: Any) -> str:
    outcome = charge.outcome
    reason = getattr(outcome, "reason", None) if outcome else None
    return (reason or charge.failure_code or "")[:60]


def _refund(found: Any) -> RefundState:
    metadata = getattr(found, "metadata", None) or {}
    back = getattr(found, "failure_balance_transaction", None)
    return RefundState(
        id=found.id,
        status=found.status or "pending",
        amount_minor=found.amount,
        at=time_of(found.created),
        failure_reason=getattr(found, "failure_reason", None) or "",
        failed_at=time_of(back.created) if isinstance(back, stripe.BalanceTransaction) else None,
        mark=str(metadata["refund"]) if "refund" in metadata else "",
    )


def time_of(stamp: int) -> datetime:
    """Return one of Stripe's time stamps (seconds since 1970) as an instant in UTC."""
    return datetime.fromtimestamp(stamp, tz=UTC)
