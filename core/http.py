"""What views need of a request: where it came from, a safe way back, and pages that tolerate any number."""

import ipaddress
import re
from typing import Any

from django.conf import settings
from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme

PER_PAGE = 25
USABLE_NUMBER = re.compile(r"[1-9][0-9]{0,8}\Z")
WITH_PORT = re.compile(r"\[(?P<six>[^\]]+)\](?::\d+)?|(?P<four>[\d.]+):\d+")


def client_address(request: HttpRequest) -> str | None:
    """Return the network address a request came from, if it has one.

    Each of the TRUSTED_PROXY_COUNT proxies in front appended the address it saw to `X-Forwarded-For`; what stands
    before those entries was written by the visitor and is not believed.
    """
    seen = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",") if part.strip()]
    believed = seen[-settings.TRUSTED_PROXY_COUNT :] if settings.TRUSTED_PROXY_COUNT > 0 else []
    return _address(believed[0] if believed else request.META.get("REMOTE_ADDR", ""))


def _address(text: str) -> str | None:
    """Return the address in its usual form, without the port that some proxies add; None if it is none."""
    if found := WITH_PORT.fullmatch(text):
        text = found["six"] or found["four"]
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return None


def safe_next(request: HttpRequest, default: str) -> str:
    """Return the address that `next` (form field before query string) names, if it is on this site; else `default`."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    is_safe = wanted.startswith("/") and url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if is_safe else default


def page_number(request: HttpRequest, *, param: str = "page") -> int:
    """Return the page that the query string asks for; 1 for anything that is not a page number."""
    wanted = request.GET.get(param, "")
    return int(wanted) if USABLE_NUMBER.match(wanted) else 1


def paginate(
    request: HttpRequest, rows: "QuerySet[Any] | list[Any]", per_page: int = PER_PAGE, *, param: str = "page"
) -> Page:
    """Return the page that was asked for; the last one for a number beyond it. Costs one count and one select."""
    return Paginator(rows, per_page).get_page(page_number(request, param=param))
