"""The shop of a world: what it sells, how it delivers, its codes and its people."""

from accounts.models import User
from accounts.tests.factories import make_user
from core.models import StoreSetting
from orders.models import DiscountCode, ShippingMethod
from orders.tests.factories import make_discount, make_shipping_method, make_tax_rate
from products.models import StockItem
from products.tests.factories import make_product, make_variant
from tests.simulation.world import World

RATES = {"standard": 2000, "reduced": 500, "zero": 0}


def open_shop(world: World) -> None:
    """Fill an empty database with a small shop, different in every world."""
    rng = world.rng
    StoreSetting.objects.create(
        prices_include_tax=rng.random() < 0.5,
        order_expiry_minutes=rng.choice((40, 45, 120)),
        seller_name="A shop",
        refund_limit_minor=rng.choice((3_000, 20_000, 500_000)),
        refund_second_person_minor=rng.choice((None, None, 9_000)),
    )
    for tax_class, rate in RATES.items():
        make_tax_rate(tax_class=tax_class, rate_bps=rate)
    for number in range(5):
        _put_on_sale(world, number)
    _offer_delivery(world)
    _make_codes(world)
    world.staff = [_hire(world, "ops"), _hire(world, "ops")]
    world.admin = _hire(world, "admin")


def _put_on_sale(world: World, number: int) -> None:
    rng = world.rng
    variant = make_variant(
        make_product(f"Thing {number}", variants=()),
        sku=f"T-{number}",
        currency=world.currency,
        price_minor=_money(world, 99, 9_999),
        cost_minor=rng.choice((None, _money(world, 10, 90))),
        tax_class=rng.choice(("standard", "standard", "reduced", "zero")),
        weight_g=rng.choice((0, 200, 900)),
        stock=None if number == 0 else rng.choice((2, 8, 20, 60, 60)),
    )
    world.variants.append(variant.pk)
    if number == 0:
        return
    world.tracked.append(variant.pk)
    if number == 1:
        StockItem.objects.filter(variant=variant).update(backorder_cap=rng.choice((0, 3)))


def _money(world: World, least: int, most: int) -> int:
    amount = world.rng.randint(least, most)
    return amount * 10 if world.currency == "KWD" else amount


def _offer_delivery(world: World) -> None:
    world.methods = [
        _method(world, "Standard", _money(world, 150, 450), free_over_minor=_money(world, 3_000, 9_000)),
        _method(world, "Tracked", _money(world, 500, 900), max_weight_g=5_000),
        _method(world, "Collect", 0, tax_class="zero"),
    ]


def _method(world: World, name: str, price_minor: int, **fields: object) -> ShippingMethod:
    return make_shipping_method(name, currency=world.currency, price_minor=price_minor, **fields)


def _make_codes(world: World) -> None:
    made: list[DiscountCode] = [
        make_discount("TENTH"),
        make_discount("FEW", percent_bps=2_500, limit=world.rng.choice((1, 2, 3))),
        make_discount(
            "OFF", kind="amount", percent_bps=0, amount_minor=_money(world, 100, 900), currency=world.currency
        ),
        make_discount("CARRIED", kind="free_shipping", percent_bps=0),
        make_discount("GIFT", percent_bps=10_000),
    ]
    world.codes = [code.code for code in made]


def _hire(world: World, role: str) -> User:
    return make_user(role, email=f"{world.fresh(role)}@shop.example", verified=False)
