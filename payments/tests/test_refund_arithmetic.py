"""The arithmetic of refunds without a database: what a choice gives back, and every sentence that refuses one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import DomainError, NotAllowedInState
from core.money import step
from orders.models import Order, OrderLine
from orders.splitting import Parts
from payments.models import Payment
from payments.refund_arithmetic import (
    RefundChoice,
    RefundPlan,
    parts_asked,
    refuse_sent,
    refuse_tender,
    refuse_unusable,
    rounded_down,
    units_asked,
)

STRIPE, IMPORTED, FREE = Payment.Tender.STRIPE, Payment.Tender.IMPORTED, Payment.Tender.FREE
ORDER = Order(pk=1, currency="GBP", status=Order.Status.PAID)
SOLD = Parts(goods=(3000, 1000), tax=(600, 200), shipping=500, shipping_tax=100)
LEFT = SOLD.minus(Parts(goods=(1000, 0), tax=(200, 0)))


def lines(**changes: int) -> list[OrderLine]:
    first = OrderLine(pk=11, name="Teapot", quantity=3, quantity_refunded=1, quantity_fulfilled=1, **changes)
    return [first, OrderLine(pk=12, name="Cup", quantity=1)]


def asked(choice: RefundChoice, *, left: Parts = LEFT) -> Parts:
    of = lines()
    return parts_asked(choice, units_asked(choice, of), of, sold=SOLD, left=left, currency="GBP")


def plan(parts: Parts, **changes: object) -> RefundPlan:
    values: dict[str, object] = {
        "order": ORDER,
        "payment": Payment(tender=STRIPE),
        "lines": (OrderLine(quantity=1),),
        "parts": parts,
        "units": {},
        "left": LEFT,
    }
    return RefundPlan(**(values | changes))  # type: ignore[arg-type]


def test_everything_names_the_units_that_no_refund_has_named_and_gives_back_what_is_left() -> None:
    choice = RefundChoice(everything=True)

    assert units_asked(choice, [*lines(), OrderLine(pk=13, quantity=1, quantity_refunded=1)]) == {11: 2, 12: 1}
    assert asked(choice) == LEFT


def test_units_cost_their_share_of_the_line_and_leave_delivery() -> None:
    assert asked(RefundChoice(units={11: 1})) == Parts((1000, 0), (200, 0), 0, 0)


def test_the_last_units_of_a_line_take_what_is_left_of_it() -> None:
    left = LEFT.minus(Parts((1, 0), (1, 0)))

    assert asked(RefundChoice(units={11: 2}), left=left) == Parts((1999, 0), (399, 0), 0, 0)


def test_delivery_goes_along_with_what_is_left_of_it() -> None:
    choice = RefundChoice(units={12: 1}, with_shipping=True)

    assert asked(choice) == Parts((0, 1000), (0, 200), 500, 100)


def test_delivery_alone_can_be_given_back() -> None:
    assert asked(RefundChoice(with_shipping=True)) == Parts((0, 0), (0, 0), 500, 100)


def test_an_amount_beside_units_stays_on_the_lines_they_name() -> None:
    assert asked(RefundChoice(amount_minor=120, units={12: 1})) == Parts((0, 100), (0, 20), 0, 0)


def test_units_of_the_second_line_are_taken_from_the_second_line() -> None:
    assert asked(RefundChoice(units={11: 0, 12: 1})) == Parts((0, 1000), (0, 200), 0, 0)


@given(st.integers(1, LEFT.total))
def test_an_amount_alone_gives_back_exactly_that_of_any_part(amount: int) -> None:
    parts = asked(RefundChoice(amount_minor=amount))

    assert parts.total == amount
    assert min(*LEFT.minus(parts).goods, *LEFT.minus(parts).tax) >= 0


@pytest.mark.parametrize(
    ("choice", "sentence"),
    [
        (RefundChoice(units={99: 1}), "That line is not part of this order."),
        (RefundChoice(units={11: 3}), "Of Teapot 2 can still be refunded, not 3."),
        (RefundChoice(units={11: -1}), "Of Teapot 2 can still be refunded, not -1."),
        (RefundChoice(amount_minor=0), "The amount to give back must be more than nothing."),
        (RefundChoice(amount_minor=-1), "The amount to give back must be more than nothing."),
        (RefundChoice(amount_minor=LEFT.total + 1), "At most £42.00 of this order can still be given back."),
    ],
)
def test_what_the_order_does_not_have_is_refused(choice: RefundChoice, sentence: str) -> None:
    with pytest.raises(DomainError) as refused:
        asked(choice)

    assert refused.value.message == sentence


def test_all_that_is_left_can_be_asked_for_as_an_amount() -> None:
    assert asked(RefundChoice(amount_minor=LEFT.total)).total == LEFT.total


def test_units_that_cost_more_than_an_earlier_amount_left_are_refused_with_a_way_out() -> None:
    with pytest.raises(DomainError) as refused:
        asked(RefundChoice(units={11: 1}), left=Parts((999, 1000), (600, 200), 500, 100))

    assert refused.value.message == (
        "Less is left of these lines than those units cost, because an amount was given back before. "
        "Give back an amount, or everything that is left."
    )
    assert refused.value.__cause__ is not None


def test_units_that_were_sent_cannot_be_canceled() -> None:
    refuse_sent({11: 2}, lines())
    refuse_sent({}, lines(quantity_canceled=2))

    with pytest.raises(DomainError) as refused:
        refuse_sent({12: 1, 11: 3}, lines())
    assert refused.value.message == "Of Teapot 2 are not sent yet, not 3."


@given(
    st.lists(st.integers(0, 5_000), min_size=2, max_size=2),
    st.lists(st.integers(0, 900), min_size=2, max_size=2),
    st.sampled_from(["GBP", "KWD", "ISK"]),
)
def test_a_refund_brought_down_is_the_largest_that_stripe_takes(
    goods: list[int], tax: list[int], currency: str
) -> None:
    parts = Parts(tuple(goods), tuple(tax), 30, 0)

    down = rounded_down(parts, currency)

    over = parts.total % step(currency)
    assert down.total == parts.total - min(over, sum(goods) + sum(tax))
    assert (down.shipping, down.shipping_tax) == (30, 0)
    assert all(0 <= now <= was for now, was in zip(down.goods + down.tax, parts.goods + parts.tax, strict=True))


def test_what_a_refund_is_brought_down_by_comes_off_the_earliest_goods_then_tax() -> None:
    down = rounded_down(Parts((3, 1000), (2, 1), 30, 1), "KWD")
    of_tax = rounded_down(Parts((0, 3), (1, 4), 30, 0), "KWD")

    assert down == Parts((0, 996), (2, 1), 30, 1)
    assert of_tax == Parts((0, 0), (0, 0), 30, 0)


@pytest.mark.parametrize(
    ("tender", "choice", "sentence"),
    [
        (FREE, RefundChoice(), f"Nothing was charged for order {ORDER.number}, so there is nothing to refund."),
        (
            STRIPE,
            RefundChoice(paid_elsewhere="bank transfer"),
            f"Order {ORDER.number} was paid through Stripe, so its refund goes back through Stripe.",
        ),
    ],
)
def test_money_goes_back_the_way_it_came(tender: str, choice: RefundChoice, sentence: str) -> None:
    with pytest.raises(NotAllowedInState) as refused:
        refuse_tender(ORDER, Payment(tender=tender), choice)

    assert refused.value.message == sentence


def test_an_imported_payment_goes_back_by_other_means_and_stripes_through_stripe() -> None:
    refuse_tender(ORDER, Payment(tender=IMPORTED), RefundChoice(paid_elsewhere="bank transfer"))
    refuse_tender(ORDER, Payment(tender=STRIPE), RefundChoice())


NOTHING = Parts((0, 0), (0, 0))


@pytest.mark.parametrize(
    ("currency", "parts", "left", "sentence"),
    [
        ("GBP", NOTHING, NOTHING, f"Order {ORDER.number} has been refunded in full."),
        ("GBP", NOTHING, Parts((1, 0), (0, 0)), "Choose what to give back: lines or an amount."),
        ("KWD", Parts((1005, 0), (0, 0)), SOLD, "Refunds in KWD are multiples of KWD\u00a00.010."),
    ],
)
def test_a_refund_of_nothing_or_of_what_stripe_does_not_take_is_refused(
    currency: str, parts: Parts, left: Parts, sentence: str
) -> None:
    order = Order(pk=1, currency=currency)

    with pytest.raises(DomainError) as refused:
        refuse_unusable(order, Payment(tender=STRIPE), parts, left)

    assert refused.value.message == sentence


def test_the_smallest_refund_and_an_imported_one_of_any_size_are_fine() -> None:
    refuse_unusable(ORDER, Payment(tender=STRIPE), Parts((1, 0), (0, 0)), SOLD)
    refuse_unusable(Order(currency="KWD"), Payment(tender=IMPORTED), Parts((1005, 0), (0, 0)), SOLD)


def test_a_plan_tells_what_goes_back_and_what_is_left_afterwards() -> None:
    planned = plan(Parts((100, 0), (20, 0)))

    assert (planned.amount_minor, planned.left_after_minor) == (120, LEFT.total - 120)
    assert not planned.cancels_order
    assert not planned.is_elsewhere
    assert plan(LEFT, payment=Payment(tender=IMPORTED)).is_elsewhere


@pytest.mark.parametrize(
    ("changes", "cancels"),
    [
        ({}, True),
        ({"others_wait": True}, False),
        ({"lines": (OrderLine(quantity=1), OrderLine(quantity=2, quantity_fulfilled=1))}, False),
        ({"order": Order(status=Order.Status.FULFILLED)}, False),
        ({"parts": LEFT.minus(Parts((1, 0), (0, 0)))}, False),
    ],
)
def test_an_order_is_canceled_by_the_refund_that_leaves_nothing_to_do(
    changes: dict[str, object], cancels: bool
) -> None:
    assert plan(**({"parts": LEFT} | changes)).cancels_order is cancels  # type: ignore[arg-type]
