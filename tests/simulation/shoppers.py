"""What shoppers do: fill bags, place orders, pay them in every way there is, come back, give up."""

from orders import bag
from orders.models import Cart, CartLine, Order
from orders.placing import AddressData, place_order
from orders.quoting import quote_bag
from orders.transitions import By
from payments.closing import cancel_order_unpaid
from payments.models import Payment
from payments.starting import start_payment
from payments.sync import sync_payment
from products.models import Variant
from stripe_simulator import control, sessions
from stripe_simulator.models import Resource
from tests.simulation.acts import act
from tests.simulation.world import World

ADDRESS = AddressData(name="Charlie Clay", line1="1 Green Lane", city="Leeds", postcode="LS1 4AP")
PEOPLE = [f"shopper-{number}@example.com" for number in range(5)]
SECURE = ("4000002500003155", "4000002760003184", "4000000000003220", "4000008400001629")
VISA = "4242424242424242"
CARDS = (
    *(VISA, "5555555555554444", "378282246310005", "4000008260000000") * 3,
    *("4000000000000002", "4000000000009995", "4000000000009987", "4000000000000069"),
    *("4000000000000127", "4000000000000119", "4111111111111111", "1234"),
    *SECURE,
    *("bank_debit_succeeds", "bank_debit_fails") * 2,
)


def open_carts(world: World) -> list[int]:
    """Bags that were not paid for."""
    return list(Cart.objects.open().filter(pk__in=world.carts[-8:]).order_by("pk").values_list("pk", flat=True))


def fill_bag(world: World) -> int:
    """A new bag with one to three lines."""
    cart = Cart.objects.create()
    world.carts.append(cart.pk)
    for variant in Variant.objects.filter(pk__in=world.rng.sample(world.variants, world.rng.randint(1, 3))):
        quantity = world.rng.choice((1, 1, 2, 3))
        # Put in before the last ones were sold to somebody else: the checkout has to look again.
        CartLine.objects.create(cart=cart, variant=variant, quantity=quantity, seen_price_minor=variant.price_minor)
    if world.chance(0.45):
        Cart.objects.filter(pk=cart.pk).update(discount_code=world.rng.choice(world.codes))
    return cart.pk


def place(world: World, cart_id: int, key: str) -> Order:
    """Place the order of a bag as its checkout page shows it."""
    rng, cart = world.rng, Cart.objects.get(pk=cart_id)
    method = rng.choice(world.methods)
    shown = quote_bag(cart, country="GB", shipping_method=method).quote.total_minor
    order = place_order(
        cart_id=cart_id,
        checkout_key=key,
        email=rng.choice(PEOPLE),
        customer_name="Charlie Clay",
        address=ADDRESS,
        country="GB",
        shipping_method_id=method.pk,
        expected_total_minor=shown + (1 if rng.random() < 0.02 else 0),
        user=None,
    )
    if order.pk not in world.orders:
        world.orders.append(order.pk)
    return order


@act("shopper buys", weight=15)
def buys(world: World) -> str:
    """Fill a bag, place the order, and go on to the payment page; often pay there and come back."""
    order = place(world, fill_bag(world), world.fresh("key"))
    payment = start_payment(order.pk)
    said = f"order {order.pk} over {order.total_minor}, payment {payment.pk} {payment.status}"
    if payment.status == Payment.Status.OPEN and world.chance(0.7):
        said += f"; {pay_at(world, payment)}"
    return said


@act("shopper places and leaves", weight=3)
def places_and_leaves(world: World) -> str:
    """Place an order whose page for paying is never asked for."""
    return f"order {place(world, fill_bag(world), world.fresh('key')).pk}"


@act("shopper clicks twice", weight=2)
def clicks_twice(world: World) -> str:
    """Send the same form twice: one order comes of it."""
    cart, key = fill_bag(world), world.fresh("key")
    first = place(world, cart, key)
    start_payment(first.pk)
    second = place(world, cart, key)
    payment = start_payment(second.pk)
    assert second.pk == first.pk, "the same form made two orders"
    return f"order {first.pk}, payment {payment.pk}"


@act("shopper uses two tabs", weight=2)
def uses_two_tabs(world: World) -> str:
    """Send the checkout of one bag from two pages: while the first order waits, there is no second."""
    cart = fill_bag(world)
    first = place(world, cart, world.fresh("key"))
    start_payment(first.pk)
    second = place(world, cart, world.fresh("key"))
    return f"orders {first.pk} and {second.pk}"


@act("shopper changes the bag", weight=4)
def changes_bag(world: World) -> str:
    """Add, change or remove a line, or a code, also while the bag's order waits for its payment."""
    cart = world.pick(open_carts(world))
    if cart is None:
        return "no bag"
    variant = world.rng.choice(world.variants)
    way = world.rng.randrange(5)
    if way == 0:
        bag.add_to_bag(cart, variant_id=variant, quantity=world.rng.randint(1, 4))
    elif way == 1:
        bag.set_quantity(cart, variant_id=variant, quantity=world.rng.randint(1, 5))
    elif way == 2:
        bag.remove_from_bag(cart, variant_id=variant)
    elif way == 3:
        bag.apply_code(cart, text=world.rng.choice(world.codes))
    else:
        bag.remove_code(cart)
    return f"bag {cart}"


@act("shopper checks out again", weight=3)
def checks_out_again(world: World) -> str:
    """Order from a bag that is still open: its order was given up, or something was added."""
    cart = world.pick(open_carts(world))
    if cart is None:
        return "no bag"
    order = place(world, cart, world.fresh("key"))
    return f"order {order.pk}, payment {start_payment(order.pk).pk}"


@act("shopper opens the payment page", weight=3)
def opens_page(world: World) -> str:
    """Go to pay an order again."""
    order = world.pick(world.orders)
    if order is None:
        return "no order"
    payment = start_payment(order)
    return f"order {order}, payment {payment.pk} {payment.status}"


@act("shopper pays", weight=9)
def pays(world: World) -> str:
    """Pay in any payment page that was ever opened, the old tab included."""
    payments = list(Payment.objects.exclude(checkout_url="").order_by("pk"))
    payment = world.pick(payments)
    return pay_at(world, payment) if payment else "no page"


def pay_at(world: World, payment: Payment) -> str:
    """Try to pay, and come back to the shop or not."""
    assert payment.stripe_session_id is not None
    card = VISA if world.chance(0.4) else world.rng.choice(CARDS)
    authenticate = world.rng.choice((True, True, False, None)) if card in SECURE else None
    attempt = control.pay(payment.stripe_session_id, card, authenticate=authenticate)
    world.hits[f"paid with {card}"] += 1
    said = f"payment {payment.pk} with {card}: {attempt.result}"
    if attempt.leaves_for_shop and world.chance(0.5):
        synced = sync_payment(payment.pk)
        said += f", came back: {synced.status} {synced.disposition}"
    return said


@act("shopper confirms at the bank", weight=3)
def confirms(world: World) -> str:
    """Complete or fail a 3-D Secure check that was left open."""
    waiting = Resource.objects.filter(kind="payment_intent", label="requires_action").order_by("pk")
    intent = world.pick(list(waiting))
    if intent is None:
        return "nothing to confirm"
    succeeded = world.chance(0.7)
    attempt = sessions.authenticate(intent.source_id, succeeded=succeeded)
    return f"{succeeded}: {attempt.result}"


@act("shopper comes back", weight=3)
def comes_back(world: World) -> str:
    """Open the page that Stripe leads back to, once more."""
    payment = world.pick(list(Payment.objects.exclude(stripe_session_id=None).order_by("pk")))
    if payment is None:
        return "no payment"
    synced = sync_payment(payment.pk)
    return f"payment {synced.pk} {synced.status} {synced.disposition}"


@act("shopper gives up", weight=4)
def gives_up(world: World) -> str:
    """Cancel an order."""
    order = world.pick(world.orders)
    if order is None:
        return "no order"
    canceled = cancel_order_unpaid(order, reason="shopper", by=By.SHOPPER)
    return f"order {order} {canceled.status}"
