"""What a shopper is told of a return, each once, in the transaction that makes it true."""

from core.models import StoreSetting
from mail.models import OutgoingMail
from mail.services import queue_mail
from orders.links import guest_url
from orders.models import Return

KINDS = ("requested", "approved", "rejected", "received")


def mail_key(kind: str, return_id: int) -> str:
    """Return what makes a mail of a return the only one of its kind."""
    return f"return-{kind}:{return_id}"


def tell_of_return(row: Return, kind: str) -> OutgoingMail | None:
    """Queue a mail (one of KINDS) in the caller's transaction; None for an order without an address to write to."""
    if not row.order.email:
        return None
    seller = StoreSetting.current()
    return queue_mail(
        key=mail_key(kind, row.pk),
        kind=f"return_{kind}",
        recipient=row.order.email,
        context={
            "order": row.order,
            "row": row,
            "lines": list(row.lines.select_related("line").order_by("line__position")),
            "send_to": [part for part in (seller.seller_name, *seller.seller_address.splitlines()) if part.strip()],
            "order_url": guest_url(row.order),
        },
    )
