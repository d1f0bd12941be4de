"""`python -m bench.purchases 300`: so many orders, paid at the simulator, whose events wait in the inbox."""

import os
import secrets
import sys
from itertools import cycle

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "purelaka.settings")

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.db.models import F  # noqa: E402
from django.utils import timezone  # noqa: E402

from orders.models import Cart, CartLine, Order, ShippingMethod  # noqa: E402
from orders.placing import AddressData, place_order  # noqa: E402
from orders.quoting import quote_bag  # noqa: E402
from payments.inbox import receive  # noqa: E402
from payments.models import WebhookEvent  # noqa: E402
from payments.starting import start_payment  # noqa: E402
from products.models import Variant  # noqa: E402
from stripe_simulator import control  # noqa: E402

CARD = "4242424242424242"
HOME = AddressData(name="Charlie Clay", line1="1 Green Lane", city="Leeds", postcode="LS1 4AP")


def put_into_inbox(_url: str, headers: dict[str, str], body: bytes) -> int:
    """Hand one signed event to the inbox of this process."""
    receive(body, headers["Stripe-Signature"])
    return 200


def place(variant: Variant, number: int) -> Order:
    """Order one unit of a variant, for an address in Great Britain."""
    cart = Cart.objects.create()
    CartLine.objects.create(cart=cart, variant=variant, quantity=1, seen_price_minor=variant.price_minor)
    method, now = ShippingMethod.objects.order_by("pk").first(), timezone.now()
    total = quote_bag(cart, country="GB", shipping_method=method, now=now).quote.total_minor
    return place_order(
        cart_id=cart.pk,
        checkout_key=secrets.token_urlsafe(16),
        email=f"shopper-{number}@example.com",
        customer_name="Charlie Clay",
        address=HOME,
        country="GB",
        shipping_method_id=method.pk,
        expected_total_minor=total,
        user=None,
    )


def main() -> None:
    """Buy, pay, and let Stripe tell of it."""
    settings.STRIPE_SIMULATOR_DELIVER = put_into_inbox
    stocked = Variant.objects.filter(product__status="active", stock__on_hand__gt=F("stock__reserved") + 20)
    variants = cycle(stocked.order_by("pk"))
    count = int(sys.argv[1])
    for number in range(count):
        payment = start_payment(place(next(variants), number).pk)
        control.pay(payment.stripe_session_id or "", CARD)
    while control.deliver_all():
        pass
    waiting = WebhookEvent.objects.filter(state=WebhookEvent.State.RECEIVED).count()
    print(f"{count} orders, {waiting} events wait")


if __name__ == "__main__":
    main()
