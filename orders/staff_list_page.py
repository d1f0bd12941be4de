"""What the list of orders shows: tabs, rows with both conditions, and columns that sort."""

from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.core.paginator import Page
from django.http import HttpRequest
from django.urls import reverse

from core.statuses import STATUS_WORDS
from orders.conditions import goods_condition, money_condition
from orders.models import Order
from orders.staff_forms import OrderFilterForm
from orders.staff_list import NEWEST, ONLY_IF_ANY, TABS, TONES, Wanted, tab_counts


def filter_form(request: HttpRequest) -> tuple[OrderFilterForm, Wanted]:
    """Return the filters of a request as a form, and what of them makes sense."""
    words = [(value, STATUS_WORDS["order"][value].word) for value in Order.Status.values]
    form = OrderFilterForm(request.GET, statuses=words)
    form.is_valid()
    return form, Wanted(**form.usable())


class OrderListPage:
    """One page of the list, with the tabs above it."""

    def __init__(
        self, request: HttpRequest, wanted: Wanted, page: Page, *, now: datetime, late_after: timedelta
    ) -> None:
        self.request = request
        self.wanted = wanted
        self.page = page
        self.counts = tab_counts(now=now, late_after=late_after)

    @property
    def tabs(self) -> list[dict[str, Any]]:
        """The tabs for `components/tabs.html`; those of trouble only while there is some."""
        shown = [tab for tab in TABS if tab not in ONLY_IF_ANY or self.counts[tab] or tab == self.wanted.tab]
        return [
            {
                "label": TABS[tab],
                "url": self._url(tab="" if tab == "all" else tab),
                "current": tab == self.wanted.tab,
                "count": self.counts[tab] or "",
                "tone": TONES.get(tab, ""),
            }
            for tab in shown
        ]

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        """The orders with their conditions and their address, which keeps the filter."""
        return [
            {
                "order": order,
                "url": reverse("orders:console_detail", args=[order.pk], query=self._kept()),
                "money": money_condition(order),
                "goods": goods_condition(order, units_sent=order.units_sent),
            }
            for order in self.page
        ]

    @property
    def columns(self) -> list[dict[str, Any]]:
        """The heads of the table; two of them sort."""
        return [
            {"label": "Order"},
            self._sorting("Placed", "placed"),
            {"label": "Customer"},
            {"label": "Payment"},
            {"label": "Fulfilment"},
            {"label": "Units", "numeric": True},
            {**self._sorting("Total", "total"), "numeric": True},
        ]

    @property
    def clear_url(self) -> str:
        """The same tab without search and filters."""
        return reverse("orders:console_list", query={"tab": self.wanted.tab} if self.wanted.tab != "all" else {})

    def _sorting(self, label: str, name: str) -> dict[str, Any]:
        falling = f"-{name}"
        sorted_as = {name: "asc", falling: "desc"}.get(self.wanted.sort, "")
        other = name if self.wanted.sort == falling else falling
        return {"label": label, "sorted": sorted_as, "url": self._url(sort="" if other == NEWEST else other)}

    def _kept(self) -> dict[str, str]:
        known = {"tab", "q", "status", "since", "until", "test", "sort"}
        return {name: str(value) for name, value in self.request.GET.items() if name in known and value}

    def _url(self, **changes: str) -> str:
        query = {name: value for name, value in (self._kept() | changes).items() if value}
        return reverse("orders:console_list", query=query)
