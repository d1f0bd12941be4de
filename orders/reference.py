"""Terms of sale to start a shop with: rates of tax, ways of delivery, discount codes. Safe to run twice."""

from dataclasses import dataclass
from typing import Any

from django.db import transaction

from core.money import exponent, step
from orders.models import DiscountCode, ShippingMethod, TaxRate

HOME = "GB"
# Standard rates of VAT in basis points.
# Source: European Commission, Taxes in Europe Database, 1 January 2026; United Kingdom: gov.uk/vat-rates.
STANDARD_RATES = {
    "GB": 2000, "AT": 2000, "BE": 2100, "BG": 2000, "CY": 1900, "CZ": 2100, "DE": 1900, "DK": 2500, "EE": 2400,
    "ES": 2100, "FI": 2550, "FR": 2000, "GR": 2400, "HR": 2500, "HU": 2700, "IE": 2300, "IT": 2200, "LT": 2100,
    "LU": 1700, "LV": 2100, "MT": 1800, "NL": 2100, "PL": 2300, "PT": 2300, "RO": 2100, "SE": 2500, "SI": 2200,
    "SK": 2300,
}  # fmt: skip
EUROPE = [code for code in STANDARD_RATES if code != HOME]


@dataclass(frozen=True)
class Terms:
    """What `make_reference_terms` has seen to, all of it in the store's currency."""

    methods: list[ShippingMethod]
    codes: list[DiscountCode]


@transaction.atomic
def make_reference_terms(*, currency: str) -> Terms:
    """Make tax rates, ways of delivery and codes that are not there yet; what is there stays as it is.

    Amounts are in major units of the currency, so that a shop in yen starts with plausible figures as well.
    """
    TaxRate.objects.bulk_create(_rates(), ignore_conflicts=True)
    methods = [_method(currency, **fields) for fields in _methods(currency)]
    codes = [_code(**fields) for fields in _codes(currency)]
    return Terms(methods, codes)


def _rates() -> list[TaxRate]:
    standard = [TaxRate(country=code, rate_bps=rate) for code, rate in STANDARD_RATES.items()]
    return [*standard, *(TaxRate(country=code, tax_class="zero", rate_bps=0) for code in STANDARD_RATES)]


def major(amount: str, currency: str) -> int:
    """Return an amount of pounds, brought to a currency of another exponent (1.00 is 100 yen), that can be charged."""
    whole, _, part = amount.partition(".")
    pence = int(whole) * 100 + int(part.ljust(2, "0") or 0)
    minor = pence * 10 if exponent(currency) == 3 else pence  # ¥350 stands for £3.50, 3.500 KWD as well
    return minor // step(currency) * step(currency)


def _methods(currency: str) -> list[dict[str, Any]]:
    return [
        {
            "name": "Standard delivery",
            "detail": "2 to 4 working days",
            "countries": [HOME],
            "price_minor": major("3.50", currency),
            "free_over_minor": major("40.00", currency),
            "position": 1,
        },
        {
            "name": "Express delivery",
            "detail": "Next working day, if ordered by noon",
            "countries": [HOME],
            "price_minor": major("6.95", currency),
            "days_min": 1,
            "days_max": 2,
            "max_weight_g": 10_000,
            "position": 2,
        },
        {
            "name": "International tracked",
            "detail": "5 to 9 working days",
            "countries": EUROPE,
            "price_minor": major("9.50", currency),
            "free_over_minor": major("90.00", currency),
            "days_min": 5,
            "days_max": 9,
            "max_weight_g": 20_000,
            "position": 3,
        },
    ]


def _codes(currency: str) -> list[dict[str, Any]]:
    return [
        {"code": "WELCOME10", "kind": DiscountCode.Kind.PERCENT, "percent_bps": 1000},
        {
            "code": "FIVEOFF",
            "kind": DiscountCode.Kind.AMOUNT,
            "amount_minor": major("5.00", currency),
            "currency": currency,
            "minimum_items_minor": major("25.00", currency),
        },
        {"code": "FREEPOST", "kind": DiscountCode.Kind.FREE_SHIPPING},
    ]


def _method(currency: str, *, name: str, **fields: Any) -> ShippingMethod:
    return ShippingMethod.objects.get_or_create(name=name, currency=currency, defaults=fields)[0]


def _code(*, code: str, **fields: Any) -> DiscountCode:
    return DiscountCode.objects.get_or_create(code=code, defaults=fields)[0]
