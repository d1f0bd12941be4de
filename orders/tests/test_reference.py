"""The terms that a shop starts with: complete, chargeable, and made once."""

import pytest

from core.money import is_chargeable
from orders.models import DiscountCode, ShippingMethod, TaxRate
from orders.reference import make_reference_terms
from orders.selectors import countries_served

pytestmark = pytest.mark.django_db


def counts() -> tuple[int, ...]:
    return tuple(model.objects.count() for model in (TaxRate, ShippingMethod, DiscountCode))


@pytest.mark.parametrize("currency", ["GBP", "JPY", "KWD"])
def test_every_country_served_has_a_rate_and_every_amount_can_be_charged(currency: str) -> None:
    terms = make_reference_terms(currency=currency)

    taxed = set(TaxRate.objects.filter(tax_class="standard").values_list("country", flat=True))
    amounts = [method.price_minor for method in terms.methods] + [code.amount_minor for code in terms.codes]
    assert set(countries_served(currency)) == taxed
    assert all(is_chargeable(amount, currency) for amount in amounts)
    assert TaxRate.objects.get(country="GB", tax_class="standard").rate_bps == 2000


def test_a_second_run_changes_nothing_that_a_merchant_changed() -> None:
    make_reference_terms(currency="GBP")
    before = counts()
    TaxRate.objects.filter(country="GB", tax_class="standard").update(rate_bps=1750)
    ShippingMethod.objects.update(price_minor=100)

    make_reference_terms(currency="GBP")

    assert counts() == before
    assert TaxRate.objects.get(country="GB", tax_class="standard").rate_bps == 1750
    assert set(ShippingMethod.objects.values_list("price_minor", flat=True)) == {100}
