"""Stripe's books as it tells them: movements of the balance and payouts, a page at a time, as plain dataclasses."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any

import stripe

from payments.client import ask, time_of

PAGE = 100  # the most that Stripe gives at a time
COMPLETED = "completed"


@dataclass(frozen=True)
class Movement:
    """A balance transaction as Stripe tells it: minor units of the settlement currency, signed."""

    id: str
    type: str
    reporting_category: str
    amount_minor: int
    fee_minor: int
    net_minor: int
    currency: str
    at: datetime
    available_on: datetime
    exchange_rate: Decimal | None
    source_id: str


@dataclass(frozen=True)
class PayoutState:
    """A payout as Stripe tells it. `is_itemised` says that Stripe can list all that it is made of."""

    id: str
    amount_minor: int
    currency: str
    status: str
    is_automatic: bool
    is_itemised: bool
    arrives_at: datetime
    created_at: datetime
    failure_code: str


def movements_since(at: datetime, until: datetime | None = None) -> Iterator[list[Movement]]:
    """Yield every movement created at or after `at`, and before `until` if it is given: pages, newest first."""
    created = {"gte": int(at.timestamp())} | ({"lt": int(until.timestamp())} if until else {})
    return _movements({"created": created})


def movements_of(source_id: str) -> Iterator[list[Movement]]:
    """Yield the movements that a charge, refund, dispute or payout caused."""
    return _movements({"source": source_id})


def parts_of(payout_id: str) -> Iterator[list[Movement]]:
    """Yield what an automatic payout is made of, its own movement among it. Stripe refuses this for a manual one.

    https://docs.stripe.com/payouts/reconciliation
    """
    return _movements({"payout": payout_id})


def payouts_since(at: datetime) -> Iterator[list[PayoutState]]:
    """Yield every payout created at or after `at`: pages, newest first."""
    for page in _pages(_list_payouts, {"created": {"gte": int(at.timestamp())}}):
        yield [_payout(found) for found in page]


def fetch_payout(payout_id: str) -> PayoutState:
    """Read one payout. Raises GatewayRefused for one that Stripe does not know."""
    return _payout(ask(lambda client: client.v1.payouts.retrieve(payout_id)))


def fetch_charge(charge_id: str) -> dict[str, Any]:
    """Read a charge as Stripe tells it. Raises GatewayRefused for one that it does not know."""
    return ask(lambda client: client.v1.charges.retrieve(charge_id)).to_dict()


def fetch_refund(refund_id: str) -> dict[str, Any]:
    """Read a refund as Stripe tells it. Raises GatewayRefused for one that it does not know."""
    return ask(lambda client: client.v1.refunds.retrieve(refund_id)).to_dict()


def _movements(narrowed: Mapping[str, Any]) -> Iterator[list[Movement]]:
    for page in _pages(_list_movements, narrowed):
        yield [_movement(found) for found in page]


def _pages(call: Callable[..., Any], narrowed: Mapping[str, Any]) -> Iterator[list[Any]]:
    """Yield the pages of a list. Each page is a call of its own, so nothing is held in memory and no lock is held."""
    params: dict[str, Any] = {**narrowed, "limit": PAGE}
    while True:
        page = ask(partial(call, params=dict(params)))
        if page.data:
            yield page.data
        if not page.has_more or not page.data:
            return
        params["starting_after"] = page.data[-1].id


def _list_movements(client: stripe.StripeClient, params: Any) -> Any:
    return client.v1.balance_transactions.list(params)


def _list_payouts(client: stripe.StripeClient, params: Any) -> Any:
    return client.v1.payouts.list(params)


def _movement(found: stripe.BalanceTransaction) -> Movement:
    source = found.source
    return Movement(
        id=found.id,
        type=found.type,
        reporting_category=found.reporting_category,
        amount_minor=found.amount,
        fee_minor=found.fee,
        net_minor=found.net,
        currency=found.currency.upper(),
        at=time_of(found.created),
        available_on=time_of(found.available_on),
        exchange_rate=None if found.exchange_rate is None else Decimal(str(found.exchange_rate)),
        source_id=source if isinstance(source, str) else (source.id if source is not None else ""),
    )


def _payout(found: stripe.Payout) -> PayoutState:
    return PayoutState(
        id=found.id,
        amount_minor=found.amount,
        currency=found.currency.upper(),
        status=found.status,
        is_automatic=found.automatic,
        is_itemised=found.automatic and found.reconciliation_status == COMPLETED,
        arrives_at=time_of(found.arrival_date),
        created_at=time_of(found.created),
        failure_code=(found.failure_code or "")[:60],
    )
