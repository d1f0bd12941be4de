"""Settings of the simulator as a process of its own, with its own database.

    export STRIPE_SIMULATOR_WEBHOOK_URL=http://127.0.0.1:8000/payments/webhook/
    DJANGO_SETTINGS_MODULE=stripe_simulator.settings python -m django migrate
    gunicorn --threads 4 stripe_simulator.wsgi

Only for a test key on the local machine: it answers to no other host.
"""

import os
from pathlib import Path

from django.core.management.utils import get_random_secret_key
from django.utils.csp import CSP

SECRET_KEY = os.environ.get("STRIPE_SIMULATOR_KEY") or get_random_secret_key()
DEBUG = False
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]"]
INSTALLED_APPS = ["stripe_simulator"]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
]
ROOT_URLCONF = "stripe_simulator.server"
STATIC_URL = "/static/"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
    }
]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ.get("STRIPE_SIMULATOR_DATABASE", str(Path.cwd() / "stripe_simulator.sqlite3")),
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 30,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        },
    }
}
LANGUAGE_CODE = "en-gb"
USE_TZ = True
TIME_ZONE = "UTC"
# No form-action: the payment page must be able to lead back to whatever shop made the session.
SECURE_CSP = {"default-src": [CSP.NONE], "style-src": [CSP.SELF], "base-uri": [CSP.NONE], "frame-ancestors": [CSP.NONE]}

STORE_NAME = os.environ.get("STORE_NAME", "The shop")
STRIPE_SECRET_KEY = os.environ.get("STRIPE_SECRET_KEY", "")
STRIPE_WEBHOOK_SECRETS = [part for part in os.environ.get("STRIPE_WEBHOOK_SECRETS", "").split(",") if part]
STRIPE_SIMULATOR_WEBHOOK_URL = os.environ.get("STRIPE_SIMULATOR_WEBHOOK_URL", "")
STRIPE_SIMULATOR_DELIVER_IN_THREAD = True
