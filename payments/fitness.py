"""What taking money cannot do without in production."""

from urllib.parse import urlsplit

from django.conf import settings

from core.fitness import production_needs

LOOPBACK = {"127.0.0.1", "localhost", "::1"}


@production_needs("config.payments")
def payments_reach_stripe() -> str:
    """The simulator takes no money."""
    if settings.PAYMENTS_USE_STRIPE:
        return ""
    return "Payments go to the built-in simulator; set PAYMENTS_USE_STRIPE to 1."


@production_needs("config.stripe_api_base")
def api_base_is_stripes_or_this_machine() -> str:
    """Return what is wrong if the key of the account would be sent to some other host than Stripe's."""
    base = settings.STRIPE_API_BASE
    if not base or (is_loopback(base) and settings.STRIPE_SECRET_KEY.startswith("sk_test_")):
        return ""
    return "STRIPE_API_BASE may only name this machine, and only with an sk_test_ key."


def is_loopback(base: str) -> bool:
    """Whether an address names this machine."""
    try:
        return urlsplit(base).hostname in LOOPBACK
    except ValueError:
        return False
