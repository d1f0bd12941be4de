"""Money as integers of minor units beside an ISO 4217 code: exponents, text, shares and taxes.

The exponents are Stripe's, not CLDR's: an amount here is the amount that is charged.
Source: https://docs.stripe.com/currencies (zero-decimal, three-decimal and special cases).
"""

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

from babel.numbers import format_currency

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

BASIS = 10_000


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


def format_money(minor: int, currency: str, *, locale: str = "en_GB") -> str:
    """Return the amount as people write it: `£19.99`, `¥500`, `-£4.00`."""
    digits = exponent(currency)
    pattern = "¤#,##0" + ("." + "0" * digits if digits else "")
    return format_currency(to_decimal(minor, currency), currency, format=pattern, locale=locale, currency_digits=False)


def parse_money(text: str, currency: str) -> int:
    """Return minor units from what a person typed (`12`, `12.5`, `1,200.00`). Raises DomainError with a sentence."""
    digits = exponent(currency)
    cleaned = text.strip().replace(",", "").lstrip("£$€¥").strip()
    try:
        amount = Decimal(cleaned) if cleaned.isascii() else Decimal("NaN")
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or abs(amount) >= Decimal(10) ** 12:
        raise DomainError(f"“{text[:40]}” is not an amount. Write it like {format_money(1250, currency)[1:]}.")
    minor = amount.scaleb(digits)
    if minor != minor.to_integral_value():
        raise DomainError(f"{currency} has {digits} decimal places; “{text[:40]}” has more.")
    return int(minor)


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
