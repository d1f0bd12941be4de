"""The simulator, wired to the shop's own webhook through Django's test client."""

from typing import Any

import pytest
from django.test import Client

from payments.client import stripe_client
from stripe_simulator.tests import judged


@pytest.fixture(autouse=True)
def simulator_delivers_here(settings: Any) -> None:
    """Let the simulator's events arrive at this process's own webhook view."""
    settings.STRIPE_SIMULATOR_DELIVER = deliver
    stripe_client.cache_clear()


def deliver(url: str, headers: dict[str, str], body: bytes) -> int:
    """Hand one signed event to the webhook and return the status of its answer."""
    judged.judge_event(body)
    kept = {"Stripe-Signature": headers["Stripe-Signature"]}
    return Client().post("/payments/webhook/", body, content_type="application/json", headers=kept).status_code
