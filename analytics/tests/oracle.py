"""The definitions read once more, in plain Python over rows: what was sold, given back, and to whom.

No SQL adds anything up here, no snapshot is read, and nothing is imported from the code that is judged.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from analytics import models as kept
from orders.models import SalesEntry
from payments.models import RefundLine
from wishlist.models import WishEvent

Values = dict[str, Any]
Entry = SalesEntry


def ledger() -> list[Entry]:
    """Every entry with its order and product, and how many units of its line a refund put back on the shelf."""
    restocked = {
        (row.refund_id, row.line_id): 0 if row.restock == "none" else row.quantity - row.unsellable_quantity
        for row in RefundLine.objects.all()
    }
    entries = list(SalesEntry.objects.select_related("order", "line__variant__product"))
    for entry in entries:
        entry.restocked = restocked.get((entry.refund_id, entry.line_id), 0)
    return entries


def facts() -> list[list[tuple[Any, ...]]]:
    """Every row that a build writes, without keys."""
    models = (
        kept.FactDay, kept.FactProductDay, kept.FactSegmentDay, kept.FactPaymentDay, kept.FactStripeDay,
        kept.CustomerDay, kept.CustomerFirst, kept.CohortCell, kept.OrderRefundDay,
    )  # fmt: skip
    names = [[field.attname for field in model._meta.concrete_fields if field.name != "id"] for model in models]
    return [sorted(model.objects.values_list(*own)) for model, own in zip(models, names, strict=True)]


def wishes() -> list[WishEvent]:
    return [event for event in WishEvent.objects.all() if event.kind == "wish"]


def figures(entries: list[Entry], wished: list[WishEvent], start: date, end: date, currency: str | None) -> Values:
    """Every scalar figure of a window's sales; without a currency only those that hold no money."""
    mine = [entry for entry in entries if currency in (None, entry.currency)]
    inside = [entry for entry in mine if start <= entry.day <= end]
    counts = _counts(mine, inside, start)
    wishers = [event for event in wished if start <= event.day <= end]
    counts["wishlist_conversion"] = rate(
        len({event.customer_id for event in wishers if _was_bought(event, mine)}),
        len({event.customer_id for event in wishers}),
    )
    return counts if currency is None else counts | _money(inside, counts["orders"]) | _margin(inside)


def best_sellers(entries: list[Entry], start: date, end: date, currency: str) -> list[tuple[str, int, int, int | None]]:
    """Name, net sales, units and margin of each product, most net sales first."""
    sums: dict[Any, list[Entry]] = defaultdict(list)
    for entry in entries:
        if entry.line is not None and entry.currency == currency and start <= entry.day <= end:
            sums[entry.line.variant.product].append(entry)
    rows = []
    for product, own in sums.items():
        units = sum(entry.units for entry in own if entry.refund_id is None)
        rows.append((product, sum(map(net_of, own)), units, _margin(own)["product_margin"]))
    rows.sort(key=lambda row: (-row[1], row[0].pk))
    return [(product.name, *rest) for product, *rest in rows]


def first_sales(entries: Iterable[Entry]) -> dict[int, date]:
    """The day of each customer's first sale."""
    first: dict[int, date] = {}
    for entry in entries:
        if entry.kind == "sale":
            customer = entry.order.customer_id
            first[customer] = min(first.get(customer, entry.day), entry.day)
    return first


def _counts(mine: list[Entry], inside: list[Entry], start: date) -> Values:
    sales = [entry for entry in inside if entry.kind == "sale"]
    bought: dict[int, int] = defaultdict(int)
    for sale in sales:
        bought[sale.order.customer_id] += 1
    first = first_sales(mine)
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
        "repeat_rate": rate(len(repeat), len(bought)),
        "returning_customer_rate": rate(len({*existing, *repeat}), len(bought)),
        "refunded_orders": refunded,
        "refund_rate_orders": rate(refunded, len(sales)),
        "refund_rate_orders_cohort": rate(sum(1 for s in sales if ever.get(s.order_id, 0) > 0), len(sales)),
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
        "aov": half_away(Fraction(gross - discounts, orders)) if orders else None,
        "refunds_cash": sum(_cash_by_order(inside).values()),
        "refund_rate_value": rate(returns, gross - discounts),
    }


def _margin(inside: list[Entry]) -> Values:
    """What is left of lines whose cost is known; a unit costs what it cost when it was sold, and is given back only
    if it went on the shelf again."""
    known = [entry for entry in inside if entry.line is not None and entry.line.unit_cost_minor is not None]
    net, cost = sum(map(net_of, known)), 0
    for entry in known:
        units = entry.units if entry.refund_id is None else -entry.restocked
        cost += entry.line.unit_cost_minor * (-units if entry.kind == "refund_reversal" else units)
    return {
        "product_margin": net - cost if known else None,
        "product_margin_rate": rate(net - cost, net),
        "margin_coverage": rate(net, sum(map(net_of, inside))),
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


def net_of(entry: Entry) -> int:
    """Net sales of an entry."""
    return entry.gross_minor - entry.discount_minor - entry.returns_minor


def rate(part: int, whole: int) -> str | None:
    """Percent with two decimals as text; None of nothing."""
    return two_decimals(Fraction(100 * part, whole)) if whole else None


def two_decimals(value: Fraction) -> str:
    """A number with two decimals as text, rounded half away from zero."""
    hundredths = half_away(100 * value)
    sign, figure = "-" if hundredths < 0 else "", abs(hundredths)
    return f"{sign}{figure // 100}.{figure % 100:02d}"


def half_away(value: Fraction) -> int:
    """A whole number, rounded half away from zero."""
    rounded = int(abs(value) + Fraction(1, 2))
    return -rounded if value < 0 else rounded
