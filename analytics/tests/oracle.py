"""The definitions read once more, in plain Python over the rows of the ledger: no SQL, no snapshot."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from analytics.models import CustomerDay, CustomerFirst, FactDay, FactProductDay, OrderRefundDay
from orders.models import SalesEntry
from wishlist.models import WishEvent

Values = dict[str, Any]
Entry = SalesEntry


def ledger() -> list[Entry]:
    """Every entry with its order and product."""
    return list(SalesEntry.objects.select_related("order", "line__variant__product"))


def facts() -> list[list[tuple[Any, ...]]]:
    """Every row that a build writes, without keys."""
    models = (FactDay, FactProductDay, CustomerDay, CustomerFirst, OrderRefundDay)
    names = [[field.attname for field in model._meta.concrete_fields if field.name != "id"] for model in models]
    return [sorted(model.objects.values_list(*own)) for model, own in zip(models, names, strict=True)]


def wishes() -> list[WishEvent]:
    return [event for event in WishEvent.objects.all() if event.kind == "wish"]


def figures(entries: list[Entry], wished: list[WishEvent], start: date, end: date, currency: str | None) -> Values:
    """Every scalar figure of a window; without a currency only those that hold no money."""
    mine = [entry for entry in entries if currency in (None, entry.currency)]
    inside = [entry for entry in mine if start <= entry.day <= end]
    counts = _counts(mine, inside, start)
    wishers = [event for event in wished if start <= event.day <= end]
    counts["wishlist_conversion"] = _rate(
        len({event.customer_id for event in wishers if _was_bought(event, mine)}),
        len({event.customer_id for event in wishers}),
    )
    return counts if currency is None else counts | _money(inside, counts["orders"])


def best_sellers(entries: list[Entry], start: date, end: date, currency: str) -> list[tuple[str, int, int, int | None]]:
    """Name, net sales, units and margin of each product, most net sales first."""
    sums: dict[Any, list[Entry]] = defaultdict(list)
    for entry in entries:
        if entry.line is not None and entry.currency == currency and start <= entry.day <= end:
            sums[entry.line.variant.product].append(entry)
    rows = []
    for product, own in sums.items():
        known = [entry for entry in own if entry.cost_minor is not None]
        margin = sum(_net(entry) - entry.cost_minor for entry in known) if known else None
        units = sum(entry.units for entry in own if entry.refund_id is None)
        rows.append((product, sum(map(_net, own)), units, margin))
    rows.sort(key=lambda row: (-row[1], row[0].pk))
    return [(product.name, *rest) for product, *rest in rows]


def _counts(mine: list[Entry], inside: list[Entry], start: date) -> Values:
    sales = [entry for entry in inside if entry.kind == "sale"]
    bought: dict[int, int] = defaultdict(int)
    for sale in sales:
        bought[sale.order.customer_id] += 1
    first: dict[int, date] = {}
    for entry in mine:
        if entry.kind == "sale":
            customer = entry.order.customer_id
            first[customer] = min(first.get(customer, entry.day), entry.day)
    existing = [customer for customer in bought if first[customer] < start]
    repeat = [customer for customer, count in bought.items() if count > 1]
    cash, ever = _cash_by_order(inside), _cash_by_order(mine)
    refunded = sum(1 for amount in cash.values() if amount > 0)
    return {
        "orders": len(sales),
        "units": sum(entry.units for entry in inside if entry.kind == "line"),
        "net_units": sum(entry.units for entry in inside),
        "unique_customers": len(bought),
        "new_customers": len(bought) - len(existing),
        "existing_customers": len(existing),
        "repeat_customers": len(repeat),
        "repeat_rate": _rate(len(repeat), len(bought)),
        "returning_customer_rate": _rate(len({*existing, *repeat}), len(bought)),
        "refunded_orders": refunded,
        "refund_rate_orders": _rate(refunded, len(sales)),
        "refund_rate_orders_cohort": _rate(sum(1 for s in sales if ever.get(s.order_id, 0) > 0), len(sales)),
    }


def _money(inside: list[Entry], orders: int) -> Values:
    gross, discounts, returns, shipping, tax = (
        sum(getattr(entry, f"{name}_minor") for entry in inside)
        for name in ("gross", "discount", "returns", "shipping", "tax")
    )
    net = gross - discounts - returns
    return {
        "gross_sales": gross,
        "discounts": discounts,
        "returns": returns,
        "net_sales": net,
        "shipping": shipping,
        "tax": tax,
        "total_sales": net + shipping + tax,
        "aov": _half_away(Fraction(gross - discounts, orders)) if orders else None,
        "refunds_cash": sum(_cash_by_order(inside).values()),
        "refund_rate_value": _rate(returns, gross - discounts),
    }


def _cash_by_order(entries: Iterable[Entry]) -> dict[int, int]:
    cash: dict[int, int] = defaultdict(int)
    for entry in entries:
        if entry.refund_id is not None:
            cash[entry.order_id] += entry.returns_minor - entry.shipping_minor - entry.tax_minor
    return cash


def _was_bought(event: WishEvent, entries: list[Entry]) -> bool:
    return any(
        entry.kind == "line"
        and entry.order.customer_id == event.customer_id
        and entry.line is not None
        and entry.line.variant.product_id == event.product_id
        and event.at <= entry.at <= event.at + timedelta(hours=30 * 24)
        for entry in entries
    )


def _net(entry: Entry) -> int:
    return entry.gross_minor - entry.discount_minor - entry.returns_minor


def _rate(part: int, whole: int) -> str | None:
    if not whole:
        return None
    hundredths = _half_away(Fraction(10_000 * part, whole))
    sign, figure = "-" if hundredths < 0 else "", abs(hundredths)
    return f"{sign}{figure // 100}.{figure % 100:02d}"


def _half_away(value: Fraction) -> int:
    rounded = int(abs(value) + Fraction(1, 2))
    return -rounded if value < 0 else rounded
