"""What comes after a sale: approvals, refunds that came to nothing, returns, disputes, refunds made at Stripe."""

from orders.models import Return
from orders.returns import decide_return, receive_return, request_return, withdraw_return
from payments.approving import approve_refund, reject_refund
from payments.canceling import cancel_without_refund
from payments.failed_refunds import give_surplus_back, retry_refund, settle_elsewhere
from payments.models import Payment, Refund
from payments.return_refunds import refund_return
from stripe_simulator import control, disputes
from stripe_simulator.models import Resource
from tests.simulation.acts import act
from tests.simulation.staff import open_order, sold_order
from tests.simulation.world import World

NOTE = "By bank transfer."


@act("a second person decides", weight=5)
def decides(world: World) -> str:
    """Approve, or do not approve, a refund that waits; sometimes one's own, or one that is decided on."""
    waiting = Refund.objects.waiting() if world.chance(0.9) else Refund.objects.all()
    refund = world.pick(list(waiting.order_by("pk")))
    if refund is None:
        return "nothing waits"
    actor = world.admin if world.chance(0.8) else world.rng.choice(world.staff)
    if world.chance(0.65):
        return f"refund {refund.pk} {approve_refund(refund.pk, actor=actor).status}"
    return f"refund {refund.pk} {reject_refund(refund.pk, actor=actor, reason='It is too much.').status}"


@act("staff retry a refund", weight=3)
def retries(world: World) -> str:
    """Try a refund again that came to nothing."""
    failed = world.pick(list(Refund.objects.filter(status__in=Refund.CAME_TO_NOTHING).order_by("pk")))
    if failed is None:
        return "nothing failed"
    again = retry_refund(failed.pk, actor=world.rng.choice((*world.staff, world.admin)))
    return f"refund {failed.pk}: refund {again.pk} {again.status}"


@act("staff pay by other means", weight=2)
def pays_elsewhere(world: World) -> str:
    """Note that a refund which came to nothing was paid out in another way."""
    failed = world.pick(list(Refund.objects.filter(status__in=Refund.CAME_TO_NOTHING).order_by("pk")))
    if failed is None:
        return "nothing failed"
    settled = settle_elsewhere(failed.pk, note=NOTE, actor=world.rng.choice(world.staff))
    return f"refund {settled.pk}"


@act("staff give a surplus back", weight=2)
def gives_surplus_back(world: World) -> str:
    """Send back a payment that its order did not need, and that came back to us."""
    payment = world.pick(list(Payment.objects.filter(disposition=Payment.Disposition.SURPLUS).order_by("pk")))
    if payment is None:
        return "no surplus"
    refund = give_surplus_back(payment.pk, actor=world.rng.choice(world.staff))
    return f"payment {payment.pk}: refund {refund.pk} {refund.status}"


@act("staff cancel what keeps nothing", weight=2)
def cancels_empty(world: World) -> str:
    """Cancel a paid order that was free, or of which all was given back."""
    order = open_order(world)
    if order is None:
        return "no order"
    canceled = cancel_without_refund(
        order.pk, is_restocked=world.chance(0.5), reason="Not wanted.", actor=world.rng.choice(world.staff)
    )
    return f"order {order.pk} {canceled.status}"


@act("shopper asks for a return", weight=5)
def asks_for_return(world: World) -> str:
    """Ask to send some units back; sometimes staff do it for them."""
    order = sold_order(world)
    if order is None:
        return "no order"
    units = {line.pk: world.rng.randint(0, line.quantity) for line in order.lines.all()}
    actor = world.rng.choice(world.staff) if world.chance(0.3) else None
    row = request_return(order.pk, units=units, reason="damaged", request_key=world.fresh("return"), actor=actor)
    return f"order {order.pk}: return {row.pk} {row.status}"


@act("a return goes on", weight=9)
def return_goes_on(world: World) -> str:
    """Take the next step of a return: withdrawn, decided on, received, refunded; or one that it is not ready for."""
    row = world.pick(list(Return.objects.select_related("order").order_by("pk")))
    if row is None:
        return "no return"
    actor, way = world.rng.choice(world.staff), world.rng.random()
    if row.status == Return.Status.REQUESTED and way < 0.15:
        row = withdraw_return(row.pk, order=row.order)
    elif row.status == Return.Status.REQUESTED:
        decision = Return.Status.APPROVED if way < 0.85 else Return.Status.REJECTED
        row = decide_return(row.pk, decision=decision, answer="As we said.", actor=actor)
    elif row.status == Return.Status.APPROVED:
        came = {line.line_id: world.rng.randint(0, line.quantity) for line in row.lines.all()}
        shelved = {line_id: world.rng.randint(0, units) for line_id, units in came.items()}
        row = receive_return(row.pk, came=came, shelved=shelved, actor=actor)
    else:
        refund = refund_return(
            row.pk, with_shipping=way < 0.2, reason="It came.", actor=actor, request_key=world.fresh("back")
        )
        return f"return {row.pk}: refund {refund.pk} {refund.status}"
    return f"return {row.pk} {row.status}"


@act("stripe refunds in the dashboard", weight=3)
def refunds_outside(world: World) -> str:
    """Somebody gives money back behind the shop's back."""
    charge = world.pick(list(Resource.objects.filter(kind="charge", label="succeeded").order_by("pk")))
    left = charge.data["amount_captured"] - charge.data["amount_refunded"] if charge else 0
    if charge is None or not left or disputes.bind(charge.stripe_id):
        return "nothing to refund"
    step = 10 if world.currency == "KWD" else 1
    amount = left if world.chance(0.3) else world.rng.randint(1, left // step) * step
    refund = control.refund_in_dashboard(charge.stripe_id, amount)
    world.outside_refunds.add(refund)
    world.hits["refunded in the dashboard"] += 1
    return f"{refund} of {amount}"


@act("stripe opens a dispute", weight=2)
def opens_dispute(world: World) -> str:
    """A bank asks about a charge, or takes its money back."""
    charge = world.pick(list(Resource.objects.filter(kind="charge", label="succeeded").order_by("pk")))
    if charge is None or Resource.objects.filter(kind="dispute", charge_id=charge.stripe_id).exists():
        return "no charge"
    is_inquiry = world.chance(0.4)
    dispute = control.open_dispute(charge.stripe_id, inquiry=is_inquiry)
    world.hits["inquiry opened" if is_inquiry else "dispute opened"] += 1
    return dispute


@act("stripe goes on with a dispute", weight=3)
def goes_on_with_dispute(world: World) -> str:
    """An inquiry becomes a dispute, or one of them ends."""
    dispute = world.pick(list(Resource.objects.filter(kind="dispute").order_by("pk")))
    if dispute is None:
        return "no dispute"
    if world.chance(0.3):
        disputes.escalate(dispute.stripe_id)
        return f"{dispute.stripe_id} escalated"
    won = world.chance(0.5)
    control.close_dispute(dispute.stripe_id, won=won)
    world.hits["dispute won" if won else "dispute lost"] += 1
    return f"{dispute.stripe_id} {'won' if won else 'lost'}"
