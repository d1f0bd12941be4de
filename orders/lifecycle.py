"""What happens to an order once it is placed: paid, canceled unpaid, expired, revived by a late payment.

Locks: cart, order, discount code, payment, stock item. Each act may run inside a transaction of the caller's.
"""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from core.errors import AmountMismatch, NotAllowedInState
from core.money import format_money
from orders import discounts
from orders.bag import close_bag
from orders.holds import holds_stock
from orders.invoices import issue_invoice
from orders.ledger import post, sale_entries
from orders.models import Cart, Order, OrderLine
from orders.moving import move, recorded
from orders.receipts import queue_receipt
from orders.transitions import EXPIRED, REVIVED, TABLE, By, Status
from products import stock

__all__ = ["TABLE", "cancel_unpaid", "expire", "lock_order", "mark_paid", "move", "revive_expired"]

SOLD = (Status.PAID, Status.FULFILLED)


def lock_order(order_id: int) -> Order:
    """Lock the bag that an order came from and then the order, which knows its bag; needs a transaction."""
    cart = Cart.objects.lock().filter(order_id=order_id).first()
    order = Order.objects.lock().get(pk=order_id)
    if cart is not None:
        cart.order = order
    return order


@recorded("order.pay")
def mark_paid(order_id: int, *, at: datetime, amount_minor: int, currency: str, locked: Order | None = None) -> Order:
    """Make an order a sale: consume its stock, write ledger and invoice, queue the receipt, close its bag.

    `at` is the time of sale (`created` of the charge). `locked` is the order as `lock_order` gave it in the caller's
    transaction, if it did. Safe to repeat: a sold order is returned as it is.
    Raises AmountMismatch unless captured = total in the order's currency, NotAllowedInState for a canceled order
    (but one that `revive_expired` has just taken up again). A test order moves no stock and is in no figure.
    """
    order = locked or lock_order(order_id)
    if order.status in SOLD:
        return order
    if (amount_minor, currency) != (order.total_minor, order.currency):
        raise AmountMismatch(
            f"Order {order.number} comes to {format_money(order.total_minor, order.currency)}; "
            f"{format_money(amount_minor, currency)} was paid."
        )
    order.paid_minor = amount_minor
    move(order, Status.PAID, by=_payer(order), at=at)
    lines = list(order.lines.all())
    close_bag(order, lines, at=at)
    invoice = None
    if not order.is_test:
        sold = [(line.variant_id, line.quantity, line.pk) for line in lines]
        stock.consume(sold, at=at, are_held=holds_stock(order))
        post(sale_entries(order, lines))
        invoice = issue_invoice(order, lines, at=at)
    queue_receipt(order, lines, invoice)
    return order


def _payer(order: Order) -> By:
    if order.status == Status.CANCELED:
        return By.LATE_PAYMENT
    return By.PAYMENT if order.total_minor else By.CHECKOUT


@recorded("order.cancel")
def cancel_unpaid(
    order_id: int, *, reason: str, actor: User | None = None, by: By = By.SHOPPER, at: datetime | None = None
) -> Order:
    """Cancel an order that was never paid, and give back its stock and discount. Safe to repeat.

    Its Checkout session must be expired first. `reason` is a short code. Raises NotAllowedInState once it is paid.
    """
    order = lock_order(order_id)
    if order.status == Status.CANCELED and order.paid_at is None:
        return order
    if order.paid_at is not None:
        raise NotAllowedInState(f"Order {order.number} has been paid; it can only be refunded.")
    at = at or timezone.now()
    move(order, Status.CANCELED, by=by, at=at, actor=actor, reason=reason)
    discounts.release(order, now=at)
    if holds_stock(order):
        stock.release(_quantities(order.lines.all()))
    return order


@transaction.atomic
def expire(order_id: int, *, now: datetime) -> Order:
    """Cancel an unpaid order whose time is over and whose Checkout session Stripe has expired. Safe to repeat.

    An order that has been paid meanwhile, or has got more time, is returned as it is.
    """
    order = lock_order(order_id)
    if order.status != Status.PENDING or order.expires_at is None or order.expires_at > now:
        return order
    return cancel_unpaid(order_id, reason=EXPIRED, by=By.EXPIRY, at=now)


@recorded("order.revive")
def revive_expired(order_id: int) -> Order:
    """Take stock and discount again for an expired order that was paid late; `mark_paid` must follow at once.

    Raises NotAllowedInState unless expiry canceled it, OutOfStock or DomainError if something is gone by now.
    """
    order = lock_order(order_id)
    if order.status != Status.CANCELED or order.cancel_reason != EXPIRED:
        raise NotAllowedInState(f"Order {order.number} was not canceled by expiry; a payment cannot take it up again.")
    discounts.retake(order)
    if not order.is_test:
        stock.reserve(_quantities(order.lines.all()))
    order.cancel_reason = REVIVED
    order.save(update_fields=["cancel_reason"])
    return order


def _quantities(lines: Iterable[OrderLine]) -> dict[int, int]:
    wanted: dict[int, int] = {}
    for line in lines:
        wanted[line.variant_id] = wanted.get(line.variant_id, 0) + line.quantity
    return wanted
