"""The secret key of the account is sent to Stripe, or to this machine with a key that moves no money."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from core.fitness import unfit_settings
from payments.client import stripe_client


@pytest.fixture
def real_client(settings):
    settings.PAYMENTS_USE_STRIPE = True
    settings.STRIPE_SECRET_KEY = "sk_test_1"
    yield settings
    stripe_client.cache_clear()


def base_of(client):
    return client._requestor._options.base_addresses["api"]


@pytest.mark.parametrize("base", ["http://127.0.0.1:12111", "http://localhost:12111/", "http://[::1]:12111"])
def test_this_machine_may_play_stripe_for_a_test_key(real_client, base):
    real_client.STRIPE_API_BASE = base
    assert "config.stripe_api_base" not in unfit_settings()
    assert base_of(stripe_client()) == base


@pytest.mark.parametrize(
    ("base", "key"),
    [
        ("https://api.stripe.example", "sk_test_1"),
        ("http://127.0.0.1.evil.example:12111", "sk_test_1"),
        ("http://127.0.0.1@evil.example", "sk_test_1"),
        ("http://0.0.0.0:12111", "sk_test_1"),
        ("127.0.0.1:12111", "sk_test_1"),
        ("http://[::1", "sk_test_1"),
        ("http://127.0.0.1:12111", "sk_live_1"),
        ("http://127.0.0.1:12111", "rk_live_1"),
    ],
)
def test_no_other_host_and_no_live_key(real_client, base, key):
    real_client.STRIPE_API_BASE, real_client.STRIPE_SECRET_KEY = base, key
    assert "config.stripe_api_base" in unfit_settings()
    with pytest.raises(ImproperlyConfigured, match="only name this machine"):
        stripe_client()


def test_without_a_base_the_key_goes_to_stripe(real_client):
    real_client.STRIPE_API_BASE = ""
    assert base_of(stripe_client()) in (None, "https://api.stripe.com")
