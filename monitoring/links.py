"""From an issue to the pages where its thing is looked at, for whoever may open them."""

from collections.abc import Callable
from typing import Any

from django.urls import NoReverseMatch, reverse

from monitoring.models import Issue
from monitoring.reading import order_number
from payments.models import Payment, Refund

Link = dict[str, str]


def links_of(issue: Issue, user: Any) -> list[Link]:
    """Return label and address of each page about the thing of an issue that this person may open."""
    find = FINDERS.get(issue.entity_type)
    return find(issue, user) if find and issue.entity_pk.isdigit() else []


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


def _of_order(issue: Issue, user: Any) -> list[Link]:
    return _order(int(issue.entity_pk), user)


def _of_payment(issue: Issue, user: Any) -> list[Link]:
    return _order(Payment.objects.filter(pk=issue.entity_pk).values_list("order_id", flat=True).first(), user)


def _of_refund(issue: Issue, user: Any) -> list[Link]:
    return _order(Refund.objects.filter(pk=issue.entity_pk).values_list("payment__order_id", flat=True).first(), user)


def _of_mail(issue: Issue, user: Any) -> list[Link]:
    return _link(user, "The message", "mail:detail", "mail_view", issue.entity_pk)


def _of_event(issue: Issue, user: Any) -> list[Link]:
    return _link(user, "The event", "payments:console_webhook", "webhooks_replay", issue.entity_pk)


FINDERS: dict[str, Callable[[Issue, Any], list[Link]]] = {
    "order": _of_order,
    "payment": _of_payment,
    "refund": _of_refund,
    "mail": _of_mail,
    "webhook_event": _of_event,
}
