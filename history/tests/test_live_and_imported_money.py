"""Money given back, disputed, or tried to be taken here leaves the same rows as an equal history that is imported.

Apart from keys, only what the format cannot say differs: Stripe's own ids, who asked for a refund, when and why. Only
history tells in an order's timeline when a refund was still on its way.
"""

from datetime import UTC, datetime

import pytest
from django.forms.models import model_to_dict

from accounts.tests.factories import make_user
from core.models import DirtyDay
from history.tests.factories import feed
from history.tests.test_live_and_imported import facts, line_of
from orders.models import Order, OrderEvent, OrderLine, SalesEntry
from payments.disputes import sync_dispute
from payments.models import Dispute, Payment, PaymentAttempt, Refund, RefundLine
from payments.refunding import RefundChoice, request_refund
from payments.sync import sync_payment
from payments.tests.conftest import simulator_delivers_here  # noqa: F401  a fixture
from payments.tests.factories import make_paid
from products.models import StockMovement
from products.tests.factories import make_variant
from stripe_simulator import control
from stripe_simulator.models import Resource

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("simulator_delivers_here")]

OF_REFUND = (
    "status", "amount_minor", "shipping_minor", "shipping_tax_minor", "currency", "refunded_at", "failed_at",
)  # fmt: skip
OF_DISPUTE = ("amount_minor", "currency", "is_inquiry", "outcome", "opened_at", "opened_day", "closed_at")
KINDS = ("refund", "dispute", "inquiry")


def money(order):
    """What was given back of an order, disputed or tried, in each table."""
    lines = OrderLine.objects.filter(order=order).order_by("position")
    rows = RefundLine.objects.filter(line__order=order).order_by("refund", "line__position")
    entries = SalesEntry.objects.filter(order=order).exclude(refund_id=None).order_by("pk")
    moved = StockMovement.objects.filter(source_type="refund_line", source_id__in=[str(row.pk) for row in rows])
    events = OrderEvent.objects.filter(order=order).order_by("at", "pk").values_list("kind", "at")
    disputes = Dispute.objects.filter(payment__order=order).order_by("pk")
    return {
        "order": (order.status, order.paid_minor, order.refunded_minor, order.hold_reason),
        "lines": list(lines.values_list("quantity_refunded", "quantity_restocked", "quantity_canceled")),
        "payment": Payment.objects.values_list("captured_minor", "refund_committed_minor").get(order=order),
        "refunds": list(Refund.objects.filter(payment__order=order).order_by("pk").values(*OF_REFUND)),
        "rows": [
            (row.line.position, row.quantity, row.goods_minor, row.tax_minor, row.restock, row.unsellable_quantity)
            for row in rows
        ],
        "entries": [{**facts(one), "refund_id": 0, "line": one.line and one.line.position} for one in entries],
        "movements": sorted((move.delta, move.kind) for move in moved),
        "events": [(kind, whole(at)) for kind, at in events if kind.startswith(KINDS) and kind != "refund_pending"],
        "holds": sorted(kind for kind, _ in events if kind in ("held", "released")),
        "disputes": list(disputes.values(*OF_DISPUTE)),
        "attempts": sorted(
            PaymentAttempt.objects.filter(payment__order=order).values_list(
                "at", "outcome", "code", "amount_minor", "currency"
            )
        ),
        "days": sorted(
            DirtyDay.objects.filter(source_type="sales_entry", source_id__in=[one.pk for one in entries]).values_list(
                "day", flat=True
            )
        ),
    }


def whole(at):
    """An instant without the part of a second that Stripe does not tell."""
    return at.replace(microsecond=0)


def make_sale():
    variants = [make_variant(sku=sku, stock=50, price_minor=price, cost_minor=cost) for sku, price, cost in GOODS]
    return make_paid(lines={variants[0]: 3, variants[1]: 1})


GOODS = (("A", 1299, 400), ("B", 2405, 700))


def history_of(order, *after):
    """The lines of a history that tells what became of a live order."""
    sold = line_of(order) | {"placed_at": order.placed_at.isoformat(), "paid_at": order.paid_at.isoformat()}
    tries = [
        {"type": "payment_attempt", "intent": "I", "order": "L", "at": one.at.isoformat(), "outcome": one.outcome,
         "code": one.code}
        for one in PaymentAttempt.objects.filter(payment__order=order)
    ]  # fmt: skip
    return [sold, *tries, *after]


def compare(order, *after):
    """Import an equal history and compare every row."""
    order.refresh_from_db()
    assert feed(*history_of(order, *after)).bad == []
    imported = Order.objects.get(checkout_key__startswith="import:")
    assert money(imported) == money(order)


def told(refund, ref="R1", **how):
    """A refund as a line, dated as Stripe dates it."""
    at = datetime.fromtimestamp(Resource.objects.get(stripe_id=refund.stripe_refund_id).data["created"], tz=UTC)
    return {"type": "refund", "ref": ref, "order": "L", "at": at.isoformat(), **how}


def give(order, key="key", **choice):
    return request_refund(
        order.pk, choice=RefundChoice(reason="Broken", **choice), actor=make_user("ops", email=f"{key}@x.example"),
        request_key=key,
    )  # fmt: skip


def test_an_amount():
    order, _ = make_sale()
    refund = give(order, amount_minor=1111)
    compare(order, told(refund, amount=1111))


@pytest.mark.parametrize("unsellable", [0, 1])
def test_units_of_which_some_go_back_on_the_shelf(unsellable):
    order, _ = make_sale()
    line = order.lines.get(position=1)
    bad = {line.pk: unsellable} if unsellable else {}
    refund = give(order, units={line.pk: 2}, restock=RefundLine.Restock.RETURNED, unsellable=bad)
    rows = [{"product": "A", "quantity": 2 - unsellable, "restock": True}, {"product": "A", "quantity": unsellable}]
    compare(order, told(refund, lines=[row for row in rows if row["quantity"]]))


def test_one_after_the_other_to_the_last_penny():
    order, _ = make_sale()
    first, second = order.lines.order_by("position")
    told_lines = []
    for number, (choice, line) in enumerate(
        [
            ({"amount_minor": 777}, {"amount": 777}),
            ({"units": {first.pk: 1}}, {"lines": [{"product": "A", "quantity": 1}]}),
            ({"units": {second.pk: 1}}, {"lines": [{"product": "B", "quantity": 1}]}),
            ({"units": {first.pk: 2}}, {"lines": [{"product": "A", "quantity": 2}]}),
        ]
    ):
        refund = give(order, key=f"key{number}", **choice)
        told_lines.append(told(refund, ref=f"R{number}", **line))
    compare(order, *told_lines)


def test_one_that_was_on_its_way():
    order, payment = make_sale()
    control.refund_next_as("pending")
    refund = give(order, amount_minor=1111)
    pending = told(refund, amount=1111, status="pending")
    compare(order, pending)
    control.settle_refund(refund.stripe_refund_id)
    sync_payment(payment.pk)
    compare(order, pending, {"type": "refund_succeeded", "refund": "R1", "at": pending["at"]})


@pytest.mark.parametrize("first", ["succeeded", "pending"])
def test_one_that_fails(first):
    order, payment = make_sale()
    line = order.lines.get(position=1)
    control.refund_next_as(first)
    refund = give(order, units={line.pk: 2}, restock=RefundLine.Restock.RETURNED, unsellable={line.pk: 1})
    control.settle_refund(refund.stripe_refund_id, succeeded=False)
    sync_payment(payment.pk)
    refund.refresh_from_db()
    assert refund.status == "failed"
    rows = [{"product": "A", "quantity": 1, "restock": True}, {"product": "A", "quantity": 1}]
    given = told(refund, lines=rows, status=first)
    compare(order, given, {"type": "refund_failed", "refund": "R1", "at": refund.failed_at.isoformat()})


@pytest.mark.parametrize("inquiry", [False, True])
def test_an_open_dispute(inquiry):
    order, payment = make_sale()
    dispute = sync_dispute(control.open_dispute(payment.stripe_charge_id, inquiry=inquiry))
    compare(order, disputed(dispute))


@pytest.mark.parametrize("won", [False, True])
def test_a_dispute_that_is_over(won):
    order, payment = make_sale()
    stripe_id = control.open_dispute(payment.stripe_charge_id)
    control.close_dispute(stripe_id, won=won)
    dispute = sync_dispute(stripe_id)
    over = {"outcome": dispute.outcome, "closed_at": dispute.closed_at.isoformat()}
    compare(order, disputed(dispute) | over)


def disputed(dispute):
    """A dispute as a line; it is of the day that the live one is."""
    line = {"type": "dispute", "ref": "D1", "order": "L", "at": dispute.opened_at.isoformat(),
            "amount": dispute.amount_minor}  # fmt: skip
    return line | ({"inquiry": True} if dispute.is_inquiry else {})


def test_the_columns_that_are_compared_are_all_there_are():
    """A column that comes to a refund or a dispute is to be compared as well, or named here."""
    unsaid = {
        "id", "payment", "stripe_refund_id", "request_key", "source", "reason", "requested_by_id", "approved_by_id",
        "decided_at", "created_at", "cancels_order", "return_request", "settled_note", "settled_at", "settled_by_id",
        "stripe_dispute_id", "stripe_charge_id", "status", "evidence_due_at", "has_evidence", "is_past_due",
        "livemode", "synced_at", "failure_code", "is_retry", "submission_count", "evidence",
    }  # fmt: skip
    columns = {*model_to_dict(Refund()), *model_to_dict(Dispute())}
    assert columns - unsaid - {*OF_REFUND, *OF_DISPUTE} == set()
