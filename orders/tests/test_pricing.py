"""Pricing: the parts sum to the whole, nothing is negative, and every charge is one that Stripe takes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import DomainError
from core.money import step, tax_inside, tax_on_top
from orders.pricing import DiscountTerms, PriceLine, Quote, ShippingTerms, price, refuse_unpayable

RATES = {"standard": 2000, "reduced": 500, "zero": 0}
CURRENCIES = st.sampled_from(["GBP", "JPY", "KWD"])


def quote(lines: list[PriceLine], **changes: object) -> Quote:
    values = {
        "prices_include_tax": True,
        "shipping": None,
        "discount": None,
        "rates": RATES,
        "currency": "GBP",
    } | changes
    return price(lines, **values)  # type: ignore[arg-type]


@st.composite
def bags(draw: st.DrawFn) -> dict[str, object]:
    currency = draw(CURRENCIES)
    size = step(currency)
    amounts = st.integers(0, 500_000).map(lambda units: units * size)
    line = st.builds(PriceLine, amounts, st.integers(1, 99), st.sampled_from(["standard", "reduced", "zero"]))
    discounts = st.one_of(
        st.none(),
        st.builds(DiscountTerms, st.just("percent"), st.integers(1, 10_000)),
        st.builds(DiscountTerms, st.just("amount"), st.just(0), st.integers(1, 10_000_000)),
        st.builds(DiscountTerms, st.just("free_shipping")),
    )
    shipping = st.one_of(st.none(), st.builds(ShippingTerms, amounts, st.one_of(st.none(), amounts)))
    return {
        "lines": draw(st.lists(line, min_size=1, max_size=8)),
        "prices_include_tax": draw(st.booleans()),
        "shipping": draw(shipping),
        "discount": draw(discounts),
        "rates": RATES,
        "currency": currency,
    }


@given(bags())
def test_the_parts_sum_to_the_whole(bag: dict[str, object]) -> None:
    result = price(**bag)  # type: ignore[arg-type]

    assert result.items_minor == sum(line.unit_price_minor * line.quantity for line in result.lines)
    assert result.discount_minor == sum(line.discount_minor for line in result.lines)
    assert result.tax_minor == sum(line.tax_minor for line in result.lines) + result.shipping_tax_minor
    assert all(line.total_minor == line.unit_price_minor * line.quantity - line.discount_minor for line in result.lines)
    assert result.total_minor == (
        result.items_minor
        - result.discount_minor
        + result.shipping_minor
        - result.shipping_discount_minor
        + (0 if result.prices_include_tax else result.tax_minor)
    )


@given(bags())
def test_nothing_is_negative_and_no_discount_is_above_what_it_is_on(bag: dict[str, object]) -> None:
    result = price(**bag)  # type: ignore[arg-type]

    assert all(0 <= line.discount_minor <= line.unit_price_minor * line.quantity for line in result.lines)
    assert all(line.tax_minor >= 0 for line in result.lines)
    assert 0 <= result.shipping_discount_minor <= result.shipping_minor
    assert 0 <= result.shipping_tax_minor <= result.tax_minor
    assert result.total_minor >= 0


@given(bags())
def test_every_charge_is_a_multiple_of_what_the_currency_charges_in(bag: dict[str, object]) -> None:
    result = price(**bag)  # type: ignore[arg-type]
    size = step(result.currency)

    charges = [line.total_minor + (0 if result.prices_include_tax else line.tax_minor) for line in result.lines]

    assert [charge % size for charge in charges] == [0] * len(charges)
    assert result.total_minor % size == 0


@given(bags(), st.randoms(use_true_random=False))
def test_the_order_of_lines_changes_neither_goods_nor_discount(bag: dict[str, object], random: object) -> None:
    shuffled = list(bag["lines"])  # type: ignore[call-overload]
    random.shuffle(shuffled)  # type: ignore[attr-defined]

    before, after = price(**bag), price(**{**bag, "lines": shuffled})  # type: ignore[arg-type]

    assert (before.items_minor, before.discount_minor) == (after.items_minor, after.discount_minor)
    assert before.shipping_minor == after.shipping_minor
    if bag["prices_include_tax"]:
        assert before.total_minor == after.total_minor


@given(bags(), st.integers(0, 10_000), st.integers(0, 10_000))
def test_a_larger_percentage_never_costs_more(bag: dict[str, object], one: int, other: int) -> None:
    low, high = sorted([one, other])
    bag["prices_include_tax"] = True

    totals = [
        price(**{**bag, "discount": DiscountTerms("percent", bps)}).total_minor  # type: ignore[arg-type]
        for bps in (low, high)
    ]

    assert totals[0] >= totals[1]


@given(bags())
def test_one_more_unit_never_makes_the_goods_cheaper(bag: dict[str, object]) -> None:
    lines: list[PriceLine] = bag["lines"]  # type: ignore[assignment]
    more = [PriceLine(lines[0].unit_price_minor, lines[0].quantity + 1, lines[0].tax_class), *lines[1:]]

    before, after = price(**bag), price(**{**bag, "lines": more})  # type: ignore[arg-type]

    assert before.items_minor - before.discount_minor <= after.items_minor - after.discount_minor


def test_tax_inside_prices_is_taken_from_what_is_charged() -> None:
    result = quote([PriceLine(1500, 3)], discount=DiscountTerms("percent", 1000), shipping=ShippingTerms(350))

    assert (result.items_minor, result.discount_minor, result.total_minor) == (4500, 450, 4400)
    assert result.lines[0].tax_minor == tax_inside(4050, 2000) == 675
    assert result.shipping_tax_minor == tax_inside(350, 2000) == 58
    assert result.tax_minor == 733


def test_tax_on_top_comes_to_what_is_charged() -> None:
    result = quote(
        [PriceLine(1500, 3)],
        prices_include_tax=False,
        discount=DiscountTerms("amount", amount_minor=450),
        shipping=ShippingTerms(300),
    )

    assert result.lines[0].tax_minor == tax_on_top(4050, 2000) == 810
    assert result.tax_minor == 870
    assert result.total_minor == 4050 + 300 + 870


def test_an_amount_takes_no_more_than_the_goods_cost_and_leaves_delivery() -> None:
    result = quote(
        [PriceLine(500, 1)], discount=DiscountTerms("amount", amount_minor=2000), shipping=ShippingTerms(350)
    )

    assert (result.discount_minor, result.total_minor) == (500, 350)


def test_a_discount_is_split_by_what_each_line_is_charged_and_a_tie_goes_to_the_earlier() -> None:
    result = quote(
        [PriceLine(1000, 1), PriceLine(1000, 1), PriceLine(1000, 1)], discount=DiscountTerms("amount", 0, 100)
    )

    assert [line.discount_minor for line in result.lines] == [34, 33, 33]


@pytest.mark.parametrize(("units", "shipping"), [(3, 350), (4, 0), (5, 0)])
def test_delivery_is_free_from_its_threshold_on_before_discounts(units: int, shipping: int) -> None:
    result = quote(
        [PriceLine(1000, units)],
        shipping=ShippingTerms(350, free_over_minor=4000),
        discount=DiscountTerms("percent", 5000),
    )

    assert result.shipping_minor == shipping


def test_free_delivery_shows_the_price_and_takes_it_off() -> None:
    result = quote([PriceLine(1000, 1)], shipping=ShippingTerms(350), discount=DiscountTerms("free_shipping"))

    assert (result.shipping_minor, result.shipping_discount_minor, result.shipping_tax_minor) == (350, 350, 0)
    assert result.total_minor == 1000


def test_a_price_in_fils_that_stripe_does_not_take_is_refused() -> None:
    with pytest.raises(DomainError, match="cannot be charged in KWD"):
        quote([PriceLine(1005, 1)], currency="KWD")


def test_delivery_at_a_price_that_stripe_does_not_take_is_refused() -> None:
    with pytest.raises(DomainError, match="cannot be charged in KWD"):
        quote([PriceLine(1000, 1)], currency="KWD", shipping=ShippingTerms(1005))


def test_each_line_keeps_its_class_of_tax_and_is_taxed_by_it() -> None:
    result = quote([PriceLine(1050, 1, "reduced"), PriceLine(1000, 1, "zero")], shipping=ShippingTerms(120))

    assert [(line.tax_class, line.tax_rate_bps, line.tax_minor) for line in result.lines] == [
        ("reduced", 500, 50),
        ("zero", 0, 0),
    ]
    assert (result.shipping_tax_rate_bps, result.shipping_tax_minor) == (2000, 20)


def test_free_delivery_takes_nothing_off_the_goods() -> None:
    result = quote([PriceLine(1000, 1)], discount=DiscountTerms("free_shipping", 1000, 100))

    assert (result.discount_minor, result.total_minor) == (0, 1000)


def test_a_percentage_in_dinars_ends_in_a_zero() -> None:
    result = quote([PriceLine(1230, 1)], currency="KWD", discount=DiscountTerms("percent", 333))

    assert (result.discount_minor, result.total_minor) == (40, 1190)


def test_tax_on_top_in_dinars_ends_in_a_zero() -> None:
    result = quote([PriceLine(1230, 1)], currency="KWD", prices_include_tax=False, rates={"standard": 500})

    assert (result.tax_minor, result.total_minor) == (60, 1290)


@pytest.mark.parametrize(
    ("total", "currency", "words"),
    [
        (1, "GBP", "The smallest card payment is £0.30"),
        (29, "GBP", "The smallest card payment is £0.30"),
        (49, "JPY", "The smallest card payment is ¥50"),
        (100_000_000, "GBP", "The largest card payment is £999,999.99"),
    ],
)
def test_a_total_that_stripe_does_not_take_is_refused_with_a_sentence(total: int, currency: str, words: str) -> None:
    with pytest.raises(DomainError, match=words):
        refuse_unpayable(total, currency)


@pytest.mark.parametrize(
    ("total", "currency"), [(0, "GBP"), (30, "GBP"), (50, "JPY"), (10, "KWD"), (99_999_999, "GBP")]
)
def test_a_total_that_stripe_takes_is_not_refused(total: int, currency: str) -> None:
    refuse_unpayable(total, currency)
