"""The page of rows: what it says of the figure, what came since the build, what was left out, and who sees what."""

import csv
import io
import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db.models import F
from django.urls import reverse

from accounts.tests.factories import make_user
from analytics.figures.windows import Window
from analytics.models import FactDay
from analytics.rows import rows_page
from analytics.rows.asking_forms import read_asked
from analytics.rows.declared import ROWS
from analytics.rows.links import rows_url
from analytics.snapshots.building import build_snapshots
from analytics.snapshots.calendar import CHANGES
from analytics.tests.factories import make_refund, make_sale
from audit.models import AuditRecord
from core.days import today
from history.tests.factories import attempt, dispute, feed, order, product, transaction
from monitoring.tests.factories import make_issue
from orders.fulfilment import ship
from orders.models import Order
from orders.tests.factories import make_order

pytestmark = pytest.mark.django_db
DAY = date(2026, 6, 1)
FIGURE = re.compile(r"The rows come to [^,]+")
JUNE = Window(DAY, date(2026, 6, 30))


def show(client, kpi: str = "net_sales", window: Window = JUNE, role: str = "analyst", **cell: Any) -> Any:
    client.force_login(make_user(role))
    answered = client.get(rows_url(kpi, window, "GBP", **cell))
    assert answered.status_code == 200
    return answered


def words(answered: Any) -> str:
    """The text of a page without its tags, single-spaced."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answered.content.decode())).replace("\xa0", " ")


def file_of(client, kpi: str, role: str = "analyst", query: str = "", **posted: str) -> Any:
    client.force_login(make_user(role))
    return client.post(rows_url(kpi, JUNE, "GBP") + query, {"format": "csv"} | posted)


def rows(answered: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(answered.getvalue().decode(), newline="")))


def test_the_page_says_what_the_rows_come_to_and_that_it_is_the_figure_shown(client):
    sold = make_sale(DAY, quantity=3)
    make_refund(sold, date(2026, 6, 4), goods_minor=500)
    build_snapshots(CHANGES)

    said = words(show(client))

    assert "£20.00 from 2 entries of the ledger: the sum of gross - discount - returns." in said
    assert "The rows come to £20.00, which is the figure shown." in said
    assert "All rows £25.00 £0.00 £5.00 £20.00" in said


def test_a_quotient_is_shown_as_a_division(client):
    make_refund(make_sale(DAY), DAY)
    make_sale(DAY)
    build_snapshots(CHANGES)

    assert "50.00 % from 2 orders" in words(show(client, "refund_rate_orders"))
    assert "1 / 2 = 50.00 %." in words(show(client, "refund_rate_orders"))


def test_without_anything_to_divide_by_there_is_no_figure(client):
    make_sale(DAY)
    build_snapshots(CHANGES)

    said = words(show(client, "aov", Window(date(2026, 6, 2), date(2026, 6, 2))))

    assert "– from 0 entries of the ledger" in said
    assert "There is nothing to divide by, so there is no figure" in said


def test_a_percentile_names_the_two_orders_that_it_lies_between(client):
    at = datetime(2026, 6, 1, 8, tzinfo=UTC)
    for hours in (1, 2, 4, 11):
        ship(make_sale(at).pk, at=at + timedelta(hours=hours))
    build_snapshots(CHANGES)

    said = words(show(client, "lead_time_p50"))

    assert "3.00 h from 4 orders" in said
    assert "Between order 2 of 4, with 2.00 hours, and order 3, with 4.00." in said


def test_what_came_since_the_build_is_listed_apart_and_not_counted(client):
    make_sale(DAY, quantity=2)
    build_snapshots(CHANGES)
    make_sale(DAY, quantity=5)

    said = words(show(client))

    assert "£16.67 from 1 entry of the ledger" in said
    assert "The rows come to £16.67, which is the figure shown." in said
    assert "Since this build 1 row came after it and is not counted; together £41.67" in said
    assert "£41.67" not in words(show(client)).split("Since this build")[0]

    build_snapshots(CHANGES)
    assert "£58.34 from 2 entries of the ledger" in words(show(client))
    assert "Since this build" not in words(show(client))


@pytest.mark.parametrize("kpi", ["orders", "unique_customers", "refunded_orders", "refund_rate_orders_cohort"])
def test_counts_are_pinned_to_the_build_too(client, kpi):
    sold = make_sale(DAY, email="alice@example.com")
    make_sale(DAY, email="bob@example.com")
    build_snapshots(CHANGES)
    before = FIGURE.search(words(show(client, kpi)))
    make_sale(DAY, email="carol@example.com")
    make_refund(sold, DAY)

    said = words(show(client, kpi))

    assert before is not None
    assert f"{before[0]}, which is the figure shown." in said
    assert "Since this build" in said


def test_a_figure_that_is_not_that_of_the_rows_is_said_to_differ(client):
    make_sale(DAY, quantity=2)
    build_snapshots(CHANGES)
    changed = {name: F(name) + 100 for name in ("gross_minor", "net_minor", "total_minor")}
    FactDay.objects.filter(day=DAY).update(**changed)

    said = words(show(client))

    assert "Shown: £17.67 The rows differ from the figure shown by -£1.00." in said
    assert "No change waits for a build, so the day ought to be built again" in said


def test_what_was_left_out_is_counted_with_the_reason_and_a_way_to_it(client):
    make_sale(DAY)
    make_sale(DAY, is_test=True)
    unpaid = make_order()
    Order.objects.filter(pk=unpaid.pk).update(placed_at=datetime(2026, 6, 2, tzinfo=UTC))
    build_snapshots(CHANGES)

    answered = show(client, role="ops")

    assert "1 test order paid in these days" in words(answered)
    assert "1 order placed in these days and not paid" in words(answered)
    for query in ("test=only", "status=pending"):
        address = f"{reverse('orders:console_list')}?since=2026-06-01&amp;until=2026-06-30&amp;{query}"
        assert f'href="{address}"' in answered.content.decode()


def test_open_issues_about_its_rows_lead_to_their_pages(client):
    sold, other = make_sale(DAY), make_sale(date(2026, 7, 1))
    build_snapshots(CHANGES)
    mine = make_issue(entity_type="order", entity_pk=str(sold.pk), subject=f"Order {sold.number}", currency="GBP")
    make_issue(entity_type="order", entity_pk=str(other.pk), subject=f"Order {other.number}", currency="GBP")
    make_issue(entity_type="day", entity_pk="2026-06-09", subject="9 June 2026", currency="GBP")

    answered = show(client)

    assert f'href="{mine.get_absolute_url()}">Order {sold.number}</a>' in answered.content.decode()
    assert "9 June 2026" in words(answered)
    assert other.number not in words(answered)


def test_rows_lead_to_their_order_for_those_who_may_see_it(client):
    sold = make_sale(DAY)
    build_snapshots(CHANGES)
    address = f'href="{reverse("orders:console_detail", args=[sold.pk])}"'

    assert address in show(client, role="ops").content.decode()
    assert address not in show(client, role="analyst").content.decode()


def test_customers_are_pseudonyms_but_for_those_who_may_see_personal_columns(client):
    make_sale(DAY, email="alice@example.com")
    build_snapshots(CHANGES)

    assert "alice@example.com" not in show(client, "unique_customers", role="analyst").content.decode()
    assert "alice@example.com" in show(client, "unique_customers", role="admin").content.decode()
    assert "email" not in rows(file_of(client, "unique_customers"))[0]
    assert rows(file_of(client, "unique_customers", role="admin"))[0]["email"] == "alice@example.com"


def test_a_file_is_asked_for_by_post_and_recorded(client):
    make_sale(DAY)
    build_snapshots(CHANGES)

    answered = file_of(client, "orders", query="&country=GB")

    assert answered["Content-Disposition"] == 'attachment; filename="orders_rows_2026-06-01_2026-06-30_GBP.csv"'
    act = AuditRecord.objects.get(action="export.run")
    assert act.changes["dataset"] == "rows/orders"
    assert (act.changes["from"], act.changes["currency"], act.changes["country"]) == ("2026-06-01", "GBP", "GB")
    show(client)
    assert AuditRecord.objects.filter(action="export.run").count() == 1


def test_a_file_for_excel_begins_with_a_byte_order_mark_and_no_cell_is_a_formula(client):
    sold = make_sale(DAY)
    sold.lines.update(name='=HYPERLINK("http://evil.example","x")')
    build_snapshots(CHANGES)

    answered = file_of(client, "net_sales", excel="1")
    text = answered.getvalue().decode()

    assert text.startswith("\ufeffentry_id,")
    assert "\"'=HYPERLINK(" in text


def test_a_file_is_refused_for_what_makes_no_sense(client):
    answered = file_of(client, "net_sales", query="&product=999")

    assert answered.status_code == 422
    assert "There is no product “999”" in words(answered)
    assert not AuditRecord.objects.filter(action="export.run").exists()


BAD = {
    "product": "0",
    "variant": "9" * 30,
    "category": "no-such-shelf",
    "country": "XX",
    "customer": "old",
    "day": "2026-02-30",
    "currency": "zzz",
    "from": "yesterday",
}


@pytest.mark.parametrize(("name", "value"), BAD.items(), ids=BAD)
def test_bad_input_is_answered_with_a_notice_and_everything(client, name, value):
    client.force_login(make_user("analyst"))
    given = {"from": "2026-06-01", "to": "2026-06-30", "currency": "GBP"} | {name: value}

    answered = client.get(reverse("analytics:rows", args=["net_sales"]), given)

    assert answered.status_code == 200
    assert 'data-tone="warn"' in answered.content.decode()


@pytest.mark.parametrize(
    ("kpi", "name", "value"),
    [
        ("cohort_retention", "month", "2026-13"),
        ("ltv_to_date", "cohort", "june"),
        ("checkout_funnel", "step", "moon"),
        ("backlog", "age", "48-24"),
        ("payouts", "country", "GB"),
    ],
)
def test_a_cell_that_makes_no_sense_narrows_nothing(kpi, name, value):
    asked = read_asked(kpi, {name: value})

    assert asked is not None
    assert (len(asked.notices), asked.cells) == (1, {})


def test_there_are_no_rows_of_a_figure_that_there_is_not(client):
    client.force_login(make_user("analyst"))

    assert client.get(reverse("analytics:rows", args=["happiness"])).status_code == 404


def test_rows_are_sorted_by_a_column_and_never_by_anything_else(client):
    small, large = make_sale(DAY), make_sale(DAY, quantity=5)
    build_snapshots(CHANGES)
    address = rows_url("net_sales", JUNE, "GBP")
    client.force_login(make_user("analyst"))

    def first(sort: str) -> str:
        said = words(client.get(f"{address}&sort={sort}"))
        return min((small.number, large.number), key=said.index)

    assert (first("gross_minor"), first("-gross_minor")) == (small.number, large.number)
    assert first("-gross_minor;DROP") == small.number


def test_a_page_holds_fifty_and_no_more_than_the_first_so_many_can_be_leafed_through(client, monkeypatch):
    for _ in range(4):
        make_sale(DAY)
    build_snapshots(CHANGES)
    monkeypatch.setattr(rows_page, "PER_PAGE", 2)
    monkeypatch.setattr(rows_page, "MOST_SHOWN", 3)
    client.force_login(make_user("analyst"))

    said = words(client.get(rows_url("orders", JUNE, "GBP") + "&page=9"))

    assert "3–3 of 3 rows" in said
    assert "4 from 4 entries of the ledger" in said
    assert "all of them in the file" in said
    assert len(rows(file_of(client, "orders"))) == 4


def test_another_build_than_the_one_that_led_here_is_named(client):
    make_sale(DAY)
    build = build_snapshots(CHANGES).build

    assert "from an earlier build" not in words(show(client, build=build.pk))
    assert "from an earlier build" in words(show(client, build=build.pk + 1))


def test_every_page_takes_a_bounded_number_of_queries(client, django_assert_max_num_queries):
    for number in range(3):
        make_refund(make_sale(DAY, quantity=number + 1), DAY)
    build_snapshots(CHANGES)
    client.force_login(make_user("ops"))
    client.get(rows_url("orders", JUNE, "GBP"))

    for kpi in ROWS:
        with django_assert_max_num_queries(30):
            answered = client.get(rows_url(kpi, Window(DAY, max(today(), DAY)), "GBP"))
        assert answered.status_code == 200
        assert f'data-kpi="{kpi}"' in answered.content.decode()


def test_a_charge_and_a_dispute_that_came_since_the_build_are_not_counted(client):
    feed(product(), order())
    build_snapshots(CHANGES)
    feed(order("O2"), dispute(order="O2"))

    said = words(show(client, "dispute_rate"))

    assert "0 / 1 = 0.00 %. The rows come to 0.00 %, which is the figure shown." in said
    assert "Since this build 2 rows came after it" in said

    build_snapshots(CHANGES)
    assert "1 / 2 = 50.00 %. The rows come to 50.00 %, which is the figure shown." in words(
        show(client, "dispute_rate")
    )


def test_attempts_that_came_since_the_build_are_not_counted(client):
    feed(product(), order(paid_at=None), attempt("failed", code="card_declined"))
    build_snapshots(CHANGES)
    feed(attempt("failed", intent="I2", order=None, code="expired_card"))

    for kpi in ("payment_success", "payment_attempt_success"):
        said = words(show(client, kpi))
        assert "0 / 1 = 0.00 %. The rows come to 0.00 %, which is the figure shown." in said
        assert "expired card" in said.split("Since this build")[1]
        assert "expired card" not in said.split("Since this build")[0]


def test_a_movement_of_the_balance_leads_to_the_page_of_movements(client):
    feed(transaction("T1", fee=40, net=960))
    build_snapshots(CHANGES)

    answered = show(client, "stripe_fees")

    assert "£0.40 from 1 movement of the balance" in words(answered)
    assert f'href="{reverse("payments:console_movements")}?q=' in answered.content.decode()
