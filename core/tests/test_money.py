import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import DomainError
from core.money import (
    EXPONENTS,
    allocate,
    divide_half_up,
    exponent,
    format_money,
    format_plain,
    is_chargeable,
    parse_money,
    step,
    tax_inside,
    tax_on_top,
    to_decimal,
)

AMOUNTS = st.integers(min_value=-(10**12), max_value=10**12)
WEIGHTS = st.lists(st.integers(min_value=0, max_value=10**9), min_size=1, max_size=40)


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (1999, "GBP", "£19.99"),
        (5, "GBP", "£0.05"),
        (0, "GBP", "£0.00"),
        (-400, "GBP", "-£4.00"),
        (123_456_789, "GBP", "£1,234,567.89"),
        (500, "JPY", "¥500"),
        (-1_200, "JPY", "-¥1,200"),
        (1_250, "KWD", "KWD\u00a01.250"),
        (10, "KWD", "KWD\u00a00.010"),
        (100, "ISK", "ISK\u00a01.00"),
    ],
)
def test_format_money_writes_amounts_as_people_do(minor, currency, text):
    assert format_money(minor, currency) == text


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("12", "GBP", 1200),
        ("12.5", "GBP", 1250),
        (" £1,200.00 ", "GBP", 120_000),
        ("-4", "GBP", -400),
        ("0.01", "GBP", 1),
        ("500", "JPY", 500),
        ("¥1,200", "JPY", 1200),
        ("1.25", "KWD", 1250),
    ],
)
def test_parse_money_reads_what_people_type(text, currency, minor):
    assert parse_money(text, currency) == minor


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            " ",
            "x",
            "12,50",
            "1,2,3",
            "１２",
            "1e5",
            "1_000",
            "NaN",
            "Infinity",
            "1.2.3",
            "--1",
            "12 50",
            "£",
            "0x10",
        ),
        *("\x00", "1\x00", "9" * 30, "1" * 1_000_000),
    ],
)
def test_parse_money_refuses_what_is_not_an_amount_with_a_sentence(text):
    with pytest.raises(DomainError) as caught:
        parse_money(text, "GBP")
    assert caught.value.message.endswith("is not an amount. Write it like 12.50.")
    assert "\x00" not in caught.value.message
    assert len(caught.value.message) < 100


@pytest.mark.parametrize(
    ("text", "currency", "sentence"),
    [
        ("1.234", "GBP", "GBP has 2 decimal places; “1.234” has more."),
        ("1.5", "JPY", "JPY has no decimal places; “1.5” has more."),
        ("1000000000000", "GBP", "1000000000000 is more than this shop can take."),
    ],
)
def test_parse_money_says_what_is_wrong_with_an_amount(text, currency, sentence):
    with pytest.raises(DomainError) as caught:
        parse_money(text, currency)
    assert caught.value.message == sentence


@given(minor=AMOUNTS, currency=st.sampled_from(sorted(EXPONENTS)))
def test_what_is_written_plainly_is_read_back_as_the_same_amount(minor, currency):
    if abs(to_decimal(minor, currency)) < 10**12:
        assert parse_money(format_plain(minor, currency), currency) == minor


def test_exponents_are_those_of_stripe():
    assert [exponent(code) for code in ("GBP", "JPY", "KWD", "ISK", "UGX", "RSD", "HUF")] == [2, 0, 3, 2, 2, 2, 2]
    with pytest.raises(DomainError):
        exponent("XXX")


def test_three_decimal_currencies_are_charged_in_tens():
    assert [step(code) for code in ("GBP", "JPY", "KWD", "ISK", "UGX")] == [1, 1, 10, 100, 100]
    assert is_chargeable(1250, "KWD")
    assert not is_chargeable(1255, "KWD")


@given(total=AMOUNTS, weights=WEIGHTS)
def test_allocate_parts_sum_to_the_whole_and_are_less_than_one_unit_off(total, weights):
    whole = sum(weights)
    if whole == 0:
        total = 0
    parts = allocate(total, weights)
    assert sum(parts) == total
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part * whole - total * weight) < max(whole, 1)
        assert part == 0 or (part > 0) == (total > 0)
        assert weight or part == 0


def test_allocate_gives_the_remainder_to_the_largest_fraction_and_ties_to_the_earlier():
    assert allocate(100, [1, 1, 1]) == [34, 33, 33]
    assert allocate(-100, [1, 1, 1]) == [-34, -33, -33]
    assert allocate(10, [1, 2, 3]) == [2, 3, 5]
    assert allocate(0, []) == []


@pytest.mark.parametrize(("total", "weights"), [(1, []), (1, [0, 0]), (1, [1, -1])])
def test_allocate_refuses_what_cannot_be_shared(total, weights):
    with pytest.raises(ValueError, match=r"weights|share"):
        allocate(total, weights)


@given(numerator=AMOUNTS, denominator=st.integers(min_value=1, max_value=10**6))
def test_divide_half_up_is_symmetric_and_at_most_half_off(numerator, denominator):
    quotient = divide_half_up(numerator, denominator)
    assert abs(2 * (quotient * denominator - numerator)) <= denominator
    assert divide_half_up(-numerator, denominator) == -quotient


@given(net=st.integers(min_value=0, max_value=10**9), rate=st.integers(min_value=0, max_value=3_000))
def test_tax_on_top_is_the_tax_inside_the_sum(net, rate):
    tax = tax_on_top(net, rate)
    assert abs(tax_inside(net + tax, rate) - tax) <= 1


def test_tax_at_twenty_percent():
    assert tax_inside(12_000, 2_000) == 2_000
    assert tax_on_top(10_000, 2_000) == 2_000
    assert tax_inside(-1_999, 2_000) == -333
