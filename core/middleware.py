"""What is done to every request and response: an id, headers, and plain answers to unusable input."""

import re
import uuid
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import unquote_to_bytes

import structlog
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.utils.cache import patch_vary_headers
from structlog.contextvars import bind_contextvars, clear_contextvars

from core import views

GetResponse = Callable[[HttpRequest], HttpResponse]
USABLE_ID = re.compile(r"[A-Za-z0-9_-]{8,64}\Z")
NUL = "\x00"
log = structlog.get_logger("purelaka.request")


class RequestIdMiddleware:
    """Give each request an id (a proxy's `X-Request-ID` if it is usable), bind it to the logs, log the outcome."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        offered = request.headers.get("X-Request-ID", "")
        request_id = offered if USABLE_ID.match(offered) else uuid.uuid4().hex
        request.request_id = request_id  # type: ignore[attr-defined]
        clear_contextvars()
        bind_contextvars(request_id=request_id)
        try:
            response = self.get_response(request)
            response["X-Request-ID"] = request_id
            report = log.error if response.status_code >= 500 else log.debug
            report("request", method=request.method, path=request.path, status=response.status_code)
        finally:
            clear_contextvars()  # what this thread does next is not part of the request
        return response


class SecurityHeadersMiddleware:
    """Headers that Django has no setting for."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault(
            "Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=()"
        )
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        return response


class VaryOnHtmxMiddleware:
    """A fragment and a page may share an address, so caches must tell them apart."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.headers.get("Content-Type", "").startswith("text/html"):
            patch_vary_headers(response, ["HX-Request"])
        return response


class BadInputMiddleware:
    """Refuse NUL characters at the door with 400: PostgreSQL can store none, and nobody types one. Explain a 405.

    They come in the path, the query string, a form field, the name of a file, or a cookie (as an octal escape). Bodies
    of views that are exempt from CSRF are theirs to read: a webhook's signature is over the raw bytes.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        in_query = b"\x00" in unquote_to_bytes(request.META.get("QUERY_STRING", ""))
        if in_query or NUL in request.path_info or any(NUL in value for value in request.COOKIES.values()):
            raise BadRequest("NUL in the address or a cookie")
        response = self.get_response(request)
        if response.status_code == 405 and not response.content:
            return views.wrong_method(request, response)
        return response

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Iterable[Any], kwargs: dict[str, Any]
    ) -> None:
        """Look through the form, once the view is known and its token has been checked."""
        if request.method != "POST" or getattr(view, "csrf_exempt", False):
            return
        try:
            fields = [*request.POST.keys(), *(value for _, values in request.POST.lists() for value in values)]
            fields += [upload.name or "" for _, uploads in request.FILES.lists() for upload in uploads]
        except UnreadablePostError as error:
            raise BadRequest("the body broke off") from error
        if any(NUL in field for field in fields):
            raise BadRequest("NUL in a form field")
