"""The evidence of an order: what the shop knows of it, for the bank, on one page or sent through Stripe."""

import hashlib
import json
import re
from datetime import timedelta
from functools import cached_property
from typing import Any

from django.conf import settings
from django.utils import timezone

from accounts.models import User
from audit.recording import record, recording_refusal
from core.errors import DomainError, NotAllowedInState
from core.models import StoreSetting
from core.money import format_money
from mail.models import OutgoingMail
from orders.models import Fulfilment, Order, OrderAddress, OrderLine
from orders.selectors import country_name
from orders.showing import TimelineEvent, timeline, totals_of
from payments import dispute_client
from payments.calls import call_once
from payments.disputes import NEEDS_ANSWER, sync_dispute
from payments.errors import GatewayRefused, GatewayUnclear, KeyReused
from payments.models import Dispute, OutboundCall, Refund

OPERATION = "dispute.evidence"
SENDING = timedelta(minutes=2)
MOST_MAILS, MOST_ORDERS = 50, 20
TEXT_LENGTH = 5_000  # what staff write; Stripe takes 20,000 characters with the facts that are added to it
LONG, SHORT = 20_000, 5_000


class EvidencePack:
    """What the shop can show of a disputed order: purchase, delivery, correspondence, what came before. Read once."""

    def __init__(self, dispute: Dispute, order: Order) -> None:
        self.dispute = dispute
        self.order = order

    @cached_property
    def lines(self) -> list[OrderLine]:
        """What was bought."""
        return list(self.order.lines.all())

    @cached_property
    def totals(self) -> list[dict[str, Any]]:
        """The sums, for the summary component."""
        return totals_of(self.order, code=self.order.discount_code, delivery=self.order.shipping_name)

    @cached_property
    def address(self) -> OrderAddress | None:
        """Where it went; None once it is erased."""
        return OrderAddress.objects.filter(order=self.order).first()

    @property
    def country(self) -> str:
        """The country it went to, in words."""
        return country_name(str(self.order.country))

    @cached_property
    def parcels(self) -> list[Fulfilment]:
        """What was sent, with what was in it."""
        return list(self.order.fulfilments.prefetch_related("lines__line"))

    @cached_property
    def refunds(self) -> list[Refund]:
        """What has been given back already."""
        given = Refund.objects.filter(payment__order=self.order, status=Refund.Status.SUCCEEDED)
        return list(given.order_by("refunded_at", "pk"))

    @cached_property
    def mails(self) -> list[OutgoingMail]:
        """The messages about this order that the shopper was sent, the oldest first."""
        if not self.order.email:
            return []
        whole_number = re.compile(rf"{re.escape(self.order.number)}(?![0-9])")
        sent = OutgoingMail.objects.filter(
            recipient__iexact=self.order.email, state=OutgoingMail.State.SENT, is_secret=False
        ).filter(text_body__contains=self.order.number)
        found = [mail for mail in sent.order_by("pk")[:MOST_MAILS] if whole_number.search(mail.text_body)]
        for mail in found:
            mail.text_body = without_links(mail.text_body)
        return found

    @cached_property
    def timeline(self) -> list[TimelineEvent]:
        """What happened, as the shopper was told."""
        return timeline(self.order)

    @cached_property
    def earlier(self) -> list[Order]:
        """The customer's latest paid orders before this one."""
        before = Order.objects.sold().filter(customer=self.order.customer_id, placed_at__lt=self.order.placed_at)
        return list(before.exclude(pk=self.order.pk)[:MOST_ORDERS])

    @cached_property
    def policy(self) -> str:
        """The refund policy in a sentence."""
        days = StoreSetting.current().return_window_days
        return (
            f"Goods can be returned within {days} days of being sent, and what was paid for them goes back to the card "
            "or account it came from. Goods that are damaged, faulty or not as ordered are refunded or replaced."
        )


def without_links(text: str) -> str:
    """Return the text of a message without its links into the shop: whoever holds one can open the order."""
    return re.sub(rf"{re.escape(settings.STORE_BASE_URL)}\S*", "[link to the shop]", text)


def evidence_of(pack: EvidencePack, text: str) -> dict[str, str]:
    """Return the fields of evidence that Stripe is sent: what staff wrote, and the facts of the order."""
    address, parcels, order = pack.address, pack.parcels, pack.order
    fields = {
        "customer_name": address.name if address else "",
        "customer_email_address": order.email,
        "shipping_address": _one_line(address, pack.country) if address else "",
        "shipping_carrier": _joined(parcel.carrier for parcel in parcels),
        "shipping_tracking_number": _joined(parcel.tracking for parcel in parcels),
        "shipping_date": _joined(f"{parcel.at:%Y-%m-%d}" for parcel in parcels),
        "product_description": "\n".join(_described(line, order.currency) for line in pack.lines),
    }
    kept = {name: value[: LONG if name == "product_description" else SHORT] for name, value in fields.items() if value}
    return kept | {"uncategorized_text": f"{text.strip()}\n\n{facts_of(pack)}"[:LONG]}


def facts_of(pack: EvidencePack) -> str:
    """Return the order in plain lines: when it was bought, sent, written about, and what the customer bought before."""
    order = pack.order
    lines = [f"Order {order.number}, placed {_moment(order.placed_at)}"]
    lines += [f"{event.text}: {_moment(event.at)}" for event in pack.timeline]
    for parcel in pack.parcels:
        label = " ".join(filter(None, [parcel.carrier, parcel.tracking])) or "without a tracking number"
        lines.append(f"Parcel sent {_moment(parcel.at)}, {label}")
    lines += [f"Message to the customer, {_moment(mail.sent_at)}: {mail.subject}" for mail in pack.mails]
    lines += [f"Refunded {format_money(refund.amount_minor, refund.currency)}" for refund in pack.refunds]
    lines += [
        f"Earlier order of the same customer: {other.number}, {_moment(other.placed_at)}, "
        f"{format_money(other.total_minor, other.currency)}"
        for other in pack.earlier
    ]
    return "\n".join([*lines, f"Refund policy: {pack.policy}"])


def _moment(at: Any) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else "time unknown"


def _joined(values: Any) -> str:
    return ", ".join(dict.fromkeys(value for value in values if value))


def _one_line(address: OrderAddress, country: str) -> str:
    parts = (address.line1, address.line2, address.city, address.region, address.postcode, country)
    return ", ".join(part for part in parts if part)


def _described(line: OrderLine, currency: str) -> str:
    name = f"{line.name}, {line.variant_name}" if line.variant_name else line.name
    return f"{line.quantity} x {name}: {format_money(line.total_minor, currency)}"


def refusal_of(dispute: Dispute) -> str:
    """Return why no evidence can be sent from here, as a sentence; empty if it can."""
    if not dispute.is_open:
        return "It has been decided; the bank takes no evidence any more."
    if dispute.submission_count:
        return "Evidence has been sent to the bank, which takes it only once."
    if dispute.evidence_due_at is None or dispute.status not in NEEDS_ANSWER:
        return "The bank takes no evidence for it now."
    if dispute.evidence_due_at <= timezone.now():
        return "The time to send evidence is over."
    if dispute.payment is None or not dispute.stripe_dispute_id:
        return "This shop knows no order that it is about. Answer it in Stripe’s dashboard."
    return ""


def submit_evidence(dispute_id: int, *, text: str, actor: User) -> Dispute:
    """Send the evidence of a dispute's order to the bank, with what staff wrote; audited. Never inside a transaction.

    The dispute is looked up at Stripe first, so evidence that was sent meanwhile, or by an earlier try whose answer was
    lost, is not sent again. Raises DomainError with a sentence, GatewayUnclear if it may or may not have been sent:
    the same text can then be sent again safely.
    """
    dispute = Dispute.objects.select_related("payment__order").get(pk=dispute_id)
    with recording_refusal(OPERATION, subject=dispute, actor=actor):
        if not text.strip():
            raise DomainError("Write what the bank should know.")
        if dispute.stripe_dispute_id:
            sync_dispute(dispute.stripe_dispute_id)
            dispute = Dispute.objects.select_related("payment__order").get(pk=dispute_id)
        if refusal := refusal_of(dispute):
            raise NotAllowedInState(refusal)
        _send(dispute, text)
    record(OPERATION, subject=dispute, actor=actor)
    return sync_dispute(dispute.stripe_dispute_id or "")


def _send(dispute: Dispute, text: str) -> None:
    assert dispute.payment is not None  # noqa: S101  refusal_of has seen to it
    evidence = evidence_of(EvidencePack(dispute, dispute.payment.order), text)
    params = {"dispute": dispute.stripe_dispute_id, "evidence": evidence}
    prefix = f"dispute-{dispute.pk}-"
    key = prefix + hashlib.sha256(json.dumps(params, sort_keys=True).encode()).hexdigest()[:32]
    others = OutboundCall.objects.filter(idempotency_key__startswith=prefix, state=OutboundCall.State.SENDING)
    if others.exclude(idempotency_key=key).filter(created_at__gt=timezone.now() - SENDING).exists():
        raise NotAllowedInState("Somebody else is sending evidence for this dispute just now.")
    try:
        call_once(OPERATION, key=key, params=params, send=dispute_client.submit_evidence)
    except (GatewayRefused, KeyReused) as error:
        raise NotAllowedInState("Stripe refused the evidence. Look at the dispute in Stripe’s dashboard.") from error
    except GatewayUnclear:
        if not sync_dispute(dispute.stripe_dispute_id or "").submission_count:
            raise
