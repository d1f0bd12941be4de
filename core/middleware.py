"""What is done to every request and response: an id, headers, and plain answers to unusable input."""

import re
import uuid
from collections.abc import Callable

import structlog
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers

GetResponse = Callable[[HttpRequest], HttpResponse]
USABLE_ID = re.compile(r"[A-Za-z0-9_-]{8,64}\Z")
log = structlog.get_logger("purelaka.request")


class RequestIdMiddleware:
    """Give each request an id (a proxy's `X-Request-ID` if it is usable), bind it to the logs, log the outcome."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        offered = request.headers.get("X-Request-ID", "")
        request.request_id = offered if USABLE_ID.match(offered) else uuid.uuid4().hex  # type: ignore[attr-defined]
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request.request_id)  # type: ignore[attr-defined]
        response = self.get_response(request)
        response["X-Request-ID"] = request.request_id  # type: ignore[attr-defined]
        if response.status_code >= 500:
            log.error("request_failed", method=request.method, path=request.path, status=response.status_code)
        else:
            log.debug("request", method=request.method, path=request.path, status=response.status_code)
        return response


class SecurityHeadersMiddleware:
    """Headers that Django has no setting for."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.setdefault(
            "Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=()"
        )
        response.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        return response


class VaryOnHtmxMiddleware:
    """A fragment and a page may share an address, so caches must tell them apart."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        patch_vary_headers(response, ["HX-Request"])
        return response


class BadInputMiddleware:
    """Refuse NUL characters at the door with 400: PostgreSQL can store none, and nobody types one."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)
