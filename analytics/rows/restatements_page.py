"""The page of restatements: the days of a month, or of all, that changed after they were over."""

from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page
from django.http import HttpRequest
from django.urls import reverse

from analytics.figures.reading import currencies
from analytics.month_end.months import Month
from analytics.rows.restatements import Restatement, restated_days, restatements_of, sum_of_changes
from core.http import paginate
from core.money import format_money, printable

PER_PAGE = 25


@dataclass(frozen=True)
class RestatementsPage:
    """Everything on the page; `month` is None for all days."""

    month: Month | None
    currency: str
    page: Page
    restatements: list[Restatement]
    together: str
    tabs: list[dict[str, Any]]
    notices: list[str]


def restatements_page(request: HttpRequest) -> RestatementsPage:
    """Return the page that a query string asks for: `month` (2026-06) and `currency`."""
    notices: list[str] = []
    month, currency, offered = _month(request, notices), request.GET.get("currency", ""), currencies()
    if currency and currency not in offered:
        notices.append(f"There are no figures in “{printable(currency)}”. Showing {offered[0]}.")
    currency = currency if currency in offered else offered[0]
    rows = restated_days(month.window if month else None, currency)
    page = paginate(request, rows, PER_PAGE)
    return RestatementsPage(
        month=month,
        currency=currency,
        page=page,
        restatements=restatements_of(list(page), may_see_orders=request.user.has_perm("rbac.orders_view")),
        together=format_money(sum_of_changes(rows), currency),
        tabs=[
            {"label": code, "url": _url(month, code), "current": code == currency}
            for code in (offered if len(offered) > 1 else ())
        ],
        notices=notices,
    )


def _month(request: HttpRequest, notices: list[str]) -> Month | None:
    wanted = request.GET.get("month", "")
    month = Month.named(wanted) if wanted else None
    if wanted and month is None:
        notices.append(f"“{printable(wanted)}” is not a month of this shop; write it like 2026-06. Showing all days.")
    return month


def _url(month: Month | None, currency: str) -> str:
    query = {"month": str(month)} if month else {}
    return reverse("analytics:restatements", query={**query, "currency": currency})
