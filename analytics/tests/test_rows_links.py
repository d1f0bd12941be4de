"""The address of the rows of a figure."""

from datetime import date

import pytest

from analytics.figures.windows import Window
from analytics.rows.links import rows_url

JUNE = Window(date(2026, 6, 1), date(2026, 6, 30))


def test_an_address_says_figure_days_currency_and_build():
    assert rows_url("net_sales", JUNE, "GBP", build=12) == (
        "/console/analytics/rows/net_sales/?from=2026-06-01&to=2026-06-30&currency=GBP&build=12"
    )


def test_a_cell_narrows_it_and_nothing_is_no_condition():
    address = rows_url("net_sales", JUNE, None, day=date(2026, 6, 3), code="", country=None, product=7)

    assert address.endswith("&currency=all&day=2026-06-03&product=7&code=")


def test_a_cell_that_nothing_can_be_told_apart_by_is_refused():
    with pytest.raises(ValueError, match="colour"):
        rows_url("net_sales", JUNE, "GBP", colour="red")
