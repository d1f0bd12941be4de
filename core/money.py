"""Money as integers of minor units beside an ISO 4217 code: exponents, text, shares and taxes.

The exponents are Stripe's, not CLDR's: an amount here is the amount that is charged.
Source: https://docs.stripe.com/currencies (zero-decimal, three-decimal and special cases).
"""

import re
from collections.abc import Sequence
from decimal import Decimal
from functools import cache, lru_cache

from babel.numbers import NumberPattern, get_currency_symbol, parse_pattern

from core.errors import DomainError

ZERO_DECIMAL = frozenset("BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF".split())
THREE_DECIMAL = frozenset("BHD JOD KWD OMR TND".split())
TWO_DECIMAL = frozenset(
    """AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BWP BYN BZD CAD CDF CHF CNY COP
    CRC CVE CZK DKK DOP DZD EGP ETB EUR FJD FKP GBP GEL GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR ISK JMD KES
    KGS KHR KYD KZT LAK LBP LKR LRD LSL MAD MDL MKD MMK MNT MOP MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD
    PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SEK SGD SHP SLE SOS SRD STD SZL THB TJS TOP TRY TTD TWD
    TZS UAH UGX USD UYU UZS WST XCD YER ZAR ZMW""".split()
)
EXPONENTS: dict[str, int] = {
    **dict.fromkeys(ZERO_DECIMAL, 0),
    **dict.fromkeys(TWO_DECIMAL, 2),
    **dict.fromkeys(THREE_DECIMAL, 3),
}
# Amounts charged and refunded are multiples of this many minor units; 1 where it is not listed.
STEPS: dict[str, int] = {**dict.fromkeys(THREE_DECIMAL, 10), "ISK": 100, "UGX": 100}

SYMBOLS = {"JPY": "¥"}  # CLDR writes JP¥ in British English, to tell it from China's, which is CN¥ there anyway
BASIS = 10_000
LARGEST_MAJOR = Decimal(10) ** 12
TYPED_AMOUNT = re.compile(
    r"(?P<sign>-)?[£$€¥]?\s?(?P<figures>(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,20})(?:\.[0-9]{0,20})?)\Z"
)


def exponent(currency: str) -> int:
    """Return how many decimal places the currency has. Raises DomainError for a code that Stripe does not take."""
    try:
        return EXPONENTS[currency]
    except KeyError:
        raise DomainError(f"{currency} is not a currency this shop can take.") from None


def step(currency: str) -> int:
    """Return the smallest number of minor units that can be charged or refunded at a time."""
    exponent(currency)
    return STEPS.get(currency, 1)


def is_chargeable(minor: int, currency: str) -> bool:
    """Whether Stripe would take the amount as it stands (KWD in tens, ISK and UGX in hundreds)."""
    return minor % step(currency) == 0


def to_decimal(minor: int, currency: str) -> Decimal:
    """Return the amount in major units, exactly: 1999 GBP is Decimal("19.99")."""
    return Decimal(minor).scaleb(-exponent(currency))


@lru_cache(maxsize=8_192)
def format_money(minor: int, currency: str, *, locale: str = "en_GB") -> str:
    """Return the amount as people write it: `£19.99`, `¥500`, `-£4.00`, `KWD 1.250` (with a no-break space)."""
    return _pattern(currency, locale).apply(
        to_decimal(minor, currency), locale, currency=currency, currency_digits=False
    )


def format_plain(minor: int, currency: str) -> str:
    """Return the amount as it is typed into a form, without symbol or separators: `19.99`, `500`, `1.250`."""
    return f"{to_decimal(minor, currency):f}"


def parse_money(text: str, currency: str) -> int:
    """Return minor units from what a person typed (`12`, `12.5`, `£1,200.00`). Raises DomainError with a sentence.

    A comma only ever groups thousands: `12,50` is refused rather than taken for 1,250.
    """
    digits = exponent(currency)
    typed = TYPED_AMOUNT.match(text.strip())
    if typed is None:
        example = format_plain(125 * 10**digits // 10, currency)
        raise DomainError(f"“{printable(text)}” is not an amount. Write it like {example}.")
    amount = Decimal((typed["sign"] or "") + typed["figures"].replace(",", ""))
    if abs(amount) >= LARGEST_MAJOR:
        raise DomainError(f"{printable(text)} is more than this shop can take.")
    minor = amount.scaleb(digits)
    if minor != minor.to_integral_value():
        places = {0: "no decimal places", 1: "1 decimal place"}.get(digits, f"{digits} decimal places")
        raise DomainError(f"{currency} has {places}; “{printable(text)}” has more.")
    return int(minor)


def printable(text: str) -> str:
    """Return the first 40 characters of what a person typed, without control characters, to quote it back."""
    return "".join(character for character in text.strip() if character.isprintable())[:40]


@cache
def _pattern(currency: str, locale: str) -> NumberPattern:
    digits = exponent(currency)
    symbol = SYMBOLS.get(currency, "¤")
    gap = "\u00a0" if get_currency_symbol(currency, locale)[-1:].isalpha() else ""
    return parse_pattern(f"{symbol}{gap}#,##0" + ("." + "0" * digits if digits else ""))


def allocate(total: int, weights: Sequence[int]) -> list[int]:
    """Split `total` (which may be negative) over `weights` by largest remainder; the parts sum to it exactly.

    Ties go to the earlier part. All weights zero, or none: everything must be zero, else ValueError.
    """
    if any(weight < 0 for weight in weights):
        raise ValueError("weights must not be negative")
    whole = sum(weights)
    if whole == 0:
        if total:
            raise ValueError("there is nothing to share the amount over")
        return [0] * len(weights)
    sign, amount = (-1, -total) if total < 0 else (1, total)
    parts, remainders = [], []
    for weight in weights:
        quotient, remainder = divmod(amount * weight, whole)
        parts.append(quotient)
        remainders.append(remainder)
    left = amount - sum(parts)
    for index in sorted(range(len(weights)), key=lambda i: (-remainders[i], i))[:left]:
        parts[index] += 1
    return [sign * part for part in parts]


def divide_half_up(numerator: int, denominator: int) -> int:
    """Return the quotient of two integers rounded half away from zero; the denominator is positive."""
    sign = -1 if numerator < 0 else 1
    return sign * ((2 * abs(numerator) + denominator) // (2 * denominator))


def tax_inside(amount_minor: int, rate_bps: int) -> int:
    """Return the tax contained in a tax-inclusive amount, rounded half up to the minor unit."""
    return divide_half_up(amount_minor * rate_bps, BASIS + rate_bps)


def tax_on_top(amount_minor: int, rate_bps: int) -> int:
    """Return the tax due on an amount without tax, rounded half up to the minor unit."""
    return divide_half_up(amount_minor * rate_bps, BASIS)


def percent_of(amount_minor: int, rate_bps: int) -> int:
    """Return that share of an amount, rounded half up to the minor unit."""
    return divide_half_up(amount_minor * rate_bps, BASIS)
