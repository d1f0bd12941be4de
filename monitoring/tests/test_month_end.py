"""Before a month is closed: issues that touch its money are said, and others are not."""

from datetime import date

import pytest

from analytics.month_end.conditions import Condition, conditions_of
from analytics.month_end.months import Month
from monitoring.models import Issue
from monitoring.tests.factories import make_issue

pytestmark = pytest.mark.django_db


def said(currency: str = "GBP") -> Condition:
    found = conditions_of(Month(date(2026, 6, 1)), currency)
    return next(condition for condition in found if condition.title == "No issue touches money")


def test_an_open_issue_that_touches_money_of_the_currency_is_said_and_keeps_nothing_open() -> None:
    assert (said().is_met, said().text, said().url) == (True, "No open issue touches money.", "")

    make_issue(check_id="pay.amount_mismatch", currency="GBP")
    make_issue(check_id="snap.stale", currency="")
    make_issue(check_id="pay.amount_mismatch", currency="EUR")
    make_issue(check_id="mail.failed", currency="")
    muted = {"state": Issue.State.MUTED, "mute_reason": "known", "muted_size": 9}
    make_issue(check_id="refund.total_mismatch", currency="GBP", **muted)

    assert said() == Condition(
        "No issue touches money", "Open and touching money: 2 issues.", is_met=False, url="/console/monitoring/issues/"
    )
    assert said("EUR").text == "Open and touching money: 2 issues."
    assert said("JPY").text == "Open and touching money: 1 issue."
