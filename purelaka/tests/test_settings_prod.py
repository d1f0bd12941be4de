"""What production refuses to start without, and what it takes for granted; each in a process of its own."""

import json
import os
import subprocess
import sys

import pytest

from tests.architecture.files import ROOT
from tools.gates import THROWAWAY_PRODUCTION

SHOW = """
import json
from django.conf import settings
print(json.dumps({
    "form_action": settings.SECURE_CSP["form-action"],
    "simulated": "stripe_simulator" in settings.INSTALLED_APPS,
    "mailer": settings.MAILERS["default"],
    "base_url": settings.STORE_BASE_URL,
    "debug": settings.DEBUG,
}))
"""
REQUIRED = ("SECRET_KEY", "ALLOWED_HOSTS", "STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRETS")


def start(**variables: str) -> subprocess.CompletedProcess:
    """Load the production settings with these variables and nothing of ours besides."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    environment = kept | {"PURELAKA_NO_ENV_FILE": "1"} | variables
    command = [sys.executable, "-c", SHOW]
    return subprocess.run(command, check=False, cwd=ROOT, env=environment, capture_output=True, text=True)


def loaded(**variables: str) -> dict:
    return json.loads(start(**THROWAWAY_PRODUCTION | variables).stdout)


@pytest.mark.parametrize("name", REQUIRED)
@pytest.mark.parametrize("value", [None, "", "  "])
def test_a_missing_name_stops_the_start_and_is_named(name, value):
    variables = {key: text for key, text in THROWAWAY_PRODUCTION.items() if key != name}
    run = start(**variables if value is None else variables | {name: value})
    assert run.returncode != 0
    assert f"PureLaka cannot start in production without: {name} (" in run.stderr


def test_all_missing_names_are_named_at_once():
    run = start(DJANGO_SETTINGS_MODULE="purelaka.settings_prod")
    assert [name for name in REQUIRED if f"{name} (" not in run.stderr] == []


def test_four_names_make_a_shop_that_talks_to_stripe():
    assert loaded() == {
        "form_action": ["'self'", "https://checkout.stripe.com"],
        "simulated": False,
        "mailer": {
            "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
            "OPTIONS": {
                "host": "localhost",
                "port": 25,
                "username": "",
                "password": "",
                "use_tls": False,
                "use_ssl": False,
                "timeout": 20,
            },
        },
        "base_url": "https://shop.example",
        "debug": False,
    }


def test_what_is_said_wins():
    said = loaded(EMAIL_URL="smtp+tls://me:secret@mail.example:587", STORE_BASE_URL="https://www.shop.example/")
    assert said["base_url"] == "https://www.shop.example"
    assert said["mailer"]["OPTIONS"] == {
        "host": "mail.example",
        "port": 587,
        "username": "me",
        "password": "secret",
        "use_tls": True,
        "use_ssl": False,
        "timeout": 20,
    }


def test_debug_cannot_be_switched_on():
    assert loaded(DEBUG="1")["debug"] is False
