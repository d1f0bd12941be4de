"""Settings of a shop in production: `purelaka.settings` with every protection on and no defaults for secrets.

Refuses to start while one of the required names is missing, and says which.
"""

from django.core.exceptions import ImproperlyConfigured

from purelaka.settings import *  # noqa: F403  one base, two readings of it: this is Django's own idiom
from purelaka.settings import DATABASES, PAYMENTS_USE_STRIPE, STORAGES, env

REQUIRED = {
    "SECRET_KEY": "a long random string that signs sessions and links",
    "ALLOWED_HOSTS": "the host names this shop answers to, comma-separated",
    "STRIPE_SECRET_KEY": "the secret key of the Stripe account",
    "STRIPE_WEBHOOK_SECRETS": "the signing secrets of the webhook endpoint, newest first",
}

missing = [
    f"{name} ({meaning})" for name, meaning in REQUIRED.items() if not env.str(name, default="").strip()
]
if missing:
    raise ImproperlyConfigured("PureLaka cannot start in production without: " + "; ".join(missing) + ".")

DEBUG = False
PAYMENTS_USE_STRIPE = env.bool("PAYMENTS_USE_STRIPE", default=True)

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

STORAGES["staticfiles"] = {"BACKEND": "core.static_storage.JoinedStaticFilesStorage"}
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = False

if DATABASES["default"]["ENGINE"] == "django.db.backends.postgresql":
    DATABASES["default"]["CONN_MAX_AGE"] = 0  # the pool keeps the connections
    DATABASES["default"].setdefault("OPTIONS", {}).setdefault(
        "pool", {"min_size": 1, "max_size": env.int("DATABASE_POOL_SIZE", default=8)}
    )
