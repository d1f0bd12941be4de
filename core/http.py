"""What views need of a request: a safe way back, and pages that tolerate any number."""

import re
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme

PER_PAGE = 25
USABLE_NUMBER = re.compile(r"[1-9][0-9]{0,8}\Z")


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
