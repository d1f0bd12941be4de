"""Every fact counted once more in plain Python from the rows it stands for: no SQL, and nothing of a build's."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date
from typing import Any

from analytics.models import (
    CohortCell,
    CustomerDay,
    CustomerFirst,
    FactDay,
    FactPaymentDay,
    FactProductDay,
    FactSegmentDay,
    FactStripeDay,
    OrderRefundDay,
)
from analytics.snapshots.calendar import built_days, days_without_state
from core.days import business_day
from orders.models import SalesEntry
from payments.client import is_live
from payments.models import BalanceTransaction, Dispute, Payment, PaymentAttempt, Payout

Rows = dict[tuple[Any, ...], tuple[int, ...]]
# Table, what names a row, what it holds.
KEPT = {
    "fact_day": (FactDay, ("day", "currency")),
    "fact_product_day": (FactProductDay, ("day", "currency", "product_id")),
    "customer_day": (CustomerDay, ("day", "currency", "customer_id")),
    "customer_first": (CustomerFirst, ("customer_id", "currency")),
    "order_refund_day": (OrderRefundDay, ("day", "currency", "order_id")),
    "fact_segment_day": (FactSegmentDay, ("day", "currency", "segment", "key")),
    "cohort_cell": (CohortCell, ("currency", "cohort", "month")),
    "fact_payment_day": (FactPaymentDay, ("day", "currency")),
    "fact_stripe_day": (FactStripeDay, ("day", "currency")),
}


def kept() -> dict[str, Rows]:
    """What the tables hold; days of zeros are left out, for they stand for nothing."""
    tables = {}
    for name, (model, key) in KEPT.items():
        names = [field.attname for field in model._meta.concrete_fields if field.attname not in ("id", *key)]
        found = {row[: len(key)]: row[len(key) :] for row in model.objects.values_list(*key, *names)}
        assert len(found) == model.objects.count(), f"two rows of {name} stand for the same"
        tables[name] = {row: values for row, values in found.items() if any(values)}
    return tables


def recounted() -> dict[str, Rows]:
    """What the tables must hold."""
    entries = list(SalesEntry.objects.select_related("order", "line__variant"))
    sales = _Sales(entries)
    return {
        "fact_day": sales.days(),
        "fact_product_day": sales.products(),
        "customer_day": sales.customers,
        "customer_first": {key: (day,) for key, day in sales.firsts.items()},
        "order_refund_day": sales.refunds(),
        "fact_segment_day": sales.segments(),
        "cohort_cell": sales.cohorts(),
        "fact_payment_day": payments(),
        "fact_stripe_day": stripe(),
    }


def assert_facts_are_recounted() -> None:
    """Compare every table, row by row, and see that every day is built."""
    held, counted = kept(), recounted()
    for name in KEPT:
        assert held[name] == counted[name], name
    every_day = built_days()
    assert every_day is None or days_without_state(every_day) == []


class _Sales:
    """The ledger with what is known of each order: its day of sale, and when its customer first bought."""

    def __init__(self, entries: list[SalesEntry]) -> None:
        self.entries = entries
        self.sold_on = {entry.order_id: entry.day for entry in entries if entry.kind == "sale"}
        self.firsts: dict[tuple[int, str], date] = {}
        for entry in entries:
            if entry.kind == "sale":
                key = (entry.order.customer_id, entry.currency)
                self.firsts[key] = min(self.firsts.get(key, entry.day), entry.day)
        self.customers = _summed(
            ((e.day, e.currency, e.order.customer_id), (_is_sale(e), _net(e))) for e in self.entries
        )

    def days(self) -> Rows:
        cash: Counter[int] = Counter()
        for entry in self.entries:
            cash[entry.order_id] += _cash(entry)
        rows = [((e.day, e.currency), (*_day_values(e), 0, _is_sale(e) * (cash[e.order_id] > 0))) for e in self.entries]
        rows += [((day, currency), (*[0] * 11, 1, 0)) for (_, currency), day in self.firsts.items()]
        return _summed(rows)

    def products(self) -> Rows:
        return _summed(
            ((e.day, e.currency, e.line.variant.product_id), _product_values(e)) for e in self.entries if e.line
        )

    def refunds(self) -> Rows:
        return _summed(((e.day, e.currency, e.order_id), (_cash(e),)) for e in self.entries)

    def segments(self) -> Rows:
        rows = []
        for e in self.entries:
            is_new = self.firsts[e.order.customer_id, e.currency] == self.sold_on[e.order_id]
            values = (e.gross_minor, e.discount_minor, e.returns_minor, _net(e), _is_sale(e), _sold(e))
            kinds = {
                "country": str(e.order.country),
                "code": e.order.discount_code,
                "customer": "new" if is_new else "existing",
            }
            rows += [((e.day, e.currency, kind, key), values) for kind, key in kinds.items()]
        return _summed(rows)

    def cohorts(self) -> Rows:
        ever: dict[int, date] = {}
        for (customer, _), day in self.firsts.items():
            ever[customer] = min(ever.get(customer, day), day)
        bought, net = defaultdict(set), Counter()
        for (day, currency, customer), (orders, minor) in self.customers.items():
            cell = (currency, self.firsts[customer, currency].replace(day=1), day.replace(day=1))
            net[cell] += minor
            if orders:
                bought[cell].add(customer)
                bought["", ever[customer].replace(day=1), day.replace(day=1)].add(customer)
        return _without_zeros({cell: (len(bought[cell]), net[cell]) for cell in {*bought, *net}})


def payments() -> Rows:
    """Intents by the day of their first confirmation, tries and charges by their own, disputes by that of opening."""
    rows = []
    tries = [t for t in PaymentAttempt.objects.select_related("payment__order") if _counts(t)]
    by_intent = defaultdict(list)
    for t in tries:
        rows.append(((business_day(t.at), t.currency), (0, 0, 1, t.outcome == "succeeded", 0, 0)))
        by_intent[t.stripe_intent_id].append(t)
    for own in by_intent.values():
        first = min(own, key=lambda t: (t.at, t.pk))
        succeeded = any(t.outcome == "succeeded" for t in own)
        rows.append(((business_day(first.at), first.currency), (1, succeeded, 0, 0, 0, 0)))
    rows += [
        ((business_day(p.succeeded_at), p.currency), (0, 0, 0, 0, 1, 0))
        for p in Payment.objects.select_related("order")
        if p.captured_minor and p.succeeded_at and p.tender != "free" and _is_ours(p)
    ]
    rows += [
        ((d.opened_day, d.currency), (0, 0, 0, 0, 0, 1))
        for d in Dispute.objects.select_related("payment__order")
        if not d.is_inquiry and _is_dispute_ours(d)
    ]
    return _summed(rows)


def stripe() -> Rows:
    """Movements of the balance by their day, payouts that were paid by the day of their arrival."""
    rows = []
    for t in BalanceTransaction.objects.all():
        kind = t.reporting_category
        disputed = -t.amount_minor if kind in ("dispute", "dispute_reversal") else 0
        fees = t.fee_minor - (t.amount_minor if kind == "fee" else 0)
        net = 0 if kind in ("payout", "payout_reversal", "topup", "topup_reversal") else t.net_minor
        rows.append(((t.day, t.currency), (disputed, fees, net, 0)))
    rows += [((p.arrives_on, p.currency), (0, 0, 0, p.amount_minor)) for p in Payout.objects.filter(status="paid")]
    return _summed(rows)


def _counts(attempt: PaymentAttempt) -> bool:
    return attempt.outcome != "unconfirmed" and (attempt.payment is None or _is_ours(attempt.payment))


def _is_ours(payment: Payment) -> bool:
    return not payment.order.is_test and (payment.tender != "stripe" or payment.livemode == is_live())


def _is_dispute_ours(dispute: Dispute) -> bool:
    if dispute.payment is not None and (dispute.payment.order.is_test or dispute.payment.tender != "stripe"):
        return not dispute.payment.order.is_test
    return dispute.livemode == is_live()


def _is_sale(entry: SalesEntry) -> int:
    return int(entry.kind == "sale")


def _net(entry: SalesEntry) -> int:
    return entry.gross_minor - entry.discount_minor - entry.returns_minor


def _sold(entry: SalesEntry) -> int:
    return entry.units if entry.refund_id is None else 0


def _cash(entry: SalesEntry) -> int:
    return 0 if entry.refund_id is None else entry.returns_minor - entry.shipping_minor - entry.tax_minor


def _day_values(entry: SalesEntry) -> tuple[int, ...]:
    goods = (entry.gross_minor, entry.discount_minor, entry.returns_minor, _net(entry))
    extras = (entry.shipping_minor, entry.tax_minor)
    return (*goods, *extras, _net(entry) + sum(extras), _cash(entry), _is_sale(entry), _sold(entry), entry.units)


def _product_values(entry: SalesEntry) -> tuple[int, ...]:
    known = entry.cost_minor is not None
    goods = (entry.gross_minor, entry.discount_minor, entry.returns_minor, _net(entry))
    return (*goods, _sold(entry), entry.units, _net(entry) * known, entry.cost_minor or 0, int(known))


def _summed(rows: Iterable[tuple[tuple[Any, ...], tuple[int, ...]]]) -> Rows:
    sums: Rows = {}
    for key, values in rows:
        sums[key] = tuple(map(sum, zip(sums.get(key, [0] * len(values)), values, strict=True)))
    return _without_zeros(sums)


def _without_zeros(rows: Rows) -> Rows:
    return {key: values for key, values in rows.items() if any(values)}
