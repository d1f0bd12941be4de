"""What a shopper is told of money that went back: once it is true, and again if it stops being true."""

from mail.services import queue_mail
from orders.links import guest_url
from orders.models import Order
from payments.models import Payment, Refund


def tell_of_refund(order: Order, refund: Refund) -> None:
    """Say that a refund of a sale has succeeded."""
    is_elsewhere = refund.payment.tender == Payment.Tender.IMPORTED
    _tell(order, refund, key="order-refunded", kind="order_refunded", is_elsewhere=is_elsewhere)


def tell_of_surplus(order: Order, refund: Refund) -> None:
    """Say that money which an order did not need has been sent back."""
    _tell(order, refund, key="payment-sent-back", kind="payment_sent_back")


def tell_of_failure(order: Order, refund: Refund) -> None:
    """Say that money whose refund was told of as done has come back to the shop."""
    _tell(order, refund, key="refund-failed", kind="refund_failed")


def _tell(order: Order, refund: Refund, *, key: str, kind: str, **context: object) -> None:
    if not order.email:  # erased since
        return
    queue_mail(
        key=f"{key}:{refund.pk}",
        kind=kind,
        recipient=order.email,
        context={"order": order, "refund": refund, "order_url": guest_url(order), **context},
    )
