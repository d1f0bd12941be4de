"""The simulator with a judge beside it: the whole suite's exchanges with it are held against Stripe's OpenAPI file.

`conftest.py` names `handle` in the settings of every test. A mistake is raised where it is made and kept as well, for
the shop may have caught it: each test ends by asking `mistakes`.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from stripe_simulator import api
from stripe_simulator.tests import openapi

mistakes: list[str] = []


def handle(method: str, url: str, headers: Mapping[str, str], body: bytes | str | None) -> api.Answer:
    """Answer one request as the simulator does; both it and the answer must be as Stripe documents them."""
    judge_request(method, url, body)
    status, answered, told = api.handle(method, url, headers, body)
    judge_answer(method, url, status, told)
    return status, answered, told


def judge_request(method: str, url: str, body: bytes | str | None) -> None:
    """Hold a request against the file: its parameters, in the query or the body."""
    _judge(openapi.assert_request_matches, method.upper(), _path(url), body or "")


def judge_answer(method: str, url: str, status: int, body: bytes | str) -> None:
    """Hold the answer to a request against the file."""
    _judge(openapi.assert_response_matches, method.upper(), _path(url), status, json.loads(body))


def judge_event(body: bytes) -> None:
    """Hold an event on its way to the webhook, and the object in it, against the same file."""
    event = json.loads(body)
    _judge(openapi.assert_object_matches, "event", event)
    told = event["data"]["object"]
    _judge(openapi.assert_object_matches, told["object"], told)


def _path(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def _judge(assert_matches: Callable[..., None], *exchange: Any) -> None:
    try:
        assert_matches(*exchange)
    except AssertionError as mistake:
        mistakes.append(str(mistake))
        raise
