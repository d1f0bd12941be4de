"""The registry: what can be added over days, how quotients are rounded, when there is no figure."""

from dataclasses import fields
from datetime import date
from decimal import Decimal

import pytest

from analytics.figures.cohorts import CohortMonth, CohortValue
from analytics.figures.funnel import FunnelStep
from analytics.figures.reading import Seller
from analytics.figures.stock_cover import StockCover
from analytics.figures.windows import Window, compared, ending
from analytics.kpis import (
    ALL,
    BEST_SELLERS,
    CHECKOUT_FUNNEL,
    COHORT_RETENTION,
    KPIS,
    LTV_TO_DATE,
    SCALARS,
    STOCK_COVER_DAYS,
    TABLES,
    Additivity,
    Facts,
    Kpi,
    Unit,
    in_words,
    values_of,
)

CATALOGUE = {
    "A": {
        "gross_sales", "discounts", "returns", "net_sales", "shipping", "tax", "total_sales", "orders", "units",
        "net_units", "refunds_cash", "new_customers", "best_sellers", "product_margin", "disputed_amount",
        "stripe_fees", "stripe_net", "payouts",
    },
    "S": {
        "aov", "refund_rate_value", "product_margin_rate", "margin_coverage", "payment_success",
        "payment_attempt_success", "dispute_rate",
    },
    "P": {"stock_cover_days", "backlog", "sla_breach"},
    "N": {
        "refunded_orders", "refund_rate_orders", "refund_rate_orders_cohort", "unique_customers", "existing_customers",
        "returning_customer_rate", "repeat_customers", "repeat_rate", "ltv_to_date", "cohort_retention",
        "wishlist_conversion", "checkout_funnel", "lead_time_p50", "lead_time_p90",
    },
}  # fmt: skip


def test_the_registry_holds_the_whole_catalogue_each_figure_as_additive_as_it_is():
    found = {letter: {kpi.id for kpi in ALL if kpi.additivity == letter} for letter in CATALOGUE}

    assert found == CATALOGUE
    assert len(ALL) == sum(map(len, CATALOGUE.values()))


def test_only_figures_whose_days_add_up_can_be_added():
    assert {kpi.id for kpi in SCALARS if hasattr(kpi, "total")} == {
        kpi.id for kpi in SCALARS if kpi.additivity is Additivity.DAYS
    }
    assert [kpi.id for kpi in ALL if kpi.additivity is not Additivity.DAYS and hasattr(kpi, "total")] == []
    assert not hasattr(KPIS["unique_customers"], "total")
    with pytest.raises(AttributeError):
        KPIS["backlog"].total([Facts()])
    assert KPIS["net_sales"].total([Facts(net=3), Facts(net=-5)]) == -2


def test_every_figure_has_an_id_of_its_own_and_says_what_it_is():
    assert len({kpi.id for kpi in ALL}) == len(ALL)
    said = ("title", "formula", "basis", "source", "left_out", "null_rule", "pages", "help")
    assert [kpi.id for kpi in ALL if not all(getattr(kpi, name) for name in said)] == []


def test_help_says_what_a_figure_is_what_dates_it_and_what_it_leaves_out():
    assert KPIS["dispute_rate"].help == (
        "Disputes opened in the window / payments that took money in it. Dated by: opening of the dispute; payment. "
        "Left out: inquiries, and free orders."
    )


def test_a_margin_needs_a_line_whose_cost_is_known():
    margin, days = KPIS["product_margin"], [Facts(), Facts(costed_net=500, cost=200, costed_entries=1)]

    assert [margin.value(day) for day in days] == [None, 300]
    assert (margin.total(days), margin.total(days[:1])) == (300, None)


def test_a_rate_of_less_than_nothing_keeps_its_sign():
    facts = Facts(costed_net=-200, cost=-50, costed_entries=1, net=-300)

    assert KPIS["product_margin_rate"].value(facts) == Decimal("75.00")
    assert KPIS["margin_coverage"].value(facts) == Decimal("66.67")
    assert KPIS["margin_coverage"].value(Facts(costed_net=100, net=-300)) == Decimal("-33.33")


def test_hours_have_two_decimals_and_none_without_an_order():
    assert str(KPIS["lead_time_p50"].value(Facts(lead_time_p50=4850))) == "48.50"
    assert str(KPIS["lead_time_p90"].value(Facts(lead_time_p90=0))) == "0.00"
    assert KPIS["lead_time_p50"].value(Facts()) is None


def test_tables_have_the_columns_that_they_declare():
    rows = {
        BEST_SELLERS: Seller, LTV_TO_DATE: CohortValue, COHORT_RETENTION: CohortMonth, CHECKOUT_FUNNEL: FunnelStep,
        STOCK_COVER_DAYS: StockCover,
    }  # fmt: skip

    assert {kpi: tuple(field.name for field in fields(row)) for kpi, row in rows.items()} == {
        kpi: kpi.columns for kpi in TABLES
    }


@pytest.mark.parametrize(
    ("facts", "rate"),
    [
        (Facts(refunded_orders=1, orders=3), Decimal("33.33")),
        (Facts(refunded_orders=2, orders=3), Decimal("66.67")),
        (Facts(refunded_orders=1, orders=800), Decimal("0.13")),
        (Facts(refunded_orders=3, orders=2), Decimal("150.00")),
        (Facts(refunded_orders=1), None),
    ],
)
def test_a_rate_has_two_decimals_is_rounded_away_from_zero_and_needs_a_denominator(facts, rate):
    value = KPIS["refund_rate_orders"].value(facts)

    assert (value, str(value)) == (rate, str(rate))


def test_a_negative_rate_is_rounded_away_from_zero():
    facts = Facts(returns=-1, gross=800)

    assert KPIS["refund_rate_value"].value(facts) == Decimal("-0.13")


def test_an_average_is_a_whole_number_of_minor_units():
    assert KPIS["aov"].value(Facts(gross=1005, discounts=4, orders=2)) == 501
    assert KPIS["aov"].value(Facts(gross=1005)) is None


def test_across_currencies_there_is_no_money():
    shown = values_of(Facts(orders=1), across_currencies=True)

    assert not any(KPIS[kpi].unit is Unit.MONEY for kpi in shown)
    assert {"aov", "refund_rate_value"} & set(shown) == set()
    assert shown["orders"] == 1


def test_figures_in_words():
    assert in_words(_kpi("net_sales"), -135000, "JPY") == "-¥135,000"
    assert in_words(_kpi("orders"), 1234, "GBP") == "1,234"
    assert in_words(_kpi("repeat_rate"), Decimal("50.00"), "GBP") == "50.00\u00a0%"
    assert in_words(_kpi("aov"), None, "GBP") == "–"
    assert in_words(_kpi("lead_time_p50"), Decimal("1048.50"), "GBP") == "1,048.50\u00a0h"


def _kpi(name: str) -> Kpi:
    kpi = KPIS[name]
    assert isinstance(kpi, Kpi)
    return kpi


def test_seven_days_to_today_are_compared_by_the_six_that_are_over():
    today = date(2026, 6, 10)

    comparison = compared(ending(today, 7), today)

    assert comparison.window == Window(date(2026, 6, 4), today)
    assert comparison.complete == Window(date(2026, 6, 4), date(2026, 6, 9))
    assert comparison.before == Window(date(2026, 5, 29), date(2026, 6, 3))
    assert comparison.is_partial


def test_days_that_are_over_are_compared_as_they_are():
    window = Window(date(2026, 6, 1), date(2026, 6, 4))

    comparison = compared(window, date(2026, 6, 10))

    assert (comparison.complete, comparison.before) == (window, Window(date(2026, 5, 28), date(2026, 5, 31)))
    assert not comparison.is_partial


def test_today_alone_is_compared_with_nothing():
    today = date(2026, 6, 10)

    assert compared(Window(today, today), today).before is None


def test_last_year_means_the_same_weekdays():
    assert Window(date(2026, 6, 1), date(2026, 6, 7)).last_year() == Window(date(2025, 6, 2), date(2025, 6, 8))
