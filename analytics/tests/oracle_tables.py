"""The definitions read once more, in plain Python over rows: cohorts, the funnel of bags, and how long stock lasts."""

from collections import defaultdict
from datetime import date, timedelta
from fractions import Fraction
from itertools import accumulate
from typing import Any

from analytics.tests.oracle import Entry, first_sales, half_away, net_of, rate, two_decimals
from analytics.tests.oracle_payments import HOUR, Books

Table = list[dict[str, Any]]
DAY = timedelta(days=1)


def cohorts(entries: list[Entry], start: date, end: date, currency: str | None) -> dict[date, list[Entry]]:
    """The entries through the window's end of the customers whose first sale lies in it, by the month of that."""
    mine = [entry for entry in entries if currency in (None, entry.currency)]
    first = first_sales(mine)
    found: dict[date, list[Entry]] = defaultdict(list)
    for entry in mine:
        came = first.get(entry.order.customer_id)
        if came and start <= came <= end and entry.day <= end:
            found[came.replace(day=1)].append(entry)
    return dict(sorted(found.items()))


def ltv_to_date(entries: list[Entry], start: date, end: date, currency: str) -> Table:
    rows = []
    for cohort, own in cohorts(entries, start, end, currency).items():
        size, net = len(first_sales(own)), sum(map(net_of, own))
        ltv = half_away(Fraction(net, size))
        rows.append({"cohort": f"{cohort:%Y-%m}", "size": size, "net_sales": net, "ltv": ltv})
    return rows


def cohort_retention(books: Books, start: date, end: date, currency: str | None) -> Table:
    rows = []
    for cohort, own in cohorts(books.entries, start, end, currency).items():
        size, month = len(first_sales(own)), cohort
        for age in range(1200):
            following = (month + 31 * DAY).replace(day=1)
            buyers = {e.order.customer_id for e in own if e.kind == "sale" and month <= e.day < following}
            rows.append(
                {
                    "cohort": f"{cohort:%Y-%m}",
                    "size": size,
                    "month": f"{month:%Y-%m}",
                    "age": age,
                    "customers": len(buyers),
                    "rate": rate(len(buyers), size),
                    "is_complete": following <= min(books.day(books.now), end + DAY),
                }
            )
            month = following
            if month > end:
                break
    return rows


def checkout_funnel(books: Books, start: date, end: date, currency: str | None) -> Table:
    reached = [0, 0, 0, 0]
    for cart in books.carts:
        money = cart.order.currency if cart.order else books.store_currency
        over = cart.created_at + 7 * 24 * HOUR
        if (
            not start <= books.day(cart.created_at) <= end
            or over >= books.now
            or currency not in (None, money)
            or (cart.order and cart.order.is_test)
        ):
            continue
        tries = [
            a.at
            for a in books.attempts
            if cart.order and a.payment and a.payment.order_id == cart.order_id and a.outcome != "unconfirmed"
        ]
        steps = ([cart.created_at], [cart.checkout_at], tries, [cart.order.paid_at if cart.order else None])
        for step in range(max(i for i in range(4) if any(at and at <= over for at in steps[i])) + 1):
            reached[step] += 1
    return [
        {
            "step": name,
            "count": reached[step],
            "step_rate": rate(reached[step], reached[step - 1]) if step else None,
            "overall_rate": rate(reached[step], reached[0]),
        }
        for step, name in enumerate(("cart", "checkout", "attempt", "paid"))
    ]


def stock_cover_days(books: Books) -> Table:
    """By SKU: the day's first count or one after a movement in it says whether there was stock on that day."""
    rows = []
    days = [books.day(books.now) - ahead * DAY for ahead in range(30)]
    for item in books.items:
        if not item.tracked:
            continue
        moves = [(books.day(move.at), move.delta) for move in books.movements if move.stock_item_id == item.pk]
        on_hand = sum(delta for _, delta in moves)
        with_stock = 0
        for day in days:
            count = sum(delta for on, delta in moves if on < day)
            with_stock += max(accumulate((delta for on, delta in moves if on == day), initial=count)) > 0
        units = sum(e.units for e in books.entries if e.kind == "line" and e.day in days and _is_of(e, item))
        free = on_hand - item.reserved + item.backorder_cap
        cover = two_decimals(Fraction(free * with_stock, units)) if units and with_stock else None
        rows.append(
            {
                "variant_id": item.variant_id,
                "sku": item.variant.sku,
                "product": item.variant.product.name,
                "variant": item.variant.name,
                "available": free,
                "units_30d": units,
                "days_in_stock": with_stock,
                "cover_days": cover,
            }
        )
    return sorted(rows, key=lambda row: row["sku"])


def _is_of(entry: Entry, item: Any) -> bool:
    return entry.line.variant_id == item.variant_id
