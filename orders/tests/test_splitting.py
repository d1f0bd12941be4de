"""Splitting: every penny lands in a bucket, none gives more than it has, ties go to the earlier."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import DomainError
from orders.models import Order, OrderLine
from orders.splitting import Asked, Parts, Units, parts_of, split_order_discount, split_order_tax, split_refund

AMOUNTS = st.integers(0, 100_000)


@st.composite
def sales(draw: st.DrawFn) -> Parts:
    size = draw(st.integers(1, 6))
    goods = draw(st.lists(AMOUNTS, min_size=size, max_size=size))
    tax = draw(st.lists(AMOUNTS, min_size=size, max_size=size))
    return Parts(tuple(goods), tuple(tax), draw(AMOUNTS), draw(AMOUNTS))


def within(refund: Parts, left: Parts) -> bool:
    rest = left.minus(refund)
    return min(*rest.goods, *rest.tax, rest.shipping, rest.shipping_tax, *refund.goods, *refund.tax) >= 0


@given(sales(), st.floats(0, 1))
def test_an_amount_alone_is_split_whole_and_within_what_is_left(left: Parts, share: float) -> None:
    amount = int(left.total * share)

    refund = split_refund(Asked(amount=amount), sold=left, left=left)

    assert refund.total == amount
    assert within(refund, left)


@given(sales(), st.lists(st.floats(0, 0.4), max_size=5))
def test_amounts_one_after_another_use_up_exactly_what_there_was(sold: Parts, shares: list[float]) -> None:
    left = sold
    for share in shares:
        left = left.minus(split_refund(Asked(amount=int(left.total * share)), sold=sold, left=left))

    last = split_refund(Asked(amount=left.total), sold=sold, left=left)

    assert left.minus(last).total == 0
    assert within(last, left)


def test_a_tie_goes_to_the_earlier_line_then_delivery_then_tax() -> None:
    left = Parts(goods=(1, 1), tax=(1, 0), shipping=1)

    parts = [split_refund(Asked(amount=amount), sold=left, left=left) for amount in (1, 2, 3)]

    assert [(part.goods, part.shipping, part.tax) for part in parts] == [
        ((1, 0), 0, (0, 0)),
        ((1, 1), 0, (0, 0)),
        ((1, 1), 1, (0, 0)),
    ]


def test_tax_is_one_bucket_and_then_split_by_what_is_left_of_it() -> None:
    left = Parts(goods=(4050,), tax=(810,), shipping=300, shipping_tax=60)

    refund = split_refund(Asked(amount=522), sold=left, left=left)

    assert (refund.goods, refund.shipping, refund.tax, refund.shipping_tax) == ((405,), 30, (81,), 6)


def test_goods_without_lines_are_split_over_what_is_left_of_the_lines() -> None:
    sold = Parts(goods=(1000, 3000), tax=(200, 600))

    refund = split_refund(Asked(goods=401, tax=80), sold=sold, left=sold)

    assert (refund.goods, refund.tax) == ((100, 301), (20, 60))


def test_named_units_give_back_their_share_rounded_down_and_the_last_the_rest() -> None:
    sold = Parts(goods=(1000,), tax=(200,))

    first = split_refund(Asked(units=[Units(0, 1, of=3)]), sold=sold, left=sold)
    left = sold.minus(first)
    rest = split_refund(Asked(units=[Units(0, 2, of=3, before=1)]), sold=sold, left=left)

    assert (first.goods, first.tax) == ((333,), (66,))
    assert (rest.goods, rest.tax) == ((667,), (134,))


def test_several_units_give_back_several_shares() -> None:
    sold = Parts(goods=(1000, 100), tax=(200, 20))

    refund = split_refund(Asked(units=[Units(0, 2, of=3)]), sold=sold, left=sold)

    assert (refund.goods, refund.tax) == ((666, 0), (133, 0))


def test_delivery_and_tax_alone_leave_the_goods_and_reach_the_tax_of_delivery() -> None:
    sold = Parts(goods=(1000,), tax=(200,), shipping=500, shipping_tax=100)

    refund = split_refund(Asked(shipping=250, tax=30), sold=sold, left=sold)

    assert refund == Parts((0,), (20,), 250, 10)


def test_nothing_of_named_units_is_nothing() -> None:
    sold = Parts(goods=(1000,), tax=(200,))

    assert split_refund(Asked(amount=0, units=[Units(0, 1, of=1)]), sold=sold, left=sold).total == 0


def test_parts_of_another_order_cannot_be_taken_away() -> None:
    two, three = Parts((1, 1), (0, 0)), Parts((1, 1, 1), (0, 0, 0))

    for left, taken in [(two, three), (three, two), (two, Parts((1, 1), (0,))), (Parts((1,), (0, 0)), two)]:
        with pytest.raises(ValueError, match="zip"):
            left.minus(taken)


def test_an_amount_with_named_units_stays_on_their_goods_and_tax() -> None:
    sold = Parts(goods=(1000, 3000), tax=(200, 600), shipping=500, shipping_tax=100)

    refund = split_refund(Asked(amount=600, units=[Units(0, 1, of=2), Units(1, 1, of=1)]), sold=sold, left=sold)

    assert refund.total == 600
    assert (refund.goods, refund.tax, refund.shipping) == ((71, 429), (14, 86), 0)


def test_goods_with_named_units_are_split_by_their_net() -> None:
    sold = Parts(goods=(1000, 3000), tax=(0, 0), shipping=500)

    refund = split_refund(
        Asked(goods=700, shipping=100, units=[Units(0, 1, of=2), Units(1, 1, of=1)]), sold=sold, left=sold
    )

    assert (refund.goods, refund.shipping) == ((100, 600), 100)


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        (Asked(amount=1801), "1801 is more than the 1800 there is"),
        (Asked(amount=-1), "-1 is more than the 1800 there is"),
        (Asked(goods=1001), "refund of 1001 above what is refundable (1800)"),
        (Asked(shipping=501), "refund of 501 above what is refundable (1800)"),
        (Asked(tax=301), "refund of 301 above what is refundable (1800)"),
        (Asked(goods=1, units=[Units(1, 1, of=1)]), "there is nothing left to refund that from"),
    ],
)
def test_more_than_is_left_is_refused(asked: Asked, sentence: str) -> None:
    left = Parts(goods=(1000, 0), tax=(200, 0), shipping=500, shipping_tax=100)

    with pytest.raises(DomainError) as refused:
        split_refund(asked, sold=left, left=left)

    assert refused.value.message == sentence


def test_more_than_the_tax_of_delivery_is_refused() -> None:
    left = Parts(goods=(1000,), tax=(0,), shipping=500, shipping_tax=100)

    with pytest.raises(DomainError, match="above what is refundable"):
        split_refund(Asked(tax=101), sold=left, left=left)


@given(st.lists(AMOUNTS, min_size=1, max_size=8), st.floats(0, 1))
def test_an_order_level_discount_never_exceeds_a_line(charges: list[int], share: float) -> None:
    amount = int(sum(charges) * share)

    parts = split_order_discount(amount, charges)

    assert sum(parts) == amount
    assert all(part <= charge for part, charge in zip(parts, charges, strict=True))


def test_an_order_level_discount_above_the_goods_is_refused() -> None:
    with pytest.raises(DomainError):
        split_order_discount(101, [50, 50])


@given(st.lists(AMOUNTS, min_size=1, max_size=8), AMOUNTS, AMOUNTS)
def test_order_level_tax_lands_on_lines_and_delivery(charges: list[int], shipping: int, tax: int) -> None:
    if not sum(charges) + shipping:
        charges[0] = 1

    lines, on_delivery = split_order_tax(tax, charges, shipping)

    assert sum(lines) + on_delivery == tax


def test_order_level_tax_on_nothing_is_refused() -> None:
    with pytest.raises(DomainError, match="there is tax, but nothing was charged"):
        split_order_tax(1, [0], 0)


@pytest.mark.parametrize(("inside", "goods", "shipping"), [(True, 800, 292), (False, 1000, 350)])
def test_the_parts_of_an_order_are_ex_tax(inside: bool, goods: int, shipping: int) -> None:
    order = Order(prices_include_tax=inside, shipping_minor=350, shipping_tax_minor=58)
    lines = [OrderLine(quantity=1, unit_price_minor=1000, total_minor=1000, tax_minor=200)]

    assert parts_of(order, lines) == Parts((goods,), (200,), shipping, 58)
