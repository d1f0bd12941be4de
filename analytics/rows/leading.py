"""Where a cell of a row leads: its order, customer, payout, dispute or stock item in the console."""

from typing import Any

from django.urls import reverse

from analytics.rows.reading import Record

PLACES = {  # what a column refers to: the permission, the address, and the column of the row with the key
    "order": ("rbac.orders_view", "orders:console_detail", "order_id"),
    "first_order": ("rbac.orders_view", "orders:console_detail", "first_order_id"),
    "last_order": ("rbac.orders_view", "orders:console_detail", "last_order_id"),
    "payout": ("rbac.analytics_view", "payments:console_payout", "payout_id"),
    "stock": ("rbac.stock_manage", "products:console_stock_item", "variant_id"),
    "refund": ("rbac.refunds_make", "payments:console_refund_detail", "refund_id"),
    "dispute": ("rbac.disputes_manage", "payments:console_dispute", "dispute_id"),
}
CUSTOMERS = ("rbac.customers_view", "rbac.orders_view")


def leads_to(refers: str, row: Record, viewer: Any) -> str:
    """Return the address that a cell leads to for somebody; empty without one, or if they may not open it."""
    if refers == "customer":
        address = row.get("email")
        may_see = address and all(viewer.has_perm(permission) for permission in CUSTOMERS)
        return reverse("orders:console_list", query={"q": address}) if may_see else ""
    if refers == "movement":
        return reverse("payments:console_movements", query={"q": row["balance_transaction"]})
    if refers not in PLACES:
        return ""
    permission, name, key = PLACES[refers]
    found = row.get(key)
    return reverse(name, args=[found]) if found is not None and viewer.has_perm(permission) else ""
