"""Thirty, thirty and the rest: exact to the smallest unit in order, ledger, mail, on screen and at Stripe."""

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from accounts.tests.factories import make_user
from core.errors import DomainError
from core.models import StoreSetting
from core.money import exponent, format_money, step
from mail.models import OutgoingMail
from orders.models import Invoice, Order, SalesEntry
from orders.tests.factories import line_of, make_discount, make_shipping_method, make_tax_rate
from payments.models import Payment, Refund
from payments.refunding import RefundChoice, refundable, request_refund
from payments.tests.factories import make_paid
from payments.tests.test_refunding import at_stripe, ledger
from products.tests.factories import make_variant
from stripe_simulator.models import Resource

pytestmark = pytest.mark.django_db
LIMITS = 10**12
ALL: dict[str, Any] = {"everything": True}


@pytest.fixture
def ops() -> User:
    return make_user("ops")


@pytest.fixture
def sell_in(settings: Any) -> Callable[..., tuple[Order, Payment]]:
    """Sell in a currency, with tax on top or inside, through the whole path: placed, paid at Stripe, booked."""

    def sell(currency: str, prices: list[int], *, inside: bool, delivery: int, code: bool) -> tuple[Order, Payment]:
        settings.STORE_CURRENCY = currency
        StoreSetting.objects.update_or_create(
            pk=1, defaults={"prices_include_tax": inside, "refund_limit_minor": LIMITS}
        )
        make_tax_rate(rate_bps=2000)
        variants = [make_variant(price_minor=price, stock=9, currency=currency) for price in prices]
        lines = {variant: quantity for quantity, variant in enumerate(variants, start=1)}
        discount = make_discount(percent_bps=1000).code if code else ""
        return make_paid(lines=lines, method=make_shipping_method(price_minor=delivery), discount_code=discount)

    return sell


def give(order: Order, actor: User, key: str, **choice: Any) -> Refund:
    return request_refund(order.pk, choice=RefundChoice(reason="Broken", **choice), actor=actor, request_key=key)


def shown(order: Order) -> str:
    client = Client()
    client.force_login(make_user("ops"))
    html = client.get(f"/console/orders/{order.pk}/").content.decode()
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", html))).replace("\u00a0", " ")


def text_of(minor: int, currency: str) -> str:
    return format_money(minor, currency).replace("\u00a0", " ")


def assert_exact(order: Order, payment: Payment, given: list[int]) -> None:
    """Everybody says the same of what was given back so far."""
    order.refresh_from_db()
    payment.refresh_from_db()
    back = sum(given)
    sums = ledger(order)
    kept = sums["gross"] - sums["discount"] - sums["returns"] + sums["shipping"] + sums["tax"]
    assert (order.refunded_minor, payment.refund_committed_minor, at_stripe()) == (back, back, back)
    assert (kept, refundable(order).total) == (order.total_minor - back, order.total_minor - back)
    charge = Resource.objects.get(kind="charge").data
    assert (charge["amount"], charge["amount_refunded"]) == (order.total_minor, back)
    bodies = list(OutgoingMail.objects.filter(kind="order_refunded").order_by("pk").values_list("text_body", flat=True))
    told = [body.replace("\u00a0", " ") for body in bodies]
    assert [text_of(amount, order.currency) in body for amount, body in zip(given, told, strict=True)] == [True] * len(
        given
    )
    page = shown(order)
    assert f"Refunded -{text_of(back, order.currency)}" in page
    assert f"Kept {text_of(order.total_minor - back, order.currency)}" in page
    credited = Invoice.objects.filter(order=order, kind="credit_note").values_list("total_minor", flat=True)
    assert sorted(credited) == sorted(given)


@pytest.mark.parametrize("inside", [True, False], ids=["tax inside", "tax on top"])
def test_thirty_thirty_and_the_rest_of_ninety_nine_ninety_nine(
    sell_in: Callable[..., tuple[Order, Payment]], ops: User, inside: bool
) -> None:
    prices = [2350, 3647] if inside else [1950, 3041]
    order, payment = sell_in("GBP", prices, inside=inside, delivery=355 if inside else 301, code=False)
    assert order.total_minor == 9999, order.total_minor

    given: list[int] = []
    for key, choice in (
        ("one", {"amount_minor": 3000}),
        ("two", {"amount_minor": 3000}),
        ("rest", {"everything": True}),
    ):
        given.append(give(order, ops, key, **choice).amount_minor)
        assert_exact(order, payment, given)

    assert given == [3000, 3000, 3999]
    assert (order.status, order.refund_status) == ("canceled", "full")
    by_line = SalesEntry.objects.filter(order=order)
    assert sum(entry.tax_minor for entry in by_line) == 0
    assert sum(entry.shipping_minor for entry in by_line) == 0
    for line in order.lines.all():
        entries = by_line.filter(line=line)
        assert sum(row.gross_minor - row.discount_minor - row.returns_minor for row in entries) == 0


CYCLES = [
    ("JPY", [3333, 1250], 500, 1000),
    ("KWD", [33_330, 12_500], 1_500, 10_000),
    ("USD", [3333, 1250], 500, 1000),
]


@pytest.mark.parametrize(("currency", "prices", "delivery", "part"), CYCLES)
@pytest.mark.parametrize("inside", [True, False], ids=["tax inside", "tax on top"])
@pytest.mark.parametrize("code", [True, False], ids=["discounted", "full price"])
def test_the_whole_cycle_in_currencies_of_other_exponents(
    sell_in: Callable[..., tuple[Order, Payment]],
    ops: User,
    currency: str,
    prices: list[int],
    delivery: int,
    part: int,
    inside: bool,
    code: bool,
) -> None:
    order, payment = sell_in(currency, prices, inside=inside, delivery=delivery, code=code)
    assert (order.currency, order.total_minor % step(currency)) == (currency, 0)
    assert Resource.objects.get(kind="checkout.session").data["amount_total"] == order.total_minor

    given: list[int] = []
    units = {line_of(order, 2).pk: 1}
    for key, choice in (
        ("amount", {"amount_minor": part}),
        ("units", {"units": units, "with_shipping": True, "restock": "canceled"}),
        ("more", {"amount_minor": part}),
        ("rest", {"everything": True, "restock": "canceled"}),
    ):
        refund = give(order, ops, key, **choice)
        assert refund.amount_minor % step(currency) == 0
        given.append(refund.amount_minor)
        assert_exact(order, payment, given)

    assert sum(given) == order.total_minor
    assert order.status == "canceled"
    assert all(line.quantity_restocked == line.quantity for line in order.lines.all())


@pytest.mark.parametrize(("currency", "amount"), [("KWD", 1_001), ("KWD", 5)])
def test_an_amount_that_the_currency_has_no_coin_for_is_refused(
    sell_in: Callable[..., tuple[Order, Payment]], ops: User, currency: str, amount: int
) -> None:
    order, payment = sell_in(currency, [10_000], inside=True, delivery=0, code=False)

    with pytest.raises(DomainError, match="multiples of"):
        give(order, ops, "key", amount_minor=amount)

    payment.refresh_from_db()
    assert (payment.refund_committed_minor, at_stripe(), exponent(currency)) == (0, 0, 3)
