"""One search over whatever somebody pastes: orders, customers, variants, events of Stripe."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.urls import reverse

from accounts.models import Customer
from orders.finding import matching
from orders.models import Order
from payments.models import WebhookEvent
from products.models import Variant

MOST = 10
LONGEST = 200


@dataclass(frozen=True)
class Found:
    """One thing that was found, and where it is shown."""

    label: str
    detail: str
    url: str


def search_everything(text: str, user: Any) -> dict[str, list[Found]]:
    """Return what a text finds by kind, at most ten of each, of what this user may see; nothing for an empty text."""
    text = text.strip()[:LONGEST]
    readers = {
        "Orders": ("orders_view", _orders),
        "Customers": ("customers_view", _customers),
        "Products": ("stock_manage", _variants),
        "Events of Stripe": ("webhooks_replay", _events),
    }
    if not text:
        return {}
    found = {kind: read(text) for kind, (permission, read) in readers.items() if user.has_perm(f"rbac.{permission}")}
    return {kind: rows for kind, rows in found.items() if rows}


def only_one(found: dict[str, list[Found]]) -> Found | None:
    """Return the one thing that was found, if it is the only one."""
    rows = [row for kind in found.values() for row in kind]
    return rows[0] if len(rows) == 1 else None


def _orders(text: str) -> list[Found]:
    orders = Order.objects.filter(matching(text)).select_related("customer")[:MOST]
    return [
        Found(order.number, f"{order.customer.name or order.email}, {order.placed_at:%d %b %Y}", _order_url(order))
        for order in orders
    ]


def _order_url(order: Order) -> str:
    return reverse("orders:console_detail", args=[order.pk])


def _customers(text: str) -> list[Found]:
    named = Q(email_canonical__icontains=text) | Q(name__icontains=text)
    customers = Customer.objects.filter(named, erased_at=None).order_by("pk")[:MOST]
    return [
        Found(
            customer.name or customer.email_canonical,
            customer.email_canonical,
            reverse("orders:console_list", query={"q": customer.email_canonical}),
        )
        for customer in customers
    ]


def _variants(text: str) -> list[Found]:
    named = Q(sku__icontains=text) | Q(product__name__icontains=text)
    variants = Variant.objects.filter(named).select_related("product").order_by("sku")[:MOST]
    return [
        Found(variant.sku, variant.product.name, reverse("products:console_stock_item", args=[variant.pk]))
        for variant in variants
    ]


def _events(text: str) -> list[Found]:
    events = WebhookEvent.objects.defer("payload").filter(Q(stripe_event_id=text) | Q(object_id=text))[:MOST]
    return [
        Found(event.type, event.stripe_event_id, reverse("payments:console_webhook", args=[event.pk]))
        for event in events
    ]
