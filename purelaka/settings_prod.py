"""Settings of a shop in production: `purelaka.settings` with every protection on and no defaults for secrets.

Refuses to start while one of the required names is missing, and says which.
"""

import os

from django.core.exceptions import ImproperlyConfigured

from purelaka.environment import env

REQUIRED = {
    "SECRET_KEY": "a long random string that signs sessions and links",
    "ALLOWED_HOSTS": "the host names this shop answers to, comma-separated",
    "STRIPE_SECRET_KEY": "the secret key of the Stripe account",
    "STRIPE_WEBHOOK_SECRETS": "the signing secrets of the webhook endpoint, newest first",
}

missing = [f"{name} ({meaning})" for name, meaning in REQUIRED.items() if not env.str(name, default="").strip()]
if missing:
    raise ImproperlyConfigured("PureLaka cannot start in production without: " + "; ".join(missing) + ".")

# What production takes for granted where nothing else is said. The base reads these names while it is imported:
# which applications are installed and what the Content Security Policy allows follow from them.
PRODUCTION_DEFAULTS = {
    "PAYMENTS_USE_STRIPE": "1",
    "EMAIL_URL": "smtp://localhost:25",
    "STATIC_HASHED": "1",
    "STORE_BASE_URL": f"https://{env.list('ALLOWED_HOSTS')[0].lstrip('.')}",
}
for name, value in PRODUCTION_DEFAULTS.items():
    os.environ.setdefault(name, value)

from purelaka.settings import *  # noqa: E402, F403  one base, two readings of it: this is Django's own idiom
from purelaka.settings import DATABASES  # noqa: E402

DEBUG = False
REFUSE_UNFIT_SETTINGS = True

SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=True)
SECURE_REDIRECT_EXEMPT = [r"^healthz/$", r"^readyz/$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", default=31_536_000)
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
SESSION_COOKIE_NAME = "__Host-session"
CSRF_COOKIE_NAME = "__Host-csrf"

if DATABASES["default"]["ENGINE"] == "django.db.backends.postgresql":
    DATABASES["default"]["CONN_MAX_AGE"] = 0  # the pool keeps the connections
    DATABASES["default"].setdefault("OPTIONS", {}).setdefault(
        "pool", {"min_size": 1, "max_size": env.int("DATABASE_POOL_SIZE", default=8)}
    )
