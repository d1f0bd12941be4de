"""What staff do: send goods, hold and release orders, give money back, cancel, keep stock, ask Stripe."""

from orders.fulfilment import ship
from orders.holding import hold, release
from orders.models import Order, OrderLine
from orders.transitions import By
from payments.closing import cancel_order_unpaid
from payments.models import Refund, RefundLine, WebhookEvent
from payments.refunding import RefundChoice, plan_refund, request_refund
from payments.replaying import replay_event, send_again
from payments.syncing import sync_order
from products import stock
from tests.simulation.acts import act
from tests.simulation.world import World

RESTOCK = tuple(RefundLine.Restock)


def sold_order(world: World) -> Order | None:
    """An order that was paid."""
    return world.pick(list(Order.objects.sold().order_by("pk")))


def open_order(world: World) -> Order | None:
    """An order that is paid and not done with."""
    return world.pick(list(Order.objects.filter(status=Order.Status.PAID).order_by("pk")))


@act("staff ship everything", weight=5)
def ships_all(world: World) -> str:
    """Send all that is left of an order."""
    order = open_order(world)
    if order is None:
        return "no order"
    return f"order {order.pk} {ship(order.pk, actor=world.rng.choice(world.staff)).status}"


@act("staff ship a part", weight=5)
def ships_part(world: World) -> str:
    """Send some units, from a page that may be out of date."""
    order = open_order(world)
    if order is None:
        return "no order"
    lines = {line.pk: world.rng.randint(0, line.quantity) for line in order.lines.all()}
    seen = order.fulfilments.count() - (1 if world.chance(0.1) else 0)
    why = "The customer waits." if world.chance(0.3) else ""
    sent = ship(order.pk, lines=lines, parcels_seen=seen, override_reason=why, actor=world.rng.choice(world.staff))
    return f"order {order.pk} {list(lines.values())}: {sent.status}"


@act("staff hold", weight=2)
def holds(world: World) -> str:
    """Keep an order from being sent."""
    order = world.pick(world.orders)
    if order is None:
        return "no order"
    hold(order, reason="Look at this first.", actor=world.rng.choice(world.staff))
    return f"order {order}"


@act("staff release", weight=2)
def releases(world: World) -> str:
    """Let a held order go on."""
    order = world.pick(list(Order.objects.exclude(held_at=None).order_by("pk")))
    if order is None:
        return "no order"
    release(order.pk, reason="It is fine.", actor=world.rng.choice(world.staff))
    return f"order {order.pk}"


def refund(world: World, order: Order, choice: RefundChoice) -> str:
    """Preview a refund and confirm it; often send the confirmation twice."""
    plan = plan_refund(order.pk, choice)
    key, actor = world.fresh("refund"), world.rng.choice(world.staff)
    confirmed = RefundChoice(**{**choice.__dict__, "expected_minor": plan.amount_minor})
    made = request_refund(order.pk, choice=confirmed, actor=actor, request_key=key)
    if world.chance(0.2):
        again = request_refund(order.pk, choice=confirmed, actor=actor, request_key=key)
        assert again.pk == made.pk, "one confirmation made two refunds"
    return f"order {order.pk}: refund {made.pk} of {made.amount_minor} {made.status}"


@act("staff refund lines", weight=6)
def refunds_lines(world: World) -> str:
    """Give units back, with or without delivery, back on the shelf or not."""
    order = sold_order(world)
    if order is None:
        return "no order"
    lines = list(order.lines.all())
    units = {line.pk: world.rng.randint(0, line.quantity_to_refund) for line in lines}
    choice = RefundChoice(
        units=units, with_shipping=world.chance(0.3), restock=world.rng.choice(RESTOCK), reason="It leaked."
    )
    return refund(world, order, choice)


@act("staff refund an amount", weight=5)
def refunds_amount(world: World) -> str:
    """Give a sum back, sometimes for named units, sometimes more than there is."""
    order = sold_order(world)
    if order is None:
        return "no order"
    step = 10 if order.currency == "KWD" else 1
    amount = world.rng.randint(0, max(order.total_minor // step, 1)) * step // world.rng.choice((1, 2, 5))
    amount -= amount % step if world.chance(0.9) else 0
    named = order.lines.first() if world.chance(0.3) else None
    units = {named.pk: world.rng.randint(0, named.quantity_to_refund)} if named else {}
    return refund(world, order, RefundChoice(amount_minor=amount, units=units, reason="A gesture."))


@act("staff refund everything", weight=4)
def refunds_everything(world: World) -> str:
    """Give all that is left back; of an order that was not sent, this cancels it."""
    order = sold_order(world)
    if order is None:
        return "no order"
    return refund(world, order, RefundChoice(everything=True, restock=world.rng.choice(RESTOCK), reason="Sorry."))


@act("two staff refund at once", weight=2)
def two_refund(world: World) -> str:
    """Two people look at the same order and confirm what they saw, one after the other."""
    order = sold_order(world)
    if order is None:
        return "no order"
    choice = RefundChoice(everything=True, reason="Both of us.")
    seen = plan_refund(order.pk, choice).amount_minor
    choice = RefundChoice(everything=True, reason="Both of us.", expected_minor=seen)
    first, second = world.staff
    made = request_refund(order.pk, choice=choice, actor=first, request_key=world.fresh("refund"))
    again = request_refund(order.pk, choice=choice, actor=second, request_key=world.fresh("refund"))
    return f"order {order.pk}: {made.status} and {again.status}"


@act("staff cancel unpaid", weight=2)
def cancels_unpaid(world: World) -> str:
    """Cancel an order that waits for its payment."""
    order = world.pick(world.orders)
    if order is None:
        return "no order"
    actor = world.rng.choice(world.staff)
    return f"order {order} {cancel_order_unpaid(order, reason='staff', by=By.STAFF, actor=actor).status}"


@act("staff send a refund again", weight=2)
def sends_again(world: World) -> str:
    """Press the button beside a refund whose sending was cut short."""
    waiting = world.pick(list(Refund.objects.order_by("pk")))
    if waiting is None:
        return "no refund"
    return f"refund {waiting.pk} {send_again(waiting.pk, actor=world.rng.choice(world.staff)).status}"


@act("staff receive goods", weight=4)
def receives_goods(world: World) -> str:
    """Book a delivery from the supplier."""
    variant, quantity = world.rng.choice(world.tracked), world.rng.randint(1, 6)
    source = world.fresh("delivery")
    for _ in range(2 if world.chance(0.2) else 1):
        stock.receive(variant, quantity=quantity, source_type="delivery", source_id=source, actor=world.staff[0])
    return f"variant {variant} +{quantity}"


@act("staff correct a count", weight=3)
def corrects_count(world: World) -> str:
    """Count the shelf and find another number."""
    variant, delta = world.rng.choice(world.tracked), world.rng.randint(-3, 3)
    stock.adjust(
        variant,
        delta=delta,
        reason="Counted.",
        source_type="count",
        source_id=world.fresh("count"),
        actor=world.staff[0],
    )
    return f"variant {variant} {delta:+d}"


@act("staff change a price", weight=2)
def changes_price(world: World) -> str:
    """Change what a variant costs from now on."""
    variant = world.rng.choice(world.variants)
    line = OrderLine.objects.filter(variant=variant).first()
    if line is None:
        return "never sold"
    price = line.unit_price_minor + world.rng.choice((-10, 10, 50))
    line.variant.__class__.objects.filter(pk=variant).update(price_minor=max(price, 10))
    return f"variant {variant} {price}"


@act("staff ask Stripe", weight=2)
def asks_stripe(world: World) -> str:
    """Ask what became of an order's payments."""
    order = world.pick(world.orders)
    if order is None:
        return "no order"
    return f"order {order}: {sync_order(order, actor=world.rng.choice(world.staff))} payments"


@act("staff replay an event", weight=2)
def replays(world: World) -> str:
    """Take an event up again that was done, or given up."""
    event = world.pick(list(WebhookEvent.objects.order_by("pk")))
    if event is None:
        return "no event"
    replayed = replay_event(event.pk, reason="Look at it once more.", actor=world.rng.choice(world.staff))
    return f"{replayed.type} {replayed.stripe_event_id}"
