"""Why did last month change? What closed days were and became, by which build, and for which order."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.urls import reverse

from accounts.tests.factories import make_user
from analytics.models import FactDay, FactDayHistory
from analytics.rows.restatements import restated_days, restatements_of, sum_of_changes
from analytics.snapshots.building import build_snapshots
from analytics.snapshots.calendar import CHANGES
from analytics.tests.factories import make_refund, make_sale
from history.tests.factories import feed, order, product, row

pytestmark = pytest.mark.django_db
MAY = date(2026, 5, 20)
LATER = datetime(2026, 6, 10, 9, tzinfo=UTC)


def build(at: datetime = LATER) -> None:
    with time_machine.travel(at, tick=False):
        build_snapshots(CHANGES)


def show(client, role: str = "ops", **query: str) -> Any:
    client.force_login(make_user(role))
    return client.get(reverse("analytics:restatements", query=query))


def words(answered: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answered.content.decode())).replace("\xa0", " ")


def test_a_late_refund_is_told_with_before_after_difference_and_order(client):
    sold = make_sale(MAY, quantity=3)
    build()
    make_refund(sold, MAY, goods_minor=500)
    build(LATER + timedelta(days=1))

    answered = show(client)

    said = words(answered)
    assert "20 May 2026 Net sales £25.00 £20.00 -£5.00" in said
    assert "Returns £0.00 £5.00 +£5.00" in said
    assert "net sales of these days changed by -£5.00" in said
    address = reverse("orders:console_detail", args=[sold.pk])
    assert f'<a href="{address}">Refund of order {sold.number}</a>' in answered.content.decode()
    assert "11 Jun 2026, 10:00" in said


def test_a_late_sale_is_told_as_one(client):
    make_sale(MAY)
    build()
    late = make_sale(MAY)
    build()

    assert f"Sale of order {late.number}" in words(show(client))


def test_an_analyst_is_told_the_order_without_a_way_to_it(client):
    sold = make_sale(MAY)
    build()
    make_refund(sold, MAY)
    build()

    answered = show(client, role="analyst")

    assert sold.number in words(answered)
    assert reverse("orders:console_detail", args=[sold.pk]) not in answered.content.decode()


def test_each_change_of_a_day_is_told_by_itself(client):
    make_sale(MAY)
    build()
    make_sale(MAY, quantity=2)
    build()
    make_sale(MAY, quantity=3)
    build()

    told = restatements_of(list(restated_days(None, "GBP")), may_see_orders=True)

    assert [(one.revision, one.changes[0].before, one.changes[0].after) for one in told] == [
        (2, "£25.00", "£50.00"), (1, "£8.33", "£25.00"),
    ]  # fmt: skip
    assert sum_of_changes(restated_days(None, "GBP")) == 5000 - 833


def test_a_change_that_was_changed_back_says_so(client):
    make_sale(MAY)
    build()
    make_sale(MAY)
    build()
    entry = FactDayHistory.objects.get()
    facts = FactDay.objects.values(*entry.facts).get(day=MAY, currency="GBP")
    FactDayHistory.objects.update(facts=facts)

    assert "Changed back since" in words(show(client))


def test_a_month_and_a_currency_narrow_it(client):
    for ref in ("EU1", "EU2"):
        make_sale(MAY)
        make_sale(date(2026, 4, 3))
        sale_in_euros(ref)
        build()

    assert restated_days(None, "GBP").count() == 2
    assert "3 Apr 2026" not in words(show(client, month="2026-05", currency="GBP"))
    assert "20 May 2026" in words(show(client, month="2026-05", currency="GBP"))
    assert "€" in words(show(client, currency="EUR"))


def sale_in_euros(ref: str) -> None:
    at = datetime(2026, 5, 20, 12, tzinfo=UTC).isoformat()
    lines = [product("E1"), order(ref, row("E1"), currency="EUR", placed_at=at, paid_at=at)]
    assert feed(*lines).bad == []


def test_without_a_change_it_says_what_would_stand_here(client):
    assert "Nothing has changed" in words(show(client))


@pytest.mark.parametrize("query", [{"month": "2026-13"}, {"month": "moon"}, {"currency": "ZZZ"}])
def test_odd_input_is_answered_with_a_notice(client, query):
    answered = show(client, **query)

    assert answered.status_code == 200
    assert 'data-tone="warn"' in answered.content.decode()


def test_the_page_takes_a_bounded_number_of_queries(client, django_assert_max_num_queries):
    for ahead in range(6):
        make_sale(MAY + timedelta(days=ahead))
    build()
    for ahead in range(6):
        make_sale(MAY + timedelta(days=ahead))
    build()
    client.force_login(make_user("ops"))

    with django_assert_max_num_queries(20):
        said = words(client.get(reverse("analytics:restatements")))

    assert "6 times; net sales of these days changed by £49.98" in said


def test_the_month_end_leads_to_it(client):
    make_sale(MAY)
    build()
    client.force_login(make_user("analyst"))

    page = client.get(reverse("analytics:month", args=["2026-05"]))

    assert f"{reverse('analytics:restatements')}?month=2026-05&amp;currency=GBP" in page.content.decode()
