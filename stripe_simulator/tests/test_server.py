"""The simulator as a server of its own, spoken to over HTTP."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client, override_settings

from stripe_simulator import control
from stripe_simulator import settings as own_settings
from stripe_simulator.tests import openapi
from stripe_simulator.tests.simulated import SHOP

pytestmark = [pytest.mark.django_db, pytest.mark.urls("stripe_simulator.server")]

SESSION = (
    f"mode=payment&success_url={SHOP}/done/&customer_email=a@example.com&line_items[0][quantity]=1"
    "&line_items[0][price_data][currency]=gbp&line_items[0][price_data][unit_amount]=2800"
    "&line_items[0][price_data][product_data][name]=Cream"
)


@pytest.fixture(autouse=True)
def its_own_ground(settings) -> None:
    settings.MIDDLEWARE = own_settings.MIDDLEWARE
    settings.TEMPLATES = own_settings.TEMPLATES


def post(path: str, body: str) -> tuple[int, dict]:
    response = Client(enforce_csrf_checks=True).post(
        path,
        body,
        content_type="application/x-www-form-urlencoded",
        headers={"Authorization": f"Bearer {settings.STRIPE_SECRET_KEY}"},
    )
    return response.status_code, json.loads(response.content or "{}")


def test_session_is_made_over_http_and_paid_on_the_same_host() -> None:
    status, session = post("/v1/checkout/sessions", SESSION)

    assert status == 200
    openapi.assert_response_matches("POST", "/v1/checkout/sessions", status, session)
    assert session["url"] == f"http://testserver/pay/{session['id']}/"
    page = f"/pay/{session['id']}/"
    assert Client().post(page, {"card": "4242424242424242"})["Location"] == f"{SHOP}/done/"


def test_origin_may_be_set() -> None:
    with override_settings(STRIPE_SIMULATOR_ORIGIN="http://127.0.0.1:8712"):
        _, session = post("/v1/checkout/sessions", SESSION)

    assert session["url"].startswith("http://127.0.0.1:8712/pay/cs_test_")


@pytest.mark.parametrize("mode", ["timeout", "lost_answer"])
def test_broken_connection_becomes_a_bare_504(mode: str) -> None:
    control.fail_next("*", mode)

    assert post("/v1/checkout/sessions", SESSION) == (504, {})


def test_unknown_address_gets_stripes_404() -> None:
    status, body = post("/v1/teapots", "")

    assert (status, body["error"]["type"]) == (404, "invalid_request_error")


def test_null_characters_are_refused_without_an_error() -> None:
    _, session = post("/v1/checkout/sessions", SESSION)
    page = f"/pay/{session['id']}/"

    assert Client().get("/pay/cs_test_a%00b/").status_code == 404
    assert Client().post(page, {"card": "other", "number": "42\x0042"}).status_code == 422
    assert post("/v1/checkout/sessions/a%00b/expire", "")[0] == 400


def test_style_sheet_is_served() -> None:
    response = Client().get("/static/stripe_simulator/pay.css")

    assert response.status_code == 200
    assert b"light-dark" in b"".join(response.streaming_content)


def test_its_own_settings_pass_django_checks(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "SYSTEMROOT"}}
    environment = kept | {
        "DJANGO_SETTINGS_MODULE": "stripe_simulator.settings",
        "PYTHONPATH": str(root),
        "STRIPE_SIMULATOR_DATABASE": str(tmp_path / "own.sqlite3"),
    }
    script = (
        "import django; django.setup();"
        "from django.core.management import call_command as run; run('check'); run('migrate', verbosity=0);"
        "run('makemigrations', check_changes=True, dry_run=True);"
        "from stripe_simulator import control; print(control.tick())"
    )

    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout.split()[-1:]) == (0, ["0"]), done.stderr
