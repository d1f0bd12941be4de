"""What `Maker` makes is what the constructor makes."""

from datetime import UTC, datetime

import pytest

from accounts.models import Customer
from core.making import Maker
from orders.models import Order, OrderLine
from payments.models import Payment

AT = datetime(2026, 6, 1, 9, tzinfo=UTC)
GIVEN = [
    (Order, {"customer": Customer(pk=5), "email": "a@example.com", "country": "GB", "placed_at": AT, "total_minor": 7}),
    (Order, {"customer": Customer(), "country": ""}),
    (Order, {"customer_id": 5}),
    (OrderLine, {"order": Order(pk=3), "variant_id": 4, "unit_cost_minor": None, "quantity": 2}),
    (OrderLine, {"order": Order(pk=3), "variant": None}),
    (Payment, {"order": Order(pk=3), "status": Payment.Status.SUCCEEDED}),
    (Payment, {}),
]


def held(row):
    """Its values, and the related objects that it holds; of what is drawn, or read from a clock, only its type."""
    drawn = {field.attname for field in row._meta.concrete_fields if field.has_default() and callable(field.default)}
    values = {name: value for name, value in row.__dict__.items() if name != "_state"}
    shown = {name: type(value) if name in drawn else value for name, value in values.items()}
    return shown, row._state.fields_cache, row._state.adding


@pytest.mark.parametrize(("model", "values"), GIVEN, ids=range(len(GIVEN)))
def test_an_instance_is_that_of_the_constructor(model, values):
    made, constructed = Maker(model)(**values), model(**values)
    assert type(made) is model
    assert held(made) == held(constructed)


def test_each_has_its_own_defaults_that_are_drawn():
    make = Maker(Order)
    assert make().public_id != make().public_id
    assert make(public_id="x").public_id == "x"


def test_a_field_with_a_form_of_its_own_has_it():
    make = Maker(Order)
    assert (make(country="GB").country.code, make().country.code) == ("GB", "")


def test_a_name_of_no_field_is_refused():
    with pytest.raises(TypeError, match=r"Order has no field \['colour'\]"):
        Maker(Order)(colour="red")
