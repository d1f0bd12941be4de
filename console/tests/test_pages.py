"""The console's own pages: what needs somebody, search, settings, and the audit record."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from accounts.tests.factories import make_user
from audit.models import AuditRecord
from audit.recording import record
from console.attention import troubles
from core.job_health import job_health
from core.jobs import JOBS
from core.models import JobRun, StoreSetting
from mail.tests.factories import make_mail
from monitoring.tests.factories import make_issue
from orders.holding import hold
from orders.models import Order
from orders.tests.factories import make_order, make_return
from payments.models import WebhookEvent
from products.tests.factories import make_variant

pytestmark = pytest.mark.django_db
HOME, SEARCH, SETTINGS, AUDIT = "/console/", "/console/search/", "/console/settings/", "/console/audit/"


def enter(client: Client, role: str) -> User:
    user = make_user(role)
    client.force_login(user)
    return user


def page(client: Client, url: str, **query: Any) -> str:
    response = client.get(url, query)
    assert response.status_code == 200
    return response.content.decode()


def test_the_overview_names_what_needs_somebody_worst_first(client: Client) -> None:
    ops = enter(client, "ops")
    late, held = make_order(paid=True), make_order(paid=True)
    Order.objects.filter(pk=late.pk).update(paid_at=timezone.now() - timedelta(hours=49))
    hold(held.pk, reason="odd", actor=ops)
    make_mail(state="failed")
    make_variant(stock=1)
    WebhookEvent.objects.create(
        stripe_event_id="evt_1", type="x", livemode=False, created_at=timezone.now(), state="dead"
    )

    make_issue(severity="critical")

    found = troubles(ops, StoreSetting.current(), now=timezone.now())

    assert [(trouble.count, trouble.text) for trouble in found] == [
        (1, "critical issue is open"),
        (1, "event of Stripe given up after many attempts"),
        (1, "message could not be sent"),
        (1, "order should have been sent by now (promise: 48 hours)"),
        (1, "order is on hold"),
        (3, "variants are low or sold out"),
    ]
    html = page(client, HOME)
    for trouble in found:
        assert f'href="{trouble.url.replace("&", "&amp;")}"' in html
        assert client.get(trouble.url).status_code == 200


def test_the_overview_names_returns_that_wait_for_us(client: Client) -> None:
    ops = enter(client, "ops")
    make_return(actor=ops)
    assert "answer or for the money" not in page(client, HOME)

    make_return()

    found = troubles(ops, StoreSetting.current(), now=timezone.now())
    waiting = [(trouble.count, trouble.text, trouble.url) for trouble in found if "return" in trouble.text]
    assert waiting == [(1, "return waits for an answer or for the money", "/console/returns/?show=waiting")]
    assert "return waits for an answer or for the money" in page(client, HOME)


def test_a_quiet_day_says_so(client: Client) -> None:
    enter(client, "admin")

    assert "Nothing waits for you." in page(client, HOME)


def test_an_analyst_sees_figures_and_no_orders(client: Client) -> None:
    order = make_order(paid=True, customer_name="Dana Fox")
    enter(client, "analyst")

    html = page(client, HOME)

    assert "Orders paid today" in html
    assert "£13.50" in html
    assert order.number not in html
    assert "Dana Fox" not in html


def test_test_orders_are_in_no_figure(client: Client) -> None:
    make_order(paid=True)
    Order.objects.update(is_test=True)
    enter(client, "analyst")

    assert "£13.50" not in page(client, HOME)


def test_the_overview_costs_the_same_however_much_there_is(
    client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    enter(client, "admin")
    variant = make_variant(stock=100)
    for _ in range(12):
        make_order({variant: 1}, paid=True)

    with django_assert_max_num_queries(25):
        page(client, HOME)


def test_jobs_are_healthy_failed_or_missed() -> None:
    now = timezone.now()
    names = sorted(JOBS)[:2]
    for name, state in zip(names, ("succeeded", "failed"), strict=True):
        error = "Traceback\nValueError: no" if state == "failed" else ""
        JobRun.objects.create(job=name, slot_at=JOBS[name].slot(now), state=state, started_at=now, error=error)

    health = {job.name: job for job in job_health(now)}

    assert (health[names[0]].state, health[names[1]].state) == ("succeeded", "failed")
    assert health[names[1]].error == "ValueError: no"
    assert {job.state for name, job in health.items() if name not in names} == {"missed"}
    assert job_health(now)[-1].name == names[0]


def test_the_only_hit_of_a_search_is_opened(client: Client) -> None:
    enter(client, "ops")
    order = make_order({make_variant(sku="NC-50"): 1}, email="dana@example.com", customer_name="Dana Fox")

    assert client.get(SEARCH, {"q": order.number}).url == reverse("orders:console_detail", args=[order.pk])
    assert client.get(SEARCH, {"q": "nc-50"}).url.startswith("/console/stock/")
    html = page(client, SEARCH, q="dana@example.com")
    assert f"<strong>{order.number}</strong>" in html
    assert "<h2>Customers</h2>" in html


@pytest.mark.parametrize("text", ["", "nobody", "<script>", "%", "９" * 10, "9" * 300, "pi_" + "x" * 250])
def test_a_search_without_a_hit_says_what_to_paste(client: Client, text: str) -> None:
    enter(client, "ops")
    make_order()

    html = page(client, SEARCH, q=text)

    assert "What are you looking for?" in html if not text else "Nothing was found" in html
    assert "<script>" not in html


def test_search_finds_only_what_one_may_see(client: Client) -> None:
    make_order(email="dana@example.com")
    enter(client, "analyst")

    assert "Nothing was found" in page(client, SEARCH, q="dana@example.com")


VALUES = {
    "announcement": "Sale on Monday",
    "support_email": "care@example.com",
    "prices_include_tax": "on",
    "order_expiry_minutes": "60",
    "ship_sla_hours": "24",
    "low_stock_threshold": "3",
    "refund_limit_minor": "150",
    "refund_second_person_minor": "£1,000.00",
    "return_window_days": "14",
    "seller_name": "Shop Ltd",
    "seller_address": "1 Green Lane\nLeeds",
    "vat_number": "GB1",
}


def test_settings_are_saved_and_recorded_without_personal_data(client: Client) -> None:
    admin = enter(client, "admin")

    html = client.post(SETTINGS, VALUES, follow=True).content.decode()

    assert "The settings are saved." in html
    setting = StoreSetting.current()
    assert (setting.ship_sla_hours, setting.seller_address) == (24, "1 Green Lane\nLeeds")
    act = AuditRecord.objects.get(action="settings.changed")
    assert act.actor_id == admin.pk
    assert act.changes == {
        "announcement": "changed",
        "support_email": "changed",
        "order_expiry_minutes": [45, 60],
        "ship_sla_hours": [48, 24],
        "low_stock_threshold": [5, 3],
        "refund_limit_minor": [20_000, 15_000],
        "refund_second_person_minor": [None, 100_000],
        "return_window_days": [30, 14],
        "seller_name": "changed",
        "seller_address": "changed",
        "vat_number": "changed",
    }


def test_sums_are_shown_as_they_are_typed_and_no_second_person_is_an_empty_field(client: Client) -> None:
    enter(client, "admin")

    html = page(client, SETTINGS)

    assert 'name="refund_limit_minor" value="200.00"' in html
    assert 'value="None"' not in html
    client.post(SETTINGS, VALUES | {"refund_second_person_minor": ""})
    assert StoreSetting.current().refund_second_person_minor is None


def test_saving_the_same_again_records_nothing(client: Client) -> None:
    enter(client, "admin")
    client.post(SETTINGS, VALUES)

    html = client.post(SETTINGS, VALUES, follow=True).content.decode()

    assert "Nothing was changed." in html
    assert AuditRecord.objects.filter(action="settings.changed").count() == 1


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("order_expiry_minutes", "39", "Enter 40 or more."),
        ("order_expiry_minutes", "1441", "Enter 1,440 or fewer."),
        ("ship_sla_hours", "0", "Enter 1 or more."),
        ("ship_sla_hours", "２４", "Enter a whole number in figures, such as 2."),
        ("low_stock_threshold", "9" * 30, "Enter 1,000 or fewer."),
        ("refund_limit_minor", "", "This field is required."),
        ("refund_limit_minor", "-1", "Enter nothing below zero."),
        ("refund_limit_minor", "１０", "is not an amount."),
        ("refund_limit_minor", "1.005", "GBP has 2 decimal places"),
        ("refund_second_person_minor", "9" * 30, "is not an amount."),
        ("return_window_days", "366", "Enter 365 or fewer."),
        ("support_email", "nobody", "Enter a valid email address."),
        ("announcement", "x" * 161, "at most 160 characters"),
    ],
)
def test_settings_that_make_no_sense_are_refused_in_words(
    client: Client, field: str, value: str, sentence: str
) -> None:
    enter(client, "admin")

    response = client.post(SETTINGS, VALUES | {field: value})

    assert response.status_code == 422
    assert sentence in response.content.decode()
    assert StoreSetting.objects.count() == 0


def test_the_audit_record_is_narrowed_by_what_who_and_when(client: Client) -> None:
    admin = enter(client, "admin")
    order = make_order()
    record("order.hold", subject=order, actor=admin)
    record("order.hold", subject=order, outcome="refused", reason="NotAllowedInState")
    record("mail.resent")
    day = timezone.localdate()

    def rows(**query: Any) -> int:
        return page(client, AUDIT, **query).count('<th scope="row">')

    assert rows() == 3
    assert rows(action="order.hold") == 2
    assert rows(outcome="refused") == 1
    assert rows(actor=admin.email.upper()) == 1
    assert rows(actor=str(admin.pk)) == 1
    assert rows(actor="nobody@example.com") == 0
    assert rows(actor="9" * 40) == 0
    assert rows(subject_type="orders.order", subject_id=str(order.pk)) == 2
    assert rows(since=day.isoformat()) == 3
    assert rows(until=(day - timedelta(days=1)).isoformat()) == 0


@pytest.mark.parametrize(
    "query",
    [
        {"action": "x"}, {"outcome": "x"}, {"since": "x"}, {"until": "9999-12-31"}, {"page": "-1"},
        {"since": "2030-01-02", "until": "2030-01-01", "page": "x"},
    ],
)  # fmt: skip
def test_a_question_that_makes_no_sense_is_answered_with_a_page(client: Client, query: dict[str, str]) -> None:
    enter(client, "admin")
    record("mail.resent")

    assert client.get(AUDIT, query).status_code == 200


def test_an_act_is_shown_with_what_changed_and_links_to_its_subject(client: Client) -> None:
    admin = enter(client, "admin")
    order = make_order()
    row = record("order.hold", subject=order, actor=admin, changes={"status": ["paid", "held"], "note": "a b"})

    html = page(client, reverse("console:audit_record", args=[row.pk]))

    assert f'href="{reverse("orders:console_detail", args=[order.pk])}"' in html
    assert '<td class="code">paid</td><td class="code">held</td>' in html
    assert admin.email in html
    assert client.get(reverse("console:audit_record", args=[row.pk + 99])).status_code == 404


def test_the_audit_record_costs_the_same_however_long_it_is(
    client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    enter(client, "admin")
    for number in range(70):
        record(f"act.{number % 40}", actor=make_user() if number < 3 else None)

    with django_assert_max_num_queries(13):
        page(client, AUDIT)
    assert "51–70 of 70 acts" in page(client, AUDIT, page=2)


@pytest.mark.parametrize(
    ("role", "statuses"),
    [("customer", [404] * 4), ("analyst", [200, 200, 403, 403]), ("ops", [200, 200, 403, 403]), ("admin", [200] * 4)],
)
def test_who_may_open_what(client: Client, role: str, statuses: list[int]) -> None:
    user = enter(client, role)

    assert [client.get(url).status_code for url in (HOME, SEARCH, SETTINGS, AUDIT)] == statuses
    refused = AuditRecord.objects.filter(action="access.refused", actor_id=user.pk).count()
    assert refused == sum(status != 200 for status in statuses)


def test_staff_land_on_the_overview_and_find_their_role_from_there(client: Client) -> None:
    enter(client, "ops")

    assert client.get(reverse("accounts:landing")).url == HOME
    assert f'href="{reverse("rbac:landing")}"' in page(client, HOME)
