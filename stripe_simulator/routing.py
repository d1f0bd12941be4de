"""Which endpoint answers which address."""

from stripe_simulator import (
    balance,
    charges,
    checkout,
    disputes,
    events,
    payment_intents,
    payouts,
    refunds,
)
from stripe_simulator.calls import Endpoint

ENDPOINTS: tuple[Endpoint, ...] = (
    *checkout.ENDPOINTS,
    *payment_intents.ENDPOINTS,
    *charges.ENDPOINTS,
    *refunds.ENDPOINTS,
    *balance.ENDPOINTS,
    *events.ENDPOINTS,
    *disputes.ENDPOINTS,
    *payouts.ENDPOINTS,
)


def find(method: str, path: str) -> tuple[Endpoint, tuple[str, ...]] | None:
    """The endpoint for a request and the ids in its path; None if there is none."""
    for endpoint in ENDPOINTS:
        found = endpoint.match(method, path)
        if found is not None:
            return endpoint, found
    return None
