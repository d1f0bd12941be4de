"""From an issue to the pages where its thing is looked at, for whoever may open them."""

import re
from collections.abc import Callable
from typing import Any

from django.urls import NoReverseMatch, reverse

from monitoring.models import Issue
from monitoring.reading import order_number
from payments.models import Payment, Refund
from products.models import StockItem

Link = dict[str, str]
USABLE = re.compile(r"[1-9][0-9]{0,17}|[0-9]{4}-[0-9]{2}-[0-9]{2}/[A-Z]{3}/[a-z_]{1,40}")


def links_of(issue: Issue, user: Any) -> list[Link]:
    """Return label and address of each page about the thing of an issue that this person may open."""
    find = FINDERS.get(issue.entity_type)
    return find(issue.entity_pk, user) if find and USABLE.fullmatch(issue.entity_pk) else []


def _link(user: Any, label: str, url_name: str, permission: str, *arguments: object) -> list[Link]:
    if not user.has_perm(f"rbac.{permission}"):
        return []
    try:
        return [{"label": label, "url": reverse(url_name, args=arguments)}]
    except NoReverseMatch:
        return []


def _order(order_id: int | None, user: Any) -> list[Link]:
    if order_id is None:
        return []
    return _link(user, f"Order {order_number(order_id)}", "orders:console_detail", "orders_view", order_id)


def _of_order(key: str, user: Any) -> list[Link]:
    return _order(int(key), user)


def _of_payment(key: str, user: Any) -> list[Link]:
    return _order(Payment.objects.filter(pk=key).values_list("order_id", flat=True).first(), user)


def _of_refund(key: str, user: Any) -> list[Link]:
    order_id = Refund.objects.filter(pk=key).values_list("payment__order_id", flat=True).first()
    if order_id is None:
        return []
    return [*_link(user, "The refund", "payments:console_refund_detail", "refunds_make", key), *_order(order_id, user)]


def _of_stock(key: str, user: Any) -> list[Link]:
    variant_id = StockItem.objects.filter(pk=key).values_list("variant_id", flat=True).first()
    if variant_id is None:
        return []
    return _link(user, "The stock and its movements", "products:console_stock_item", "stock_manage", variant_id)


def _of_mail(key: str, user: Any) -> list[Link]:
    return _link(user, "The message", "mail:detail", "mail_view", key)


def _of_event(key: str, user: Any) -> list[Link]:
    return _link(user, "The event", "payments:console_webhook", "webhooks_replay", key)


def _of_dispute(key: str, user: Any) -> list[Link]:
    return _link(user, "The dispute", "payments:console_dispute", "disputes_manage", key)


def _of_payout(key: str, user: Any) -> list[Link]:
    return _link(user, "The payout", "payments:console_payout", "analytics_view", key)


def _of_stripe_day(key: str, user: Any) -> list[Link]:
    day, currency, category = key.split("/")
    links = _link(user, "Both sides of the day", "payments:console_sides", "analytics_view", day)
    return [{**link, "url": f"{link['url']}?currency={currency}&category={category}"} for link in links]


FINDERS: dict[str, Callable[[str, Any], list[Link]]] = {
    "stock_item": _of_stock,
    "order": _of_order,
    "payment": _of_payment,
    "refund": _of_refund,
    "dispute": _of_dispute,
    "payout": _of_payout,
    "stripe_day": _of_stripe_day,
    "mail": _of_mail,
    "webhook_event": _of_event,
}
