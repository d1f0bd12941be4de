"""Sales told apart: slices add up, keep their names, and are compared day for day; products by margin and returns."""

from datetime import date
from decimal import Decimal

import pytest

from analytics.figures.breakdowns import By, as_slice, slices_of, total_of
from analytics.figures.products import as_figures, net_by_run, ranked
from analytics.figures.spans import spans, weeks
from analytics.figures.windows import Window, compared
from analytics.models import FactDay, FactProductDay, FactSegmentDay
from analytics.snapshots.building import build_snapshots
from analytics.snapshots.calendar import CHANGES
from analytics.tests.factories import make_refund, make_sale
from products.models import Product
from products.tests.factories import make_category, make_product, make_variant

pytestmark = pytest.mark.django_db

TODAY = date(2026, 6, 10)
WEEK = compared(Window(date(2026, 6, 4), TODAY), TODAY)  # six complete days, and the six before: 29 May to 3 June


@pytest.fixture
def shelf():
    """A cream that sold well and came back, an oil that nobody knows the cost of, both in the window and before."""
    creams = make_category("Creams")
    cream = make_product("Cream", variants=[{"price_minor": 1200, "cost_minor": 400}], category=creams)
    oil = make_product("Oil", variants=[{"price_minor": 2400}])
    first = make_sale(date(2026, 6, 5), variant=cream.variants.get(), quantity=3)
    make_sale(date(2026, 6, 6), variant=oil.variants.get())
    make_sale(date(2026, 5, 30), variant=oil.variants.get(), quantity=2)
    make_sale(date(2026, 6, 10), variant=cream.variants.get())
    make_refund(first, date(2026, 6, 9), goods_minor=1000)
    Product.objects.filter(pk=oil.pk).update(status=Product.Status.ARCHIVED)
    build_snapshots(CHANGES)
    return cream, oil


def slices(by, comparison=WEEK):
    return [as_slice(by, row) for row in slices_of(by, comparison, "GBP")]


def make_segment(segment, key, day, **sums):
    sums.setdefault("net_minor", sums.get("gross_minor", 0))
    return FactSegmentDay.objects.create(segment=segment, key=key, day=day, currency="GBP", **sums)


@pytest.mark.parametrize("by", [By.PRODUCT, By.CATEGORY])
def test_the_slices_of_products_add_up_to_net_sales(shelf, by):
    found = slices(by)
    net = sum(FactDay.objects.filter(day__range=(date(2026, 6, 4), TODAY)).values_list("net_minor", flat=True))

    assert sum(one.net_minor for one in found) == net == 3000 - 1000 + 2000 + 1000
    assert (total_of(by, WEEK, "GBP").net_minor, total_of(by, WEEK, "GBP").before_minor) == (net, 4000)
    assert {one.orders for one in found} == {None}


def test_products_keep_their_names_and_say_that_they_are_gone(shelf):
    cream, oil = shelf

    first, second = slices(By.PRODUCT)

    assert (first.label, first.note, first.cell, first.net_minor) == ("Cream", "", {"product": cream.pk}, 3000)
    assert (second.label, second.note, second.cell) == ("Oil", "archived, not on sale", {"product": oil.pk})
    assert (second.net_minor, second.complete_minor, second.before_minor) == (2000, 2000, 4000)


def test_a_product_without_a_category_has_a_slice_of_its_own(shelf):
    assert [(one.label, one.cell) for one in slices(By.CATEGORY)] == [
        ("Creams", {"category": "creams"}),
        ("No category", {"category": ""}),
    ]


def test_a_change_compares_complete_days_with_those_before(shelf):
    """The cream of today counts in the window and in neither side of the change."""
    cream = slices(By.PRODUCT)[0]

    assert (cream.net_minor, cream.complete_minor, cream.before_minor) == (3000, 2000, 0)


def test_slices_of_orders_name_countries_codes_and_customers():
    make_segment("country", "GB", date(2026, 6, 5), gross_minor=500, orders=2, units=3)
    make_segment("country", "", date(2026, 6, 6), gross_minor=100, orders=1, units=1)
    make_segment("country", "DE", date(2026, 6, 1), gross_minor=900, orders=1, units=1)
    make_segment("code", "", date(2026, 6, 5), gross_minor=400, orders=1)
    make_segment("code", "SPRING15", date(2026, 6, 5), gross_minor=300, discount_minor=100, net_minor=200, orders=2)
    make_segment("customer", "new", date(2026, 6, 5), gross_minor=600, orders=3)
    FactSegmentDay.objects.create(segment="country", key="FR", day=TODAY, currency="EUR", gross_minor=9, net_minor=9)

    assert [(one.label, one.net_minor, one.orders, one.before_minor) for one in slices(By.COUNTRY)] == [
        ("United Kingdom", 500, 2, 0),
        ("Country not known", 100, 1, 0),
        ("Germany", 0, 0, 900),
    ]
    assert [(one.label, one.cell, one.sold_minor) for one in slices(By.CODE)] == [
        ("No code", {"code": ""}, 400),
        ("SPRING15", {"code": "SPRING15"}, 200),
    ]
    assert [(one.label, one.cell) for one in slices(By.CUSTOMER)] == [("New customers", {"customer": "new"})]


def test_without_a_complete_day_there_is_nothing_to_compare(shelf):
    only_today = compared(Window(TODAY, TODAY), TODAY)

    assert [(one.label, one.net_minor, one.before_minor) for one in slices(By.PRODUCT, only_today)] == [
        ("Cream", 1000, None)
    ]


def test_a_product_shows_margin_coverage_and_returns(shelf):
    cream, oil = [as_figures(row) for row in ranked(WEEK, "GBP")]

    assert (cream.name, cream.category, cream.units, cream.net_units) == ("Cream", "Creams", 4, 4)
    assert (cream.margin_minor, cream.margin_rate, cream.coverage) == (3000 - 1600, Decimal("46.67"), Decimal("100.00"))
    assert cream.returns_rate == Decimal("25.00")
    assert (oil.margin_minor, oil.margin_rate, oil.coverage, oil.returns_rate) == (None, None, 0, 0)
    assert (oil.status, oil.complete_minor, oil.before_minor) == ("archived", 2000, 4000)


@pytest.mark.parametrize(
    ("sort", "names"),
    [
        ("-net", ["Cream", "Oil"]),
        ("net", ["Oil", "Cream"]),
        ("-margin", ["Cream", "Oil"]),
        ("margin", ["Cream", "Oil"]),
        ("-margin-rate", ["Cream", "Oil"]),
        ("margin-rate", ["Cream", "Oil"]),
        ("-units", ["Cream", "Oil"]),
        ("returns-rate", ["Oil", "Cream"]),
        ("-name", ["Oil", "Cream"]),
    ],
)
def test_products_sort_by_what_they_came_to_and_unknown_margins_stand_last(shelf, sort, names):
    assert [row["product__name"] for row in ranked(WEEK, "GBP", sort=sort)] == names


def test_a_product_sold_only_before_the_window_is_not_ranked(shelf):
    make_sale(date(2026, 6, 1), variant=make_variant(price_minor=1200))
    build_snapshots(CHANGES)

    assert ranked(WEEK, "GBP").count() == 2


def test_sales_run_over_the_days_of_a_window(shelf):
    cream, oil = shelf
    runs = spans(WEEK.window, most=4)

    assert [(run.start.day, run.end.day) for run in runs] == [(4, 5), (6, 7), (8, 9), (10, 10)]
    assert net_by_run([cream.pk, oil.pk], runs, "GBP") == {cream.pk: [3000, 0, -1000, 1000], oil.pk: [0, 2000, 0, 0]}
    assert FactProductDay.objects.filter(product=oil).count() == 2


def test_weeks_start_on_monday_and_are_taken_together_where_there_are_many():
    window = Window(date(2026, 5, 1), date(2026, 6, 10))

    assert [(run.start.isoformat(), len(run)) for run in weeks(window, most=26)] == [
        ("2026-05-01", 3), ("2026-05-04", 7), ("2026-05-11", 7), ("2026-05-18", 7), ("2026-05-25", 7),
        ("2026-06-01", 7), ("2026-06-08", 3),
    ]  # fmt: skip
    assert [len(run) for run in weeks(window, most=4)] == [10, 14, 14, 3]
    assert len(weeks(Window(date(2016, 6, 10), date(2026, 6, 10)), most=26)) == 25
