"""The registry: what can be added over days, how quotients are rounded, when there is no figure."""

from datetime import date
from decimal import Decimal

import pytest

from analytics.figures.windows import Window, compared, ending
from analytics.kpis import ALL, KPIS, SCALARS, Additivity, Facts, Kpi, Unit, in_words, values_of


def test_only_figures_whose_days_add_up_can_be_added():
    assert {kpi.id for kpi in SCALARS if hasattr(kpi, "total")} == {
        kpi.id for kpi in SCALARS if kpi.additivity is Additivity.DAYS
    }
    assert not hasattr(KPIS["unique_customers"], "total")
    assert KPIS["net_sales"].total([Facts(net=3), Facts(net=-5)]) == -2


def test_every_figure_has_an_id_of_its_own_and_says_what_it_is():
    assert len({kpi.id for kpi in ALL}) == len(ALL)
    assert [kpi.id for kpi in ALL if not (kpi.title and kpi.formula and kpi.basis and kpi.source and kpi.pages)] == []


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
