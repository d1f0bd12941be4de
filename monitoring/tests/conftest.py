import pytest
from django.test import Client

from accounts.tests.factories import make_user
from payments.client import stripe_client


@pytest.fixture(autouse=True)
def _simulator_keeps_its_events(settings):
    """The simulator's events go nowhere: what a check reads was synced by the factories."""
    settings.STRIPE_SIMULATOR_DELIVER = lambda _url, _headers, _body: 200
    stripe_client.cache_clear()


@pytest.fixture
def signed_in():
    """Return a client signed in with a role."""

    def sign_in(role: str) -> Client:
        client = Client()
        client.force_login(make_user(role))
        return client

    return sign_in
