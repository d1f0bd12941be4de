"""The receipt: one mail for each sale."""

from collections.abc import Sequence

from mail.models import OutgoingMail
from mail.services import queue_mail
from orders.links import guest_url
from orders.models import Invoice, Order, OrderAddress, OrderLine
from orders.selectors import country_name
from orders.showing import totals_of


def queue_receipt(order: Order, lines: Sequence[OrderLine], invoice: Invoice | None) -> OutgoingMail | None:
    """Queue the receipt in the caller's transaction; once for an order, however often it is asked for.

    None for an order without an address to write to (imported, or erased).
    """
    if not order.email:
        return None
    address = OrderAddress.objects.filter(order=order).first()
    return queue_mail(
        key=f"order-receipt:{order.pk}",
        kind="order_receipt",
        recipient=order.email,
        context={
            "order": order,
            "lines": lines,
            "totals": totals_of(order, code=order.discount_code, delivery=order.shipping_name),
            "address": address,
            "country": country_name(str(address.country)) if address else "",
            "invoice": invoice,
            "order_url": guest_url(order),
        },
    )
