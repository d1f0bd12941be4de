"""What a bag costs: pure functions of prices, delivery, discount and rates of tax. Nothing here reads a table.

What is charged (unit prices, delivery, discounts, tax on top) is always a multiple of `core.money.step`, so that every
line and the total can be charged in KWD, ISK and the like. Tax inside a price changes no total and keeps full detail.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from core.errors import DomainError
from core.money import BASIS, allocate, divide_half_up, format_money, is_chargeable, step, tax_inside

# Smallest charge that Stripe takes, in minor units: https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts
# For a currency that is not listed Stripe converts, and decides itself.
MINIMUM_CHARGE: dict[str, int] = {
    "USD": 50, "AED": 200, "AUD": 50, "BGN": 100, "BRL": 50, "CAD": 50, "CHF": 50, "CZK": 1500, "DKK": 250,
    "EUR": 50, "GBP": 30, "HKD": 400, "HUF": 17_500, "INR": 50, "JPY": 50, "MXN": 1000, "MYR": 200, "NOK": 300,
    "NZD": 50, "PLN": 200, "RON": 200, "SEK": 300, "SGD": 50, "THB": 1000,
}  # fmt: skip
MAXIMUM_CHARGE = 99_999_999  # eight digits, the limit that holds for every currency


@dataclass(frozen=True)
class PriceLine:
    """A variant as it is to be priced; the price is in price terms (with or without tax, as the store says)."""

    unit_price_minor: int
    quantity: int
    tax_class: str = "standard"


@dataclass(frozen=True)
class ShippingTerms:
    """A way of delivery: its price, and from which goods total (before discounts) it costs nothing."""

    price_minor: int
    free_over_minor: int | None = None
    tax_class: str = "standard"


@dataclass(frozen=True)
class DiscountTerms:
    """What a code takes off. An amount never takes more than the goods cost; free delivery takes all of it off."""

    kind: Literal["percent", "amount", "free_shipping"]
    percent_bps: int = 0
    amount_minor: int = 0


@dataclass(frozen=True)
class QuoteLine:
    """A priced line. `total_minor` is quantity x unit price less its share of the discount; tax on top comes to it."""

    unit_price_minor: int
    quantity: int
    tax_class: str
    tax_rate_bps: int
    discount_minor: int
    tax_minor: int
    total_minor: int


@dataclass(frozen=True)
class Quote:
    """A priced bag, with the sums that an order of it holds. `tax_minor` includes `shipping_tax_minor`."""

    currency: str
    prices_include_tax: bool
    lines: tuple[QuoteLine, ...]
    items_minor: int
    discount_minor: int
    shipping_minor: int
    shipping_discount_minor: int
    shipping_tax_minor: int
    shipping_tax_rate_bps: int | None
    tax_minor: int
    total_minor: int

    @property
    def shipping_charged_minor(self) -> int:
        """What delivery costs after its discount, in price terms."""
        return self.shipping_minor - self.shipping_discount_minor


def price(
    lines: Sequence[PriceLine],
    *,
    prices_include_tax: bool,
    shipping: ShippingTerms | None,
    discount: DiscountTerms | None,
    rates: Mapping[str, int],
    currency: str,
) -> Quote:
    """Return the quote of a bag; `rates` gives basis points for every tax class in use (KeyError: a bug).

    `shipping` None means that no delivery is chosen yet. Raises DomainError for a price that cannot be charged.
    """
    _refuse_uncharged(
        [line.unit_price_minor for line in lines] + ([shipping.price_minor] if shipping else []), currency
    )
    charges = [line.unit_price_minor * line.quantity for line in lines]
    items_minor = sum(charges)
    shares = _split_in_steps(_goods_discount(discount, items_minor, currency), charges, currency)
    priced = tuple(
        _price_line(line, share, rates[line.tax_class], prices_include_tax=prices_include_tax, currency=currency)
        for line, share in zip(lines, shares, strict=True)
    )
    shipping_minor = _shipping_price(shipping, items_minor)
    shipping_discount = shipping_minor if discount and discount.kind == "free_shipping" else 0
    shipping_rate = rates[shipping.tax_class] if shipping else None
    shipping_tax = tax_of(
        shipping_minor - shipping_discount, shipping_rate or 0, inside=prices_include_tax, currency=currency
    )
    tax_minor = sum(line.tax_minor for line in priced) + shipping_tax
    charged = sum(line.total_minor for line in priced) + shipping_minor - shipping_discount
    return Quote(
        currency=currency,
        prices_include_tax=prices_include_tax,
        lines=priced,
        items_minor=items_minor,
        discount_minor=sum(shares),
        shipping_minor=shipping_minor,
        shipping_discount_minor=shipping_discount,
        shipping_tax_minor=shipping_tax,
        shipping_tax_rate_bps=shipping_rate,
        tax_minor=tax_minor,
        total_minor=charged + (0 if prices_include_tax else tax_minor),
    )


def tax_of(charged_minor: int, rate_bps: int, *, inside: bool, currency: str) -> int:
    """Return the tax inside an amount, or on top of it; on top it is rounded half up to what can be charged."""
    if inside:
        return tax_inside(charged_minor, rate_bps)
    size = step(currency)
    return divide_half_up(charged_minor * rate_bps, BASIS * size) * size


def refuse_unpayable(total_minor: int, currency: str) -> None:
    """Refuse a total that Stripe would not take. Nothing to pay at all is fine. Raises DomainError."""
    least = MINIMUM_CHARGE.get(currency, step(currency))
    if 0 < total_minor < least:
        raise DomainError(
            f"The smallest card payment is {format_money(least, currency)}, and this order comes to "
            f"{format_money(total_minor, currency)}. Please add something to your bag."
        )
    if total_minor > MAXIMUM_CHARGE:
        raise DomainError(
            f"The largest card payment is {format_money(MAXIMUM_CHARGE, currency)}, and this order comes to "
            f"{format_money(total_minor, currency)}. Please split it into several orders."
        )


def _refuse_uncharged(prices: Sequence[int], currency: str) -> None:
    for minor in prices:
        if minor < 0 or not is_chargeable(minor, currency):
            raise DomainError(f"A price of {format_money(minor, currency)} cannot be charged in {currency}.")


def _goods_discount(discount: DiscountTerms | None, items_minor: int, currency: str) -> int:
    if discount is None or discount.kind == "free_shipping":
        return 0
    size = step(currency)
    if discount.kind == "amount":
        return min(discount.amount_minor // size * size, items_minor)
    return min(divide_half_up(items_minor * discount.percent_bps, BASIS * size) * size, items_minor)


def _split_in_steps(amount: int, charges: Sequence[int], currency: str) -> list[int]:
    size = step(currency)
    return [part * size for part in allocate(amount // size, charges)]


def _price_line(
    line: PriceLine, discount_minor: int, rate_bps: int, *, prices_include_tax: bool, currency: str
) -> QuoteLine:
    total = line.unit_price_minor * line.quantity - discount_minor
    return QuoteLine(
        unit_price_minor=line.unit_price_minor,
        quantity=line.quantity,
        tax_class=line.tax_class,
        tax_rate_bps=rate_bps,
        discount_minor=discount_minor,
        tax_minor=tax_of(total, rate_bps, inside=prices_include_tax, currency=currency),
        total_minor=total,
    )


def _shipping_price(shipping: ShippingTerms | None, items_minor: int) -> int:
    if shipping is None:
        return 0
    is_free = shipping.free_over_minor is not None and items_minor >= shipping.free_over_minor
    return 0 if is_free else shipping.price_minor
