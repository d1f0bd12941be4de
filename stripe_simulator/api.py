"""The simulator's front door: one HTTP request in, one HTTP answer out."""

import base64
import binascii
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.db import connection, transaction

from stripe_simulator import faults, forms, idempotency, ids, params, routing
from stripe_simulator.calls import Call, Endpoint, Origin, current_request
from stripe_simulator.errors import ApiError, CardDeclined, unknown_url
from stripe_simulator.events import API_VERSION

type Answer = tuple[int, dict[str, str], bytes]

_VERSION = re.compile(r"\d{4}-\d{2}-\d{2}(\.[a-z]+)?(;.*)?")
_NO_KEY = (
    "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth "
    "(e.g. 'Authorization: Bearer YOUR_SECRET_KEY'). See https://stripe.com/docs/api#authentication for details, "
    "or we can help at https://support.stripe.com/."
)


@dataclass(frozen=True)
class _Request:
    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    request_id: str
    version: str = API_VERSION

    @property
    def path(self) -> str:
        return unquote(urlsplit(self.url).path).rstrip("/") or "/"

    @property
    def origin(self) -> str:
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def key(self) -> str | None:
        """The idempotency key; Stripe ignores it except on POST."""
        return self.headers.get("idempotency-key") if self.method == "POST" else None


def handle(method: str, url: str, headers: Mapping[str, str], body: bytes | str | None) -> Answer:
    """Answer one request to Stripe's API: status, headers, body.

    Raises TimeoutError or ConnectionResetError when such a fault was ordered, and RuntimeError if the
    caller holds a transaction open: with the real Stripe this would be a network call under locks.
    """
    _refuse_inside_transaction()
    raw = body.encode() if isinstance(body, str) else body or b""
    lowered = {name.lower(): _text(value) for name, value in headers.items()}
    request = _Request(method.upper(), url, lowered, raw, ids.new_id("request"))
    try:
        _check_key(lowered.get("authorization", ""))
        request = replace(request, version=_version(lowered.get("stripe-version")))
        endpoint, found = _route(request)
        sent = _params(request)
    except ApiError as error:
        return _answer(request, error.status, error.body())
    return _with_faults(request, endpoint, found, sent)


def _text(value: object) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _refuse_inside_transaction() -> None:
    # Only the blocks that Django's TestCase opens around a test are allowed: they carry this mark.
    if not all(getattr(block, "_from_testcase", False) for block in connection.atomic_blocks):
        raise RuntimeError(
            "Stripe was called inside a database transaction. A network call must not happen while locks are held: "
            "commit first, then call, then record the answer in a new transaction."
        )


def _check_key(authorization: str) -> None:
    scheme, _, given = authorization.partition(" ")
    if scheme.lower() == "basic":
        given = _basic_user(given)
    if not given:
        raise ApiError(_NO_KEY, status=401)
    expected = getattr(settings, "STRIPE_SECRET_KEY", "")
    known = secrets.compare_digest(given.encode(), expected.encode()) if expected else given.startswith("sk_test_")
    if given.startswith("sk_live_") or not known:
        masked = given[:8] + "*" * 8 + given[-4:] if len(given) > 16 else "*" * 8
        raise ApiError(f"Invalid API Key provided: {masked}", status=401)


def _basic_user(encoded: str) -> str:
    try:
        return base64.b64decode(encoded, validate=True).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _version(asked: str | None) -> str:
    if asked is None:
        return API_VERSION
    if not _VERSION.fullmatch(asked):
        raise ApiError(f"Invalid Stripe API version: {asked[:60]}")
    return asked


def _route(request: _Request) -> tuple[Endpoint, tuple[str, ...]]:
    found = routing.find(request.method, request.path)
    if found is None:
        raise unknown_url(request.method, request.path)
    if "\0" in request.path:
        raise ApiError("Invalid request: the path may not contain a null character.")
    return found


def _params(request: _Request) -> dict[str, Any]:
    sent = forms.decode(urlsplit(request.url).query)
    if request.method == "POST":
        sent |= forms.decode(request.body)
    return sent


def _with_faults(request: _Request, endpoint: Endpoint, found: tuple[str, ...], sent: dict[str, Any]) -> Answer:
    fault = faults.take(faults.REQUEST, endpoint.operation)
    mode = fault.mode if fault else ""
    if mode == "timeout":
        raise TimeoutError(f"The simulator was told to let {endpoint.operation} time out.")
    if mode == "error":
        error = ApiError("An unknown error occurred", status=500, kind="api_error")
        return _answer(request, error.status, error.body())
    if mode == "rate_limit":
        error = ApiError("Request rate limit exceeded.", status=429, code="rate_limit")
        return _answer(request, error.status, error.body())
    answer = _perform(request, endpoint, found, sent)
    if mode == "lost_answer":
        raise ConnectionResetError(f"The simulator was told to lose its answer to {endpoint.operation}.")
    return answer


def _perform(request: _Request, endpoint: Endpoint, found: tuple[str, ...], sent: dict[str, Any]) -> Answer:
    origin = current_request.set(Origin(request.request_id, request.key))
    try:
        if request.method == "GET":
            return _answer(request, *_run(request, endpoint, found, sent))
        with transaction.atomic():
            return _write(request, endpoint, found, sent)
    except ApiError as error:
        return _answer(request, error.status, error.body())
    finally:
        current_request.reset(origin)


def _write(request: _Request, endpoint: Endpoint, found: tuple[str, ...], sent: dict[str, Any]) -> Answer:
    """Perform a POST once for each idempotency key; runs in a transaction."""
    if request.key is None:
        return _answer(request, *_run(request, endpoint, found, sent))
    call = idempotency.claim(request.key, [request.method, request.path, sent], request.request_id)
    if call.status:
        replayed = _answer(request, call.status, json.loads(call.body))
        replayed[1].update({"Idempotent-Replayed": "true", "Original-Request": call.request_id})
        return replayed
    try:
        with transaction.atomic():  # a refusal undoes the work but keeps its own record
            status, body = _run(request, endpoint, found, sent)
    except ApiError as error:
        if not error.began:
            raise
        status, body = error.status, error.body()
    idempotency.remember(call, status, json.dumps(body))
    return _answer(request, status, body)


def _run(
    request: _Request, endpoint: Endpoint, found: tuple[str, ...], sent: dict[str, Any]
) -> tuple[int, dict[str, Any]]:
    checked = params.read(sent, endpoint.fields)
    try:
        return 200, endpoint.run(Call(found, checked, request.path, request.origin))
    except CardDeclined as declined:
        return declined.status, declined.body()


def _answer(request: _Request, status: int, body: dict[str, Any]) -> Answer:
    headers = {
        "Content-Type": "application/json",
        "Request-Id": request.request_id,
        "Stripe-Version": request.version,
    }
    if request.key is not None:
        headers["Idempotency-Key"] = request.key
    return status, headers, json.dumps(body, indent=2).encode()
