"""Ways for tests to drive the simulator: the real Stripe client on top of it, and factories."""

import json
from typing import Any

import stripe
from django.conf import settings

from stripe_simulator import api
from stripe_simulator.tests import openapi

SHOP = "http://testserver"


class SimulatorClient(stripe.HTTPClient):
    """Stripe's client library, its network replaced by the simulator, every exchange judged by OpenAPI."""

    name = "simulator"

    def __init__(self) -> None:
        super().__init__()
        self.exchanges: list[tuple[str, str, int]] = []

    def request(self, method: str, url: str, headers: Any, post_data: Any = None) -> Any:
        path = url.removeprefix("https://api.stripe.com")
        openapi.assert_request_matches(method.upper(), path, post_data or "")
        try:
            status, answered, body = api.handle(method, url, headers, post_data)
        except OSError as error:
            raise stripe.APIConnectionError(str(error), should_retry=True) from error
        self.exchanges.append((method.upper(), path, status))
        openapi.assert_response_matches(method.upper(), path, status, json.loads(body))
        return body.decode(), status, answered

    def sleep_time_seconds(self, num_retries: int, response: Any = None) -> float:
        return 0

    def close(self) -> None:
        """Nothing is open."""


def make_client(**options: Any) -> stripe.StripeClient:
    options = {"http_client": SimulatorClient(), "max_network_retries": 0} | options
    return stripe.StripeClient(settings.STRIPE_SECRET_KEY, **options)


def make_line(
    *, amount: int = 2800, currency: str = "gbp", name: str = "Barrier cream", quantity: int = 1
) -> dict[str, Any]:
    price = {"currency": currency, "unit_amount": amount, "product_data": {"name": name}}
    return {"price_data": price, "quantity": quantity}


def make_session(client: stripe.StripeClient | None = None, **params: Any) -> stripe.checkout.Session:
    amount, currency = params.pop("amount", 2800), params.pop("currency", "gbp")
    defaults = {
        "mode": "payment",
        "line_items": [make_line(amount=amount, currency=currency)],
        "success_url": f"{SHOP}/checkout/return/?session_id={{CHECKOUT_SESSION_ID}}",
        "cancel_url": f"{SHOP}/bag/",
        "customer_email": "ada@example.com",
    }
    sent = {name: value for name, value in (defaults | params).items() if value is not None}
    return (client or make_client()).v1.checkout.sessions.create(params=sent)
