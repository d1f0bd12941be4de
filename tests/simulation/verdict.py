"""What must hold once everything has come to its end: shop, Stripe and figures tell the same story."""

from collections import Counter
from collections.abc import Callable, Iterator

from django.db.models import F, Sum

from analytics.models import FactDay
from mail.models import OutgoingMail
from monitoring.registry import Finding, all_checks
from orders.models import Invoice, Order, OrderEvent, OrderLine, SalesEntry
from orders.transitions import TABLE
from payments.models import Payment, Refund, WebhookEvent
from products.models import StockMovement
from stripe_simulator.models import Resource
from tests.simulation import invariants
from tests.simulation.world import World

UNSETTLED = ("requested", "approved", "submitting", "pending", "requires_action")
ENDED = ("processed", "ignored")


def unsound(world: World) -> Iterator[str]:
    """Each rule that is broken at the end of a run, as a sentence."""
    yield from invariants.broken()
    yield from _unfinished()
    yield from _stripe(world)
    yield from _sales()
    yield from _histories()
    yield from _mails()
    yield from _figures()
    yield from _findings()


def _unfinished() -> Iterator[str]:
    for order in Order.objects.filter(status=Order.Status.PENDING):
        yield f"order {order.pk} is still pending"
    # One that was still being made when its order ended has no page that anybody knows, and is left as it is.
    for payment in Payment.objects.filter(status__in=("open", "processing")):
        yield f"payment {payment.pk} is still {payment.status}"
    for refund in Refund.objects.filter(
        status__in=("requested", "approved", "submitting", "pending", "requires_action")
    ):
        yield f"refund {refund.pk} is still {refund.status}"
    for event in WebhookEvent.objects.exclude(state__in=ENDED):
        yield f"event {event.type} is {event.state}: {event.last_error}"


def _stripe(world: World) -> Iterator[str]:
    """Every penny that Stripe took or gave back is known here, and nothing was done twice."""
    known = {payment.stripe_charge_id: payment for payment in Payment.objects.exclude(stripe_charge_id=None)}
    for charge in Resource.objects.filter(kind="charge", label="succeeded"):
        payment = known.get(charge.stripe_id)
        if payment is None:
            yield f"charge {charge.stripe_id} is not known here"
            continue
        yield from _charge(charge, payment)
    marks = Counter(
        refund.data["metadata"].get("refund") or refund.stripe_id for refund in Resource.objects.filter(kind="refund")
    )
    yield from (f"refund {mark} was made {times} times at Stripe" for mark, times in marks.items() if times > 1)
    for refund in Resource.objects.filter(kind="refund"):
        if not refund.data["metadata"].get("refund") and refund.stripe_id not in world.outside_refunds:
            yield f"refund {refund.stripe_id} was made by nobody"
    pages = Counter(page.data["metadata"]["payment"] for page in Resource.objects.filter(kind="checkout.session"))
    yield from (f"payment {pk} has {times} sessions at Stripe" for pk, times in pages.items() if times > 1)


def _charge(charge: Resource, payment: Payment) -> Iterator[str]:
    given_back = sum(
        Refund.objects.filter(payment=payment, status=Refund.Status.SUCCEEDED).values_list("amount_minor", flat=True)
    )
    if payment.captured_minor != charge.data["amount_captured"]:
        yield f"payment {payment.pk} took {payment.captured_minor}, Stripe says {charge.data['amount_captured']}"
    if given_back != charge.data["amount_refunded"]:
        yield f"payment {payment.pk} gave back {given_back}, Stripe says {charge.data['amount_refunded']}"
    if payment.disposition == Payment.Disposition.NONE:
        yield f"payment {payment.pk} took money for nothing"
    has_failed = Refund.objects.filter(payment=payment, status="failed").exists()
    is_surplus = payment.disposition in (Payment.Disposition.SURPLUS, Payment.Disposition.AUTO_REFUNDED)
    if is_surplus and given_back != payment.captured_minor and not has_failed:
        yield f"surplus payment {payment.pk} gave back {given_back} of {payment.captured_minor}"


def _sales() -> Iterator[str]:
    """One invoice, one receipt and one movement a tracked line for each sale, and none without."""
    sold = list(Order.objects.sold().order_by("pk"))
    invoices = Invoice.objects.filter(kind=Invoice.Kind.INVOICE)
    if Counter(invoices.values_list("order", flat=True)) != Counter(order.pk for order in sold):
        yield "the invoices are not one for each sale"
    for kind in Invoice.Kind:
        numbers = list(Invoice.objects.filter(kind=kind).order_by("number").values_list("number", flat=True))
        if numbers != list(range(1, len(numbers) + 1)):
            yield f"the numbers of {kind} have a gap: {numbers}"
    lines = OrderLine.objects.filter(order__in=sold, variant__stock__tracked=True)
    moves = StockMovement.objects.filter(kind="sold")
    posted = Counter(moves.values_list("source_id", flat=True))
    if posted != Counter(str(pk) for pk in lines.values_list("pk", flat=True)):
        yield "the movements are not one for each line that was sold"
    total = sum(order.paid_minor - order.refunded_minor for order in sold)
    cash = F("gross_minor") - F("discount_minor") - F("returns_minor") + F("shipping_minor") + F("tax_minor")
    ledger = SalesEntry.objects.aggregate(cash=Sum(cash, default=0))["cash"]
    if total != ledger:
        yield f"the sales come to {total}, the ledger to {ledger}"


def _histories() -> Iterator[str]:
    allowed = {(row.source or "", row.target, by) for row in TABLE for by in row.by}
    for event in OrderEvent.objects.exclude(to_status=""):
        if (event.from_status, event.to_status, event.detail.get("by")) not in allowed:
            yield f"order {event.order_id} went from {event.from_status} to {event.to_status} by {event.detail}"


def _mails() -> Iterator[str]:
    sent = Counter(OutgoingMail.objects.values_list("key", flat=True))
    receipts = {f"order-receipt:{pk}" for pk in Order.objects.sold().values_list("pk", flat=True)}
    if {key for key in sent if key.startswith("order-receipt:")} != receipts:
        yield "the receipts are not one for each sale"
    refunds = Refund.objects.exclude(refunded_at=None).filter(payment__disposition=Payment.Disposition.APPLIED)
    told = {f"order-refunded:{pk}" for pk in refunds.values_list("pk", flat=True)}
    if {key for key in sent if key.startswith("order-refunded:")} != told:
        yield "the mails about refunds are not those of the refunds that succeeded"


def _figures() -> Iterator[str]:
    entries = SalesEntry.objects.values("day", "currency").annotate(
        net=Sum(F("gross_minor") - F("discount_minor") - F("returns_minor")), tax=Sum("tax_minor")
    )
    ledger = {(row["day"], row["currency"]): (row["net"], row["tax"]) for row in entries}
    facts = {
        (fact.day, fact.currency): (fact.net_minor, fact.tax_minor)
        for fact in FactDay.objects.all()
        if fact.net_minor or fact.tax_minor or (fact.day, fact.currency) in ledger
    }
    if facts != ledger:
        yield f"the snapshots say {facts}, the ledger says {ledger}"


def _has_failed(finding: Finding) -> bool:
    """Whether the finding is about money that Stripe could not pay out."""
    name = {"order": "payment__order", "payment": "payment", "refund": "pk"}[finding.entity_type]
    return Refund.objects.filter(**{name: finding.entity_pk}, status__in=Refund.CAME_TO_NOTHING).exists()


def _was_given_outside(finding: Finding) -> bool:
    """Whether money went back in Stripe's dashboard that was promised, or paid by other means, already."""
    name = {"payment": "payment", "refund": "payment__refunds"}[finding.entity_type]
    return Refund.objects.filter(**{name: finding.entity_pk}, source=Refund.Source.EXTERNAL).exists()


EXPECTED: dict[str, Callable[[Finding], bool]] = {  # what tells of Stripe's doing or people's, not of a fault of ours
    "ops.backlog_sla": lambda _: True,
    "pay.duplicate_capture": _has_failed,
    "pay.surplus_open": _has_failed,
    "refund.canceled_not_refunded": _has_failed,
    "refund.failed_unattended": _has_failed,
    "refund.over_refund": _was_given_outside,
}


def _findings() -> Iterator[str]:
    """What the data-quality checks see, without the issues that a run of them would write."""
    for known in all_checks():
        if known.area in ("config", "job"):
            continue
        for finding in known.look().findings:
            if known.id not in EXPECTED or not EXPECTED[known.id](finding):
                what = f"{finding.entity_type} {finding.entity_pk}"
                yield f"{known.id} finds {what}: {dict(finding.found)} instead of {dict(finding.expected)}"
