"""What may be sold where: rates of tax and ways of delivery, read for a bag or an order."""

from collections.abc import Iterable
from datetime import date

from django_countries import countries

from core.errors import DomainError
from orders.models import ShippingMethod, TaxRate


def country_name(code: str) -> str:
    """Return a country as people write it; the code itself if it is not one."""
    return countries.name(code) or code


def rates_for(country: str, tax_classes: Iterable[str], *, day: date) -> dict[str, int]:
    """Return the rate in basis points of each tax class in a country on a day.

    Raises DomainError where one is missing: such a sale is refused, never taxed at 0.
    """
    wanted = set(tax_classes)
    rows = TaxRate.objects.filter(country=country, tax_class__in=wanted, valid_from__lte=day).order_by("valid_from")
    rates = dict(rows.values_list("tax_class", "rate_bps"))
    if missing := wanted - rates.keys():
        raise DomainError(
            f"We cannot sell to {country_name(country)} yet: no {' or '.join(sorted(missing))} tax rate is set for it."
        )
    return rates


def methods_for(country: str, *, currency: str, weight_g: int = 0) -> list[ShippingMethod]:
    """Return the ways of delivery to a country that carry this weight, in the order they are offered; may be empty."""
    rows = ShippingMethod.objects.filter(is_active=True, currency=currency)
    return [method for method in rows if country in method.countries and carries(method, weight_g)]


def carries(method: ShippingMethod, weight_g: int) -> bool:
    """Whether a method takes a parcel of this weight in grams."""
    return method.max_weight_g is None or weight_g <= method.max_weight_g


def countries_served(currency: str) -> list[str]:
    """Return the ISO codes that some method delivers to, those of the first method first, each once."""
    rows = ShippingMethod.objects.filter(is_active=True, currency=currency)
    return list(dict.fromkeys(code for method in rows for code in method.countries))
