import subprocess
import sys

import pytest
from django.conf import settings as django_settings

from core.checks import (
    is_origin,
    sqlite_keeps_its_promises,
    store_base_url_is_an_origin,
    store_base_url_is_https,
    store_currency_is_known,
)


def ids(messages):
    return [message.id for message in messages]


def test_the_settings_of_this_repository_are_sound():
    assert store_currency_is_known() + store_base_url_is_an_origin() + sqlite_keeps_its_promises() == []


@pytest.mark.parametrize("currency", ["", "gbp", "XXX", "POUND", "BTC"])
def test_a_currency_that_cannot_be_charged(settings, currency):
    settings.STORE_CURRENCY = currency
    [error] = store_currency_is_known()
    assert error.id == "core.E001"
    assert repr(currency) in error.msg
    assert "GBP" in error.hint


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://shop.example", True),
        ("http://127.0.0.1:8000", True),
        ("http://[::1]:8000", True),
        ("shop.example", False),
        ("https://", False),
        ("https://shop.example/path", False),
        ("https://shop.example?x=1", False),
        ("ftp://shop.example", False),
        ("https://shop.example:port", False),
        ("https://shop.example:0", False),
        ("https://user@shop.example", False),
        ("https://sh op.example", False),
        ("javascript:alert(1)", False),
        ("", False),
    ],
)
def test_the_address_of_the_shop_is_scheme_and_host(settings, address, expected):
    assert is_origin(address) is expected
    settings.STORE_BASE_URL = address
    assert ids(store_base_url_is_an_origin()) == ([] if expected else ["core.E002"])


def test_sqlite_without_its_options(settings, monkeypatch):
    database = {"ENGINE": "django.db.backends.sqlite3", "OPTIONS": {"transaction_mode": "DEFERRED"}}
    monkeypatch.setitem(settings.DATABASES, "default", database)
    [error] = sqlite_keeps_its_promises()
    assert error.id == "core.E003"
    assert error.msg == (
        "SQLite is opened without transaction_mode IMMEDIATE and PRAGMA recursive_triggers=ON and "
        "PRAGMA foreign_keys=ON."
    )


def test_links_that_are_not_https_are_a_warning_for_production(settings):
    settings.STORE_BASE_URL = "http://shop.example"
    assert ids(store_base_url_is_https()) == ["core.W001"]
    settings.STORE_BASE_URL = "https://shop.example"
    assert store_base_url_is_https() == []


@pytest.mark.parametrize("zone", ["Europe/Lndon", "../../etc/passwd", "\u00e9"])
def test_a_zone_that_does_not_exist_stops_the_start_with_a_sentence(zone):
    run = subprocess.run(
        [sys.executable, "-c", "import purelaka.settings"],
        cwd=django_settings.BASE_DIR,
        env={"PURELAKA_NO_ENV_FILE": "1", "STORE_TIME_ZONE": zone, "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1
    assert run.stderr.splitlines()[-1].endswith(
        f"STORE_TIME_ZONE is {zone!r}, which is not a time zone; write it like Europe/London."
    )
