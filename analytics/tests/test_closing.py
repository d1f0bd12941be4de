"""The month end: what keeps a month open, what is kept once it is closed, and what is booked into it afterwards."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.db.models import Max
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.html import strip_tags

from accounts.models import User
from accounts.tests.factories import make_user
from analytics.figures.reading import facts_of
from analytics.kpis import ALL, KPIS, MONTH, Kpi
from analytics.models import DayState, MonthClose
from analytics.month_end import conditions
from analytics.month_end.closing import close_month, closed, entries_since, figures_of, sum_of
from analytics.month_end.conditions import Condition, conditions_of
from analytics.month_end.months import Month, months_back
from analytics.snapshots.building import build_snapshots
from analytics.snapshots.calendar import CHANGES
from analytics.tests.factories import make_sale, noon
from audit.models import AuditRecord
from core.errors import DomainError, NotAllowedInState
from orders.ledger import RefundedLine
from orders.models import Order, SalesEntry
from orders.refunding import book_refund
from orders.tests.factories import line_of
from payments.models import Payment, Refund

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 7, 10, 10, tzinfo=UTC)
JUNE = Month(date(2026, 6, 1))
PAGE = "/console/month-end/"
_refunds = iter(range(1, 1_000_000))


@pytest.fixture(autouse=True)
def tenth_of_july() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def admin(client: Client) -> User:
    user = make_user("admin")
    client.force_login(user)
    return user


def give_back(order: Order, day: date, goods: int = 100, tax: int = 20) -> None:
    book_refund(
        Order.objects.get(pk=order.pk),
        refund_id=next(_refunds),
        at=noon(day),
        amount_minor=goods + tax,
        lines=[RefundedLine(line_of(order), 0, goods, tax)],
        shipping_minor=0,
        shipping_tax_minor=0,
    )


def june() -> Order:
    """Two sales and a refund in June, one sale on each side of it, all of it built."""
    make_sale(date(2026, 5, 31))
    order = make_sale(date(2026, 6, 1), quantity=2)
    make_sale(datetime(2026, 6, 30, 22, 59, tzinfo=UTC))
    give_back(order, date(2026, 6, 15), 500, 100)
    make_sale(datetime(2026, 6, 30, 23, 0, tzinfo=UTC))
    Order.objects.update(status=Order.Status.FULFILLED, fulfilled_at=timezone.now())
    build_snapshots(CHANGES)
    return order


def words(html: str) -> str:
    return " ".join(strip_tags(html.replace("<", " <")).split()).replace("\u00a0", " ")


def shown(client: Client, url: str = f"{PAGE}2026-06/", **query: str) -> str:
    response = client.get(url, query)
    assert response.status_code == 200
    return words(response.content.decode())


def test_a_month_has_its_days_and_the_month_before_it() -> None:
    february = Month.named("2024-02")
    assert february is not None
    assert (february.window.start, february.window.end) == (date(2024, 2, 1), date(2024, 2, 29))
    assert str(Month(date(2026, 1, 1)).before()) == "2025-12"
    assert [str(month) for month in months_back(Month(date(2025, 11, 1)), Month(date(2026, 2, 1)))] == [
        "2026-02",
        "2026-01",
        "2025-12",
        "2025-11",
    ]
    assert (JUNE.title, JUNE.is_over, Month.of(date(2026, 7, 9)).is_over) == ("June 2026", True, False)


def test_a_month_is_over_at_midnight_in_the_store() -> None:
    with time_machine.travel(datetime(2026, 6, 30, 22, 59, tzinfo=UTC), tick=False):
        assert not JUNE.is_over
    with time_machine.travel(datetime(2026, 6, 30, 23, 0, tzinfo=UTC), tick=False):
        assert JUNE.is_over


@pytest.mark.parametrize(
    "text", ["2026-13", "2026-00", "2026-6", "1989-12", "2026-08", "june", "", "2026-06-01", "٢٠٢٦-٠٦"]
)
def test_what_is_no_month_of_this_shop_has_no_page(client: Client, admin: User, text: str) -> None:
    assert Month.named(text) is None
    if text:
        assert client.get(f"{PAGE}{text}/").status_code == 404
        assert client.post(f"{PAGE}{text}/close/", {"currency": "GBP"}).status_code == 404


def test_the_figures_are_those_of_the_ledger_the_snapshots_and_the_documents() -> None:
    june()

    figures = figures_of(JUNE, "GBP")

    assert figures == {
        "gross_sales": 2500,
        "discounts": 0,
        "returns": 500,
        "net_sales": 2000,
        "shipping": 584,
        "tax": 516,
        "total_sales": 3100,
        "refunds_cash": 600,
        "orders": 2,
        "invoices": 2,
        "invoiced": 3700,
        "credit_notes": 1,
        "credited": 600,
    }
    assert figures["total_sales"] == figures["invoiced"] - figures["credited"]


def test_they_equal_what_the_dashboard_shows_of_the_same_days() -> None:
    june()
    (facts,) = facts_of([JUNE.window], "GBP")

    figures = figures_of(JUNE, "GBP")

    for kpi in ALL:
        if isinstance(kpi, Kpi) and MONTH in kpi.pages:
            assert figures[kpi.id] == kpi.value(facts), kpi.id
    assert figures_of(JUNE, "EUR")["total_sales"] == 0


def test_a_closed_month_keeps_its_figures_and_who_closed_it(admin: User) -> None:
    june()

    close = close_month(JUNE, "GBP", actor=admin)

    assert close == closed(JUNE, "GBP")
    assert (close.month, close.currency, close.closed_at, close.closed_by_id) == (JUNE.first, "GBP", NOW, admin.pk)
    assert close.figures == figures_of(JUNE, "GBP")
    assert close.ledger_to == SalesEntry.objects.aggregate(last=Max("pk"))["last"]
    record = AuditRecord.objects.get(action="month.close")
    assert (record.outcome, record.actor_id) == ("done", admin.pk)
    assert record.changes == {"month": "2026-06", "currency": "GBP", "total_minor": 3100, "ledger_to": close.ledger_to}


def test_what_was_kept_can_be_neither_changed_nor_taken_away(admin: User) -> None:
    june()
    close = close_month(JUNE, "GBP", actor=admin)

    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        MonthClose.objects.update(currency="EUR")
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        close.delete()


def test_a_month_is_closed_once_in_a_currency(admin: User) -> None:
    june()
    close_month(JUNE, "GBP", actor=admin)

    with pytest.raises(NotAllowedInState, match=r"June 2026 is closed in GBP, and a month is closed once\."):
        close_month(JUNE, "GBP", actor=admin)
    close_month(JUNE, "EUR", actor=admin)

    assert MonthClose.objects.count() == 2
    assert AuditRecord.objects.get(action="month.close", outcome="refused").reason == "NotAllowedInState"


def test_the_month_that_is_running_is_not_closed(client: Client, admin: User) -> None:
    june()
    july = Month(date(2026, 7, 1))

    with pytest.raises(DomainError, match="July 2026 is not over yet; close it once it is"):
        close_month(july, "GBP", actor=admin)
    answer = client.post(f"{PAGE}2026-07/close/", {"currency": "GBP"}, follow=True)

    assert "July 2026 is not over yet" in words(answer.content.decode())
    assert "Close month" not in shown(client, f"{PAGE}2026-07/")
    assert not MonthClose.objects.exists()


def test_a_month_with_days_that_were_never_built_is_not_closed(client: Client, admin: User) -> None:
    june()
    DayState.objects.filter(day__in=[date(2026, 6, 3), date(2026, 6, 20)]).delete()
    sentence = "Never built: 2 days of June 2026, from 3 June on. Build it first."

    with pytest.raises(DomainError) as refusal:
        close_month(JUNE, "GBP", actor=admin)
    page = shown(client)

    assert refusal.value.message == sentence
    assert sentence in page
    assert "It cannot be closed yet" in page
    assert "Close month" not in page
    build_snapshots(CHANGES)
    close_month(JUNE, "GBP", actor=admin)


def test_a_month_whose_figures_lag_behind_the_ledger_is_not_closed(admin: User) -> None:
    order = june()
    give_back(order, date(2026, 6, 20))

    with pytest.raises(DomainError, match="have not caught up with the ledger"):
        close_month(JUNE, "GBP", actor=admin)
    build_snapshots(CHANGES)

    assert close_month(JUNE, "GBP", actor=admin).figures["returns"] == 600


def test_a_change_of_another_month_does_not_keep_this_one_open(admin: User) -> None:
    june()
    make_sale(date(2026, 7, 9))

    close_month(JUNE, "GBP", actor=admin)


def only(title: str) -> Condition:
    return next(condition for condition in conditions_of(JUNE, "GBP") if condition.title == title)


@pytest.mark.parametrize("status", [*conditions.UNSETTLED])
def test_refunds_under_way_and_orders_to_send_are_said_and_keep_nothing_open(admin: User, status: str) -> None:
    order = june()
    payment = Payment.objects.create(order=order, amount_minor=order.total_minor, currency="GBP")
    values = {"payment": payment, "currency": "GBP", "status": status}
    Refund.objects.create(**values, amount_minor=250, created_at=noon(date(2026, 6, 30)))
    Refund.objects.create(**values, amount_minor=999, created_at=noon(date(2026, 7, 1)))
    Order.objects.filter(pk=order.pk).update(status=Order.Status.PAID)

    assert only("Refunds are settled").text == "Begun by then and not settled: 1 refund of £2.50."
    assert only("Paid orders are sent").text == "Paid by then and not sent: 1 order."
    assert not only("Paid orders are sent").is_met
    close_month(JUNE, "GBP", actor=admin)


def test_in_order_everything_on_the_list_is_so() -> None:
    june()

    found = conditions_of(JUNE, "GBP")

    assert [(condition.title, condition.is_met) for condition in found if not condition.is_met] == []
    assert [condition.is_required for condition in found] == sorted(
        (condition.is_required for condition in found), reverse=True
    )
    assert len([condition for condition in found if condition.is_required]) == 3


def test_what_is_booked_into_a_closed_month_later_is_shown_beside_what_was_kept(client: Client, admin: User) -> None:
    order = june()
    close = close_month(JUNE, "GBP", actor=admin)
    assert "Nothing since" in shown(client)

    give_back(order, date(2026, 6, 28), 200, 40)
    give_back(order, date(2026, 7, 2), 50, 10)

    late = entries_since(close)
    assert [(entry.day, entry.returns_minor, entry.tax_minor) for entry in late] == [(date(2026, 6, 28), 200, -40)]
    assert sum_of(late) == figures_of(JUNE, "GBP")["total_sales"] - close.figures["total_sales"] == -240
    page = shown(client)
    assert "1 entry, together -£2.40: the difference of the total" in page
    assert "Returns £5.00 £7.00 £2.00 refunded goods ex tax" in page
    assert "Total sales £31.00 £28.60 -£2.40" in page
    assert "Gross sales £25.00 £25.00 –" in page
    assert "Credit notes issued 1 2 1" in page
    assert f"by {admin.email}" in page
    assert close.figures == MonthClose.objects.get().figures


def test_the_page_shows_exactly_the_figures_that_name_it(client: Client, admin: User) -> None:
    june()
    response = client.get(f"{PAGE}2026-06/")

    marked = re.findall(r'data-kpi="([a-z_]+)"', response.content.decode())

    assert sorted(marked) == sorted(kpi.id for kpi in ALL if MONTH in kpi.pages)
    assert {"gross_sales", "discounts", "returns", "net_sales", "shipping", "tax", "total_sales", "orders"} < set(
        marked
    )
    assert set(marked) <= set(KPIS)


def test_an_admin_closes_a_month_with_one_button_and_an_analyst_only_looks(client: Client, admin: User) -> None:
    june()
    assert "Close month" in shown(client)
    answer = client.post(f"{PAGE}2026-06/close/", {"currency": "GBP"}, follow=True)
    assert answer.redirect_chain == [(f"{PAGE}2026-06/?currency=GBP", 302)]
    assert "June 2026 is closed in GBP. Its figures are kept as they are now." in words(answer.content.decode())
    assert "Close month" not in words(answer.content.decode())

    client.force_login(make_user("analyst"))
    assert "Close month" not in shown(client, f"{PAGE}2026-05/")
    assert "Whoever may change the settings of the shop can close it." in shown(client, f"{PAGE}2026-05/")
    assert client.post(f"{PAGE}2026-05/close/", {"currency": "GBP"}).status_code == 403
    assert client.get(f"{PAGE}2026-05/close/").status_code in (403, 405)
    assert MonthClose.objects.count() == 1


def test_the_list_has_every_month_since_the_first_sale_with_its_state(client: Client, admin: User) -> None:
    order = june()
    close_month(JUNE, "GBP", actor=admin)
    give_back(order, date(2026, 6, 28), 200, 40)
    build_snapshots(CHANGES)

    page = shown(client, PAGE)

    assert "July 2026 £13.50 Running – –" in page
    assert "June 2026 £28.60 Closed 10 Jul 2026, 11:00 -£2.40" in page
    assert "May 2026 £13.50 Open – –" in page
    assert "3 months" in page


def test_the_list_costs_as_many_queries_for_two_years_as_for_a_month(client: Client, admin: User) -> None:
    make_sale(date(2026, 6, 3))
    build_snapshots(CHANGES)
    with CaptureQueriesContext(connection) as for_few:
        shown(client, PAGE)
    make_sale(date(2023, 6, 3))
    build_snapshots(CHANGES)

    with CaptureQueriesContext(connection) as for_many:
        page = shown(client, PAGE)

    assert "1–24 of 38 months" in page
    assert len(for_many) == len(for_few)


def test_a_shop_without_a_sale_has_no_months_and_says_so(client: Client, admin: User) -> None:
    assert "No months yet" in shown(client, PAGE)
    assert "June 2026" in shown(client)


def test_a_currency_that_is_none_shows_the_store_s_own(client: Client, admin: User) -> None:
    june()

    assert "In GBP" in shown(client, currency="XXX")
    client.post(f"{PAGE}2026-06/close/", {"currency": "XXX"})
    assert MonthClose.objects.get().currency == "GBP"


def test_a_question_asked_twice_is_asked_once() -> None:
    before = len(conditions_of(JUNE, "GBP"))

    conditions.register(conditions.is_over)

    assert len(conditions_of(JUNE, "GBP")) == before


def test_a_day_of_twenty_five_hours_belongs_to_its_month(admin: User) -> None:
    october = Month(date(2026, 10, 1))
    with time_machine.travel(NOW + timedelta(days=150), tick=False):
        make_sale(datetime(2026, 10, 31, 23, 59, tzinfo=UTC))
        make_sale(datetime(2026, 10, 25, 0, 30, tzinfo=UTC))
        make_sale(datetime(2026, 11, 1, 0, 0, tzinfo=UTC))
        build_snapshots(CHANGES)
        assert close_month(october, "GBP", actor=admin).figures["orders"] == 2
