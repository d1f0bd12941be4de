"""Why net sales moved: the causes add up to the change exactly, in minor units and in tenths of a percent."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from analytics.figures.explained import Cause, explained
from analytics.kpis import Facts
from core.money import divide_half_up

AMOUNTS = st.integers(0, 10**12)


@st.composite
def facts(draw: st.DrawFn) -> Facts:
    """Facts as a window can hold: discounts of at most the gross, no gross without an order, returns of any size."""
    orders, returns = draw(st.integers(0, 10**6)), draw(st.integers(-(10**6), 10**12))
    gross = draw(AMOUNTS) if orders else 0
    discounts = draw(st.integers(0, gross))
    return Facts(gross=gross, discounts=discounts, returns=returns, net=gross - discounts - returns, orders=orders)


NOTHING = Facts()
ONE = Facts(gross=1_000, net=1_000, orders=1)


@given(facts(), facts())
@example(NOTHING, NOTHING)
@example(NOTHING, ONE)
@example(ONE, NOTHING)
@example(Facts(gross=100, discounts=100, orders=1), ONE)
def test_the_causes_add_up_to_the_change_without_a_remainder(before, now):
    change = explained(before, now, "GBP")

    assert sum(effect.minor for effect in change.effects) == now.net - before.net
    assert [effect.cause for effect in change.effects] == list(Cause)


@given(facts(), facts())
def test_the_shares_add_up_to_the_share_of_the_whole_change(before, now):
    change = explained(before, now, "GBP")

    if before.net <= 0:
        assert change.tenths is None
        assert {effect.tenths for effect in change.effects} == {None}
        return
    assert change.tenths == divide_half_up(1_000 * (now.net - before.net), before.net)
    assert sum(effect.tenths for effect in change.effects) == change.tenths
    for effect in change.effects:
        assert abs(effect.tenths * before.net - 1_000 * effect.minor) < before.net
        assert effect.minor or effect.tenths == 0


def test_orders_baskets_discounts_and_returns_are_told_apart():
    before = Facts(gross=10_000, discounts=1_000, returns=500, net=8_500, orders=10)
    now = Facts(gross=13_200, discounts=1_100, returns=600, net=11_500, orders=12)

    minor = {effect.cause: effect.minor for effect in explained(before, now, "GBP").effects}

    assert minor == {
        Cause.ORDERS: 1_800,  # two more, at 900 each
        Cause.DISCOUNTS: 220,  # a tenth of 13,200 would have been 1,320
        Cause.BASKETS: 1_080,  # the rest of 12,100 - 9,000
        Cause.RETURNS: -100,
    }


def in_words(before: Facts, now: Facts) -> str:
    return explained(before, now, "GBP").sentence.replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("before", "now", "sentence"),
    [
        (
            Facts(gross=100_000, net=100_000, orders=100),
            Facts(gross=113_300, returns=1_000, net=112_300, orders=109),
            "Net sales rose 12.3 %: more orders +9.0 %, larger baskets +4.3 %, more returns -1.0 %.",
        ),
        (
            Facts(gross=2_000, net=2_000, orders=2),
            Facts(gross=500, net=500, orders=1),
            "Net sales fell 75.0 %: fewer orders -50.0 %, smaller baskets -25.0 %.",
        ),
        (ONE, ONE, "Net sales did not move."),
        (NOTHING, ONE, "Net sales rose £10.00: more orders +£10.00."),
        (
            Facts(gross=1_000, returns=1_000, orders=1),
            Facts(gross=1_000, returns=1_500, net=-500, orders=1),
            "Net sales fell £5.00: more returns -£5.00.",
        ),
        (
            Facts(gross=1_000_000, net=1_000_000, orders=1),
            Facts(gross=1_100_010, returns=10, net=1_100_000, orders=1),
            "Net sales rose 10.0 %: larger baskets +10.0 %.",
        ),
        (
            Facts(gross=1_000_000, net=1_000_000, orders=1),
            Facts(gross=1_000_010, net=1_000_010, orders=1),
            "Net sales rose 0.0 %.",
        ),
        (
            Facts(gross=1_000, net=1_000, orders=1),
            Facts(gross=1_100, returns=100, net=1_000, orders=1),
            "Net sales came to the same: larger baskets +10.0 %, more returns -10.0 %.",
        ),
    ],
)
def test_the_change_is_said_in_a_sentence(before, now, sentence):
    assert in_words(before, now) == sentence
