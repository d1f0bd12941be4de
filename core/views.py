"""Pages that belong to no room: appearance, uploaded images, and what is shown when something is wrong."""

from typing import Any

import structlog
from django.conf import settings
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.middleware.csrf import REASON_NO_CSRF_COOKIE
from django.shortcuts import render
from django.template.loader import render_to_string
from django.views.decorators.http import require_POST, require_safe

from core import context_processors, uploads
from core.access import public
from core.http import safe_next

A_YEAR = 365 * 24 * 3600
TOO_MUCH = (RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent)
log = structlog.get_logger("purelaka.request")


@public
@require_POST
def appearance(request: HttpRequest) -> HttpResponse:
    """Keep the visitor's choice of theme or density in a cookie, and go back. Unknown values change nothing."""
    response = HttpResponseRedirect(safe_next(request, "/"))
    choices = {"theme": context_processors.THEMES, "density": context_processors.DENSITIES}
    for name, known in choices.items():
        if (value := request.POST.get(name)) in known:
            response.set_cookie(
                name, value, max_age=A_YEAR, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE, httponly=True
            )
    return response


@public
@require_safe
def media(request: HttpRequest, name: str) -> FileResponse:
    """Stream an uploaded image; names that hold a hash of the content are cached for good."""
    path = uploads.image_file(name)
    if path is None:
        raise Http404
    response = FileResponse(path.open("rb"), content_type=uploads.content_type(path))
    response["Cache-Control"] = uploads.cache_control(path)
    response["X-Content-Type-Options"] = "nosniff"
    return response


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Say that what was sent cannot be used. Nothing of the request is read again: it may be the part at fault."""
    if isinstance(exception, TOO_MUCH):
        return plain_page(request, "413.html", status=413)
    return plain_page(request, "400.html", status=400)


def wrong_method(request: HttpRequest, refusal: HttpResponse) -> HttpResponse:
    """Say what a bare 405 does not: that this address takes a form, or only shows."""
    response = plain_page(request, "405.html", status=405)
    response["Allow"] = refusal["Allow"]
    response._has_been_logged = True  # type: ignore[attr-defined]  # the refusal was, and this is no other one
    return response


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Say that the person may not open this page."""
    return error_page(request, "403.html", status=403)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Say that the form was too old or came from elsewhere, and how to go on."""
    log.info("csrf_failure", path=request.path, reason=reason)
    return error_page(request, "403_csrf.html", status=403, no_cookie=reason == REASON_NO_CSRF_COOKIE)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Say that there is no such page."""
    return error_page(request, "404.html", status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Say that something broke, with the number under which it is logged. Touches neither database nor session."""
    return plain_page(request, "500.html", status=500)


def error_page(request: HttpRequest, template: str, *, status: int, **context: Any) -> HttpResponse:
    """Render an error page in the shop's frame; in a bare one if the frame itself cannot be rendered."""
    try:
        return render(request, template, {"request_id": request_id(request), **context}, status=status)
    except Exception:  # an error page must not fail because of what its frame asks for
        log.exception("error_page_failed", template=template)
        return plain_page(request, template, status=status)


def plain_page(request: HttpRequest, template: str, *, status: int) -> HttpResponse:
    """Render an error page without the request, the session and the database."""
    context = {
        **context_processors.appearance(request),
        "store_name": settings.STORE_NAME,
        "request_id": request_id(request),
    }
    try:
        return HttpResponse(render_to_string(template, context), status=status)
    except Exception:  # the last resort is plain text
        log.exception("error_page_failed", template=template)
        text = f"Something went wrong. If you write to us, mention {context['request_id']}.\n"
        return HttpResponse(text, status=status, content_type="text/plain; charset=utf-8")


def request_id(request: HttpRequest) -> str:
    """Return the id under which this request is logged."""
    return getattr(request, "request_id", "")
