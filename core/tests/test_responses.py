import io
import json
import logging
import re

import pytest
from structlog.contextvars import get_contextvars

from core.logs import logging_config

pytestmark = [pytest.mark.urls("core.tests.bad_input_urls"), pytest.mark.django_db]


def test_every_response_carries_the_headers_that_protect_it(client):
    response = client.get("/echo/")
    policy = response["Content-Security-Policy"]
    for part in (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ):
        assert part in policy.split("; ")
    assert "unsafe" not in policy
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["X-Frame-Options"] == "DENY"
    assert response["Referrer-Policy"] == "same-origin"
    assert response["Cross-Origin-Opener-Policy"] == "same-origin"
    assert response["Cross-Origin-Resource-Policy"] == "same-origin"
    assert response["Permissions-Policy"] == "camera=(), microphone=(), geolocation=(), payment=(), usb=()"
    assert "HX-Request" in response["Vary"]


def test_a_request_keeps_the_id_of_its_proxy_or_gets_one(client):
    assert client.get("/echo/", headers={"x-request-id": "proxy-12345678"})["X-Request-ID"] == "proxy-12345678"
    for offered in ("", "short", "x" * 65, "a b c d e f g", "<script>alert(1)</script>", "abcdefgh\n"):
        given = client.get("/echo/", headers={"x-request-id": offered})["X-Request-ID"]
        assert re.fullmatch(r"[0-9a-f]{32}", given)


@pytest.fixture
def json_lines():
    """What is logged from here on, as production writes it."""
    handlers, level = logging.root.handlers[:], logging.root.level
    logging_config(level="INFO", output="json")
    written = io.StringIO()
    logging.root.handlers[0].setStream(written)
    yield lambda: [json.loads(line) for line in written.getvalue().splitlines()]
    logging_config(level="INFO", output="console")
    logging.root.handlers[:], logging.root.level = handlers, level


def test_logs_are_json_with_the_id_of_the_request(client, json_lines):
    client.raise_request_exception = False
    client.get("/broken/", headers={"x-request-id": "proxy-12345678"})
    lines = json_lines()
    assert [line["event"] for line in lines] == ["Internal Server Error: /broken/", "request"]
    assert {line["request_id"] for line in lines} == {"proxy-12345678"}
    failure = lines[1]
    assert (failure["level"], failure["status"], failure["path"]) == ("error", 500, "/broken/")
    assert failure["timestamp"].endswith("Z")


def test_what_follows_a_request_does_not_carry_its_id(client):
    client.get("/", headers={"x-request-id": "proxy-12345678"})
    assert get_contextvars() == {}
