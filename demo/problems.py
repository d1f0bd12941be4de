"""Something for the checks to find: rows brought wrong behind the shop's back, as a slip of the hand would."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import cycle
from random import Random
from typing import Any

from django.db import connection, models, transaction
from django.db.models import F, QuerySet

from core.errors import DomainError
from orders.models import Order
from payments.models import Payment, Refund
from products.models import StockItem

MOST_PROBLEMS = 200
CANDIDATES = 400  # of the latest rows: what is wrong should be where people look


@dataclass(frozen=True)
class Slip:
    """A way in which one row gets wrong: the check that finds it, the rows that can, and the statement."""

    check_id: str
    candidates: Callable[[], "QuerySet[Any]"]
    statement: str


@dataclass(frozen=True)
class Problem:
    """What was planted where."""

    check_id: str
    subject: str


def _counted() -> "QuerySet[StockItem]":
    return StockItem.objects.filter(tracked=True, on_hand__gt=0).order_by("pk").select_related("variant")


def _with_room() -> "QuerySet[StockItem]":
    return _counted().filter(reserved__lt=F("on_hand"))


def _refunded() -> "QuerySet[Order]":
    return Order.objects.filter(refunded_minor__gt=100).order_by("-pk")


def _kept() -> "QuerySet[Payment]":
    """Payments of sales of which nothing was given back."""
    paid = Payment.objects.applied().filter(refund_committed_minor=0, captured_minor__gt=200)
    return paid.filter(order__status__in=[Order.Status.PAID, Order.Status.FULFILLED]).order_by("-pk")


def _sold() -> "QuerySet[Order]":
    return Order.objects.filter(status=Order.Status.FULFILLED, lines__isnull=False).distinct().order_by("-pk")


def _waiting() -> "QuerySet[Order]":
    return Order.objects.filter(status=Order.Status.PAID).order_by("-pk")


def _on_their_way() -> "QuerySet[Refund]":
    return Refund.objects.filter(status=Refund.Status.PENDING).select_related("payment").order_by("-pk")


SLIPS = (
    Slip(
        "stock.ledger_mismatch",
        _counted,
        "UPDATE products_stockitem SET on_hand = on_hand + 1 WHERE id = %s",
    ),
    Slip(
        "refund.total_mismatch",
        _refunded,
        "UPDATE orders_order SET refunded_minor = refunded_minor - 100 WHERE id = %s",
    ),
    Slip(
        "pay.order_paid_without_payment",
        _kept,
        "UPDATE payments_payment SET captured_minor = 0 WHERE id = %s",
    ),
    Slip(
        "stock.reserved_mismatch",
        _with_room,
        "UPDATE products_stockitem SET reserved = reserved + 1 WHERE id = %s",
    ),
    Slip(
        "order.line_total_mismatch",
        _sold,
        "UPDATE orders_orderline SET unit_price_minor = unit_price_minor + 50, "
        "total_minor = total_minor + 50 * quantity WHERE order_id = %s AND position = 1",
    ),
    Slip(
        "pay.amount_mismatch",
        _kept,
        "UPDATE payments_payment SET captured_minor = captured_minor - 100 WHERE id = %s",
    ),
    Slip(
        "order.state_vs_history",
        _waiting,
        "UPDATE orders_order SET status = 'fulfilled', fulfilled_at = paid_at WHERE id = %s",
    ),
    Slip(
        "refund.stuck_pending",
        _on_their_way,
        "UPDATE payments_refund SET created_at = (SELECT MIN(created_at) FROM payments_refund) WHERE id = %s",
    ),
)


def plant(count: int, *, seed: int) -> list[Problem]:
    """Bring so many rows wrong, each in a way of its own as far as there are ways, and return what was done.

    The same seed on the same rows brings the same ones wrong; the first is a stock count that is off by one. Not safe
    to repeat: it plants as many again. Raises DomainError for a number that makes no sense, or too few rows.
    """
    if not 0 <= count <= MOST_PROBLEMS:
        raise DomainError(f"The number of problems lies between 0 and {MOST_PROBLEMS}.")
    with transaction.atomic():
        return list(_planted(count, Random(seed)))  # noqa: S311  no secret


def _planted(count: int, rng: Random) -> Iterator[Problem]:
    taken: set[tuple[str, int]] = set()
    idle = 0
    slips = cycle(SLIPS)
    while count:
        slip = next(slips)
        row = _choose(slip, taken, rng)
        if row is None:
            idle += 1
            if idle > len(SLIPS):
                raise DomainError("There are not enough orders and products for so many problems.")
            continue
        with connection.cursor() as cursor:
            cursor.execute(slip.statement, [row.pk])
        count, idle = count - 1, 0
        yield Problem(slip.check_id, str(row))


def _thing(row: models.Model) -> tuple[str, int]:
    """What a problem is about: a count, or an order, which has one problem at most."""
    if isinstance(row, StockItem):
        return "stock", row.pk
    if isinstance(row, Payment):
        return "order", row.order_id
    return "order", row.payment.order_id if isinstance(row, Refund) else row.pk


def _choose(slip: Slip, taken: set[tuple[str, int]], rng: Random) -> models.Model | None:
    """Return a row that no problem has touched yet, nor its order; None if there is none left."""
    rows = [row for row in slip.candidates()[:CANDIDATES] if _thing(row) not in taken]
    if not rows:
        return None
    row = rng.choice(rows)
    taken.add(_thing(row))
    return row
