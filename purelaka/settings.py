"""Settings of PureLaka: complete for development, and the ground that `purelaka.settings_prod` stands on.

Every name a merchant may set is read from the environment, or from `.env` beside `manage.py`; `.env.example`
explains each.
"""

from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.core.exceptions import ImproperlyConfigured
from django.core.management.utils import get_random_secret_key
from django.utils.csp import CSP

from core.logs import logging_config
from purelaka.environment import BASE_DIR, env

# Security -------------------------------------------------------------------------------------------------------

SECRET_KEY = env.str("SECRET_KEY", default="") or get_random_secret_key()
DEBUG = env.bool("DEBUG", default=False)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
AUDIT_SIGNING_KEY = env.str("AUDIT_SIGNING_KEY", default="")
REFUSE_UNFIT_SETTINGS = False  # in production web and worker refuse to start with what core.fitness finds
CSRF_FAILURE_VIEW = "core.views.csrf_failure"
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"  # the return from the payment page is a cross-site GET and must carry the session
CSRF_COOKIE_SAMESITE = "Lax"
TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXY_COUNT", default=0)
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_048_576
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1_000

VERSION = "0.1.0"  # of PureLaka; files that leave the shop say which one wrote them

# The shop -------------------------------------------------------------------------------------------------------

STORE_NAME = env.str("STORE_NAME", default="PureLaka")
STORE_TIME_ZONE = env.str("STORE_TIME_ZONE", default="Europe/London")
try:
    STORE_ZONE = ZoneInfo(STORE_TIME_ZONE)
except (ZoneInfoNotFoundError, ValueError, OSError) as error:
    raise ImproperlyConfigured(
        f"STORE_TIME_ZONE is {STORE_TIME_ZONE!r}, which is not a time zone; write it like Europe/London."
    ) from error
STORE_CURRENCY = env.str("STORE_CURRENCY", default="GBP")
STORE_BASE_URL = env.str("STORE_BASE_URL", default="http://127.0.0.1:8000").rstrip("/")
DEMO = env.bool("DEMO", default=False)  # a notice on every page says that nothing here is really sold

# Stripe ---------------------------------------------------------------------------------------------------------

PAYMENTS_USE_STRIPE = env.bool("PAYMENTS_USE_STRIPE", default=False)
STRIPE_API_VERSION = "2026-05-27.dahlia"
STRIPE_SECRET_KEY = env.str("STRIPE_SECRET_KEY", default="sk_test_purelaka_simulator")
STRIPE_WEBHOOK_SECRETS = env.list("STRIPE_WEBHOOK_SECRETS", default=["whsec_purelaka_simulator"])
STRIPE_API_BASE = env.str("STRIPE_API_BASE", default="")
STRIPE_CHECKOUT_ORIGINS = env.list("STRIPE_CHECKOUT_ORIGINS", default=["https://checkout.stripe.com"])
STRIPE_SIMULATOR = "stripe_simulator.api.handle"
STRIPE_SIMULATOR_TICK = "stripe_simulator.control.tick"
STRIPE_SIMULATOR_PAYOUT = "stripe_simulator.control.make_payout"
STRIPE_SIMULATOR_DELIVER_IN_THREAD = DEMO  # else the worker alone delivers, a few seconds later
STRIPE_SIMULATOR_WEBHOOK_URL = env.str("STRIPE_SIMULATOR_WEBHOOK_URL", default=f"{STORE_BASE_URL}/payments/webhook/")

# Applications ---------------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "django_countries",
    "django_filters",
    "django_htmx",
    "django_structlog",
    "django_tasks_db",
    "core",
    "mail",
    "audit",
    "accounts",
    "rbac",
    "products",
    "wishlist",
    "orders",
    "payments",
    "analytics",
    "monitoring",
    "history",
    "console",
    "demo",
]
if not PAYMENTS_USE_STRIPE:
    INSTALLED_APPS.append("stripe_simulator")

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "core.middleware.RequestIdMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "core.middleware.SecurityHeadersMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "core.middleware.VaryOnHtmxMiddleware",
    "core.middleware.BadInputMiddleware",
]

ROOT_URLCONF = "purelaka.urls"
WSGI_APPLICATION = "purelaka.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "core.context_processors.store",
                "core.context_processors.appearance",
                "products.context_processors.navigation",
                "orders.context_processors.bag",
                "wishlist.context_processors.wishes",
                "rbac.context_processors.console",
            ],
        },
    },
]

# Database -------------------------------------------------------------------------------------------------------

DATABASES: dict[str, dict[str, Any]] = {
    "default": env.db_url("DATABASE_URL", default=f"sqlite:///{BASE_DIR / 'db.sqlite3'}")
}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # recursive_triggers: without it INSERT OR REPLACE would slip past the triggers of append-only tables.
    DATABASES["default"].setdefault("OPTIONS", {}).update(
        {
            "transaction_mode": "IMMEDIATE",
            "timeout": 30,
            "init_command": (
                "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON; "
                "PRAGMA recursive_triggers=ON;"
            ),
        }
    )
else:
    DATABASES["default"].setdefault("CONN_MAX_AGE", 60)
    DATABASES["default"].setdefault("CONN_HEALTH_CHECKS", True)

# The limits on sign-in attempts live in the cache, so it has to be one for all processes. Every write counts the
# rows, and past MAX_ENTRIES a third of them goes: high enough that nobody frees themselves of a limit by making keys.
CACHES = {"default": env.cache_url("CACHE_URL", default="dbcache://core_cacheentry?max_entries=50000")}

# Tasks ----------------------------------------------------------------------------------------------------------

TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend", "QUEUES": ["default"]}}

# People ---------------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["rbac.backends.RoleBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "accounts:landing"
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_UNIQUE_EMAIL = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_CONFIRM_EMAIL_ON_GET = False
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = True  # only in the browser that signed up
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_RATE_LIMITS = {"login_failed": "10/m/ip,5/5m/key"}  # the lock-out; the other limits are allauth's own
ACCOUNT_FORMS = {
    "login": "accounts.forms.SignInForm",
    "signup": "accounts.forms.SignUpForm",
    "reset_password": "accounts.forms.ResetPasswordForm",
    "reset_password_from_key": "accounts.forms.SetPasswordForm",
    "change_password": "accounts.forms.ChangePasswordForm",
}

# Mail -----------------------------------------------------------------------------------------------------------

EMAIL = env.email_url("EMAIL_URL", default="consolemail://")
MAILERS: dict[str, dict[str, Any]] = {"default": {"BACKEND": EMAIL["EMAIL_BACKEND"]}}
if EMAIL["EMAIL_BACKEND"].endswith("smtp.EmailBackend"):
    MAILERS["default"]["OPTIONS"] = {
        "host": EMAIL["EMAIL_HOST"],
        "port": EMAIL["EMAIL_PORT"] or 25,
        "username": EMAIL["EMAIL_HOST_USER"] or "",
        "password": EMAIL["EMAIL_HOST_PASSWORD"] or "",
        "use_tls": EMAIL.get("EMAIL_USE_TLS", False),
        "use_ssl": EMAIL.get("EMAIL_USE_SSL", False),
        "timeout": 20,
    }
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default=f"{STORE_NAME} <shop@localhost>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL

# Language and time ----------------------------------------------------------------------------------------------

LANGUAGE_CODE = "en-gb"
TIME_ZONE = STORE_TIME_ZONE  # what templates show; the database holds UTC
USE_TZ = True
USE_I18N = True

# Files ----------------------------------------------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_URL = "/media/"
MEDIA_ROOT = Path(env.str("MEDIA_ROOT", default=str(BASE_DIR / "media")))
EXPORTS_ROOT = Path(env.str("EXPORTS_ROOT", default=str(BASE_DIR / "exports")))  # private: no address leads there
EXPORTS_KEEP_DAYS = env.int("EXPORTS_KEEP_DAYS", default=7)
STORAGES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    "exports": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": EXPORTS_ROOT, "file_permissions_mode": 0o600, "directory_permissions_mode": 0o700},
    },
}
if env.bool("STATIC_HASHED", default=False):
    STORAGES["staticfiles"] = {"BACKEND": "core.static_storage.JoinedStaticFilesStorage"}
WHITENOISE_USE_FINDERS = not env.bool("STATIC_HASHED", default=False)
WHITENOISE_AUTOREFRESH = WHITENOISE_USE_FINDERS

# Content Security Policy ----------------------------------------------------------------------------------------

CSP_IMG_SRC = env.list("CSP_IMG_SRC", default=[])
SECURE_CSP = {
    "default-src": [CSP.NONE],
    "script-src": [CSP.SELF],
    "style-src": [CSP.SELF],
    "img-src": [CSP.SELF, "data:", *CSP_IMG_SRC],
    "font-src": [CSP.SELF],
    "connect-src": [CSP.SELF],
    # A form that is redirected to an origin missing from this list is blocked, so the payment page belongs here.
    "form-action": [CSP.SELF, *(STRIPE_CHECKOUT_ORIGINS if PAYMENTS_USE_STRIPE else [])],
    "base-uri": [CSP.NONE],
    "frame-ancestors": [CSP.NONE],
    "manifest-src": [CSP.SELF],
}

# Logs -----------------------------------------------------------------------------------------------------------

LOG_FORMAT = env.str("LOG_FORMAT", default="console" if DEBUG else "json")
LOGGING_CONFIG = None
logging_config(level=env.str("LOG_LEVEL", default="INFO"), output=LOG_FORMAT)

TEST_RUNNER = "purelaka.test_runner.PytestRunner"
