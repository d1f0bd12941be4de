"""The summary of a week by mail: what it says, to whom it goes, once however often it is tried, and how it ends."""

import re
from datetime import UTC, date, datetime
from urllib.parse import urlsplit

import pytest
import time_machine
from django.urls import reverse

from accounts.tests.factories import make_user
from analytics.jobs import send_weekly_summaries
from analytics.models import SummarySubscription
from analytics.snapshots.building import build_snapshots
from analytics.snapshots.calendar import CHANGES
from analytics.summary.sending import send_summaries, send_to
from analytics.summary.subscribing import stop_url, subscribe, unsubscribe
from analytics.summary.weekly import last_week, weekly_summary
from analytics.tests.factories import make_sale
from core.jobs import JOBS
from mail.models import OutgoingMail
from products.tests.factories import make_variant
from rbac.roles import assign_role

pytestmark = pytest.mark.django_db

MONDAY = date(2026, 6, 1)
BEFORE = datetime(2026, 6, 5, 10, tzinfo=UTC)
MORNING = datetime(2026, 6, 8, 7, tzinfo=UTC)  # the Monday after


def moment(at: datetime):
    return time_machine.travel(at, tick=False)


@pytest.fixture
def reader():
    """An analyst who asked for it in the week before, in which less was sold than in the one that is reported."""
    user = make_user("analyst")
    with moment(datetime(2026, 5, 29, 10, tzinfo=UTC)):
        subscribe(user, currency="GBP")
    make_sale(date(2026, 5, 27), variant=make_variant(price_minor=1200))
    for day in (date(2026, 6, 1), date(2026, 6, 7)):
        make_sale(day, variant=make_variant(price_minor=1200))
    make_sale(date(2026, 6, 8), variant=make_variant(price_minor=1200))
    with moment(MORNING):
        build_snapshots(CHANGES)
    return user


def mails() -> list[OutgoingMail]:
    return list(OutgoingMail.objects.filter(kind="weekly_summary").order_by("pk"))


def test_a_week_runs_from_monday_to_sunday_in_the_zone_of_the_store():
    with moment(datetime(2026, 6, 7, 22, 30, tzinfo=UTC)):  # Sunday, half past eleven in London
        assert (last_week().start, last_week().end) == (date(2026, 5, 25), date(2026, 5, 31))
    with moment(datetime(2026, 6, 7, 23, 30, tzinfo=UTC)):  # half past midnight there
        assert (last_week().start, last_week().end) == (MONDAY, date(2026, 6, 7))


@pytest.mark.parametrize(
    ("monday", "words"),
    [
        (date(2026, 6, 1), "1 to 7 Jun 2026"),
        (date(2026, 6, 29), "29 Jun to 5 Jul 2026"),
        (date(2026, 12, 28), "28 Dec 2026 to 3 Jan 2027"),
    ],
)
def test_the_days_of_a_week_in_words(monday, words):
    with moment(datetime(2027, 2, 1, tzinfo=UTC)):
        assert weekly_summary(monday, "GBP").dates == words


def test_it_says_what_the_week_came_to_and_why_and_leads_to_the_rows(reader):
    with moment(MORNING):
        assert send_summaries() == 1

    (mail,) = mails()
    text = mail.text_body.replace("\u00a0", " ")
    assert (mail.recipient, mail.subject) == (reader.email, "PureLaka, 1 to 7 Jun 2026: net sales £20.00, +100.0 %")
    assert "Net sales rose 100.0 %: more orders +100.0 %." in text
    assert "Net sales: £20.00 (+100.0 % from £10.00)\n" in text
    assert "Orders: 2 (+100.0 % from 1)\n" in text
    rows = reverse("analytics:rows", args=["net_sales"])
    assert f"{rows}?from=2026-06-01&to=2026-06-07&currency=GBP\n" in text
    assert stop_url(reader) in text
    assert stop_url(reader) in mail.html_body
    assert "£20.00</a>" in mail.html_body


def test_it_goes_out_once_a_week_however_often_it_is_tried(reader):
    with moment(MORNING):
        send_weekly_summaries()
        send_weekly_summaries()
    with moment(datetime(2026, 6, 9, 7, tzinfo=UTC)):
        send_weekly_summaries()
    assert len(mails()) == 1

    with moment(datetime(2026, 6, 15, 7, tzinfo=UTC)):
        send_weekly_summaries()
    assert [mail.key for mail in mails()] == [
        f"weekly_summary:{reader.pk}:2026-06-01",
        f"weekly_summary:{reader.pk}:2026-06-08",
    ]


def test_a_worker_that_stood_still_on_monday_makes_up_for_it_and_not_for_older_weeks(reader):
    with moment(datetime(2026, 6, 18, 7, tzinfo=UTC)):
        send_weekly_summaries()

    assert [mail.key for mail in mails()] == [f"weekly_summary:{reader.pk}:2026-06-08"]


def test_the_job_runs_at_seven_in_the_morning_of_the_store():
    job = JOBS["analytics.send_weekly_summaries"]

    assert job.slot(datetime(2026, 6, 8, 5, 59, tzinfo=UTC)) == datetime(2026, 6, 7, 6, tzinfo=UTC)
    assert job.slot(datetime(2026, 6, 8, 6, 1, tzinfo=UTC)) == datetime(2026, 6, 8, 6, tzinfo=UTC)


def test_whoever_asks_in_the_middle_of_a_week_gets_that_one_first(reader):
    late = make_user("ops")
    with moment(datetime(2026, 6, 8, 9, tzinfo=UTC)):
        send_summaries()
        subscribe(late, currency="GBP")
        assert send_summaries() == 0
    with moment(datetime(2026, 6, 15, 7, tzinfo=UTC)):
        assert send_summaries() == 2


def test_somebody_who_may_no_longer_see_figures_gets_none(reader):
    assign_role(reader, "customer", actor=make_user("admin"))
    gone = make_user("analyst", is_active=False)
    SummarySubscription.objects.create(user=gone, currency="GBP")
    with moment(MORNING):
        assert send_summaries() == 0

    assert mails() == []


def test_two_workers_that_found_the_same_person_waiting_write_one_mail(reader):
    found_by_both = reader.summary_subscription
    with moment(MORNING):
        summary = weekly_summary(MONDAY, "GBP")

        assert [send_to(found_by_both, reader, summary) for _ in range(2)] == [True, False]

    assert len(mails()) == 1


def test_days_that_were_not_built_are_said_in_the_mail():
    user = make_user("analyst")
    SummarySubscription.objects.create(user=user, currency="GBP")
    make_sale(MONDAY)
    make_sale(date(2026, 6, 8))
    with moment(MORNING):
        send_summaries()

    assert "Some of these days had not been built" in mails()[0].text_body


def test_it_is_asked_for_and_ended_on_the_executive_page(client):
    user = make_user("analyst")
    client.force_login(user)
    page = reverse("analytics:dashboard")
    assert "Send it to me" in client.get(page).content.decode()

    started = client.post(reverse("analytics:summary_start"), {"currency": "gbp"}, follow=True).content.decode()
    assert f"From next Monday on, the summary of each week goes to {user.email}, in GBP." in started
    assert SummarySubscription.objects.get(user=user).currency == "GBP"

    assert (
        "You get no more weekly summaries."
        in client.post(reverse("analytics:summary_end"), follow=True).content.decode()
    )
    assert not SummarySubscription.objects.exists()


def test_a_currency_without_figures_is_refused(client):
    client.force_login(make_user("analyst"))

    page = client.post(reverse("analytics:summary_start"), {"currency": "<XX>"}, follow=True).content.decode()

    assert "There are no figures in “&lt;XX&gt;”; nothing has changed." in page
    assert not SummarySubscription.objects.exists()


def test_the_link_of_the_mail_ends_it_without_signing_in_and_only_when_pressed(client, reader):
    address = urlsplit(stop_url(reader)).path

    asked = client.get(address)
    assert (asked.status_code, SummarySubscription.objects.count()) == (200, 1)
    assert "Stop the weekly summary?" in asked.content.decode()

    done = client.post(address)
    assert (done.status_code, SummarySubscription.objects.count()) == (200, 0)
    assert client.post(address).status_code == 200


@pytest.mark.parametrize("change", [lambda token: token + "x", lambda token: re.sub(r"^[0-9]+", "999", token)])
def test_a_link_that_was_not_made_by_us_leads_nowhere(client, reader, change):
    token = stop_url(reader).rstrip("/").rpartition("/")[2]

    assert client.post(reverse("summary:stop", args=[change(token)])).status_code == 404
    assert SummarySubscription.objects.count() == 1


def test_asking_twice_changes_the_currency_and_ending_twice_is_no_harm():
    user = make_user("analyst")
    subscribe(user, currency="GBP")
    subscribe(user, currency="EUR")

    assert SummarySubscription.objects.get(user=user).currency == "EUR"
    assert unsubscribe(user)
    assert not unsubscribe(user)
