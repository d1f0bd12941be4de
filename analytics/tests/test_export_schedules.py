"""Files that are made after each day, week or month: once a period, over the days of it, for who may have them."""

from datetime import UTC, date, datetime

import pytest

from accounts.tests.factories import make_user
from analytics.exports.datasets import DATASETS
from analytics.exports.running import FULL, write_due_files
from analytics.exports.scheduling import ask_for_due_files, make_schedule, period_ended
from analytics.models import ExportRun, ExportSchedule
from analytics.tests.factories import make_sale
from audit.models import AuditRecord
from mail.models import OutgoingMail
from rbac.roles import assign_role

pytestmark = pytest.mark.django_db
MONDAY = datetime(2026, 6, 8, 0, 30, tzinfo=UTC)  # 01:30 in London
ADDRESS = "/console/exports/scheduled/"
CHOICE = {"dataset": "orders", "currency": "GBP", "format": "csv", "every": "day"}


def schedule(every: str = "day", **more: object) -> ExportSchedule:
    wanted = {"currency": "GBP", "file_format": "csv", "owner": more.pop("owner", None) or make_user("analyst")}
    return make_schedule(DATASETS["orders"], every=every, **wanted)


@pytest.mark.parametrize(
    ("every", "on", "start", "end"),
    [
        ("day", date(2026, 6, 8), date(2026, 6, 7), date(2026, 6, 7)),
        ("week", date(2026, 6, 8), date(2026, 6, 1), date(2026, 6, 7)),
        ("week", date(2026, 6, 14), date(2026, 6, 1), date(2026, 6, 7)),
        ("month", date(2026, 6, 1), date(2026, 5, 1), date(2026, 5, 31)),
        ("month", date(2026, 3, 31), date(2026, 2, 1), date(2026, 2, 28)),
        ("month", date(2026, 1, 1), date(2025, 12, 1), date(2025, 12, 31)),
    ],
)
def test_the_period_is_the_one_that_has_just_ended(every, on, start, end):
    window = period_ended(every, on)

    assert (window.start, window.end) == (start, end)


def test_a_file_is_made_once_for_each_period_that_ends_after_the_schedule_was_made(time_machine):
    time_machine.move_to(MONDAY, tick=False)
    daily, weekly = schedule(), schedule("week")
    assert ask_for_due_files() == 0

    time_machine.move_to(datetime(2026, 6, 9, 0, 30, tzinfo=UTC), tick=False)
    assert (ask_for_due_files(), ask_for_due_files()) == (1, 0)
    time_machine.move_to(datetime(2026, 6, 15, 0, 30, tzinfo=UTC), tick=False)  # no worker ran for five days
    assert ask_for_due_files() == 2

    asked = ExportRun.objects.order_by("requested_at", "end").values_list("schedule", "start", "end")
    assert set(asked) == {
        (daily.pk, date(2026, 6, 8), date(2026, 6, 8)),
        (daily.pk, date(2026, 6, 14), date(2026, 6, 14)),
        (weekly.pk, date(2026, 6, 8), date(2026, 6, 14)),
    }


def test_a_day_is_one_of_the_store_not_of_utc(time_machine):
    time_machine.move_to(datetime(2026, 6, 8, 12, tzinfo=UTC), tick=False)
    schedule()

    time_machine.move_to(datetime(2026, 6, 8, 22, 59, tzinfo=UTC), tick=False)
    assert ask_for_due_files() == 0
    time_machine.move_to(datetime(2026, 6, 8, 23, 1, tzinfo=UTC), tick=False)  # 00:01 on the 9th in London
    assert ask_for_due_files() == 1
    assert ExportRun.objects.get().end == date(2026, 6, 8)


def test_the_owner_gets_a_mail_with_a_link_and_no_file(time_machine):
    time_machine.move_to(MONDAY, tick=False)
    owner = make_user("analyst", email="ada@example.com")
    schedule(owner=owner)
    make_sale(date(2026, 6, 8))
    time_machine.move_to(datetime(2026, 6, 9, 0, 30, tzinfo=UTC), tick=False)
    ask_for_due_files()

    write_due_files()

    run, mail = ExportRun.objects.get(), OutgoingMail.objects.get(kind="export_ready")
    assert (run.state, run.rows_done) == (ExportRun.State.DONE, 1)
    assert (mail.recipient, mail.subject) == ("ada@example.com", "Orders is ready: 8 Jun to 8 Jun 2026")
    assert f"/console/exports/files/{run.pk}/" in mail.text_body
    assert "It has 1 row and" in mail.text_body
    done = AuditRecord.objects.get(action="export.run")
    assert (done.actor_id, done.outcome, done.subject_id) == (owner.pk, "done", str(run.pk))


def test_the_owner_is_told_if_it_could_not_be_written(time_machine, settings):
    time_machine.move_to(MONDAY, tick=False)
    schedule()
    time_machine.move_to(datetime(2026, 6, 9, 0, 30, tzinfo=UTC), tick=False)
    ask_for_due_files()
    folder = settings.EXPORTS_ROOT / "partial"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{ExportRun.objects.get().pk}-1.csv").symlink_to("/dev/full")

    write_due_files()

    mail = OutgoingMail.objects.get()
    assert (mail.kind, FULL in mail.text_body) == ("export_failed", True)


def test_an_owner_who_may_no_longer_have_it_is_skipped_and_told_once_a_period(time_machine):
    time_machine.move_to(MONDAY, tick=False)
    owner = make_user("analyst")
    schedule(owner=owner)
    assign_role(owner, "customer", actor=None)
    time_machine.move_to(datetime(2026, 6, 9, 0, 30, tzinfo=UTC), tick=False)

    assert (ask_for_due_files(), ask_for_due_files()) == (0, 0)

    assert ExportRun.objects.count() == 0
    assert OutgoingMail.objects.get().kind == "export_skipped"
    assert AuditRecord.objects.get(action="export.run").outcome == "refused"


def test_personal_columns_follow_what_the_owner_may_see_when_it_is_made(time_machine):
    time_machine.move_to(MONDAY, tick=False)
    admin = make_user("admin")
    make_user("admin")
    schedule(owner=admin)
    time_machine.move_to(datetime(2026, 6, 9, 0, 30, tzinfo=UTC), tick=False)
    ask_for_due_files()
    assign_role(admin, "analyst", actor=None)
    time_machine.move_to(datetime(2026, 6, 10, 0, 30, tzinfo=UTC), tick=False)
    ask_for_due_files()

    assert list(ExportRun.objects.order_by("end").values_list("with_personal", flat=True)) == [True, False]


def test_the_page_makes_lists_and_deletes_schedules(client):
    owner = make_user("analyst")
    client.force_login(owner)

    assert client.post(f"{ADDRESS}new/", CHOICE).status_code == 302
    twice = client.post(f"{ADDRESS}new/", CHOICE)
    assert twice.status_code == 422
    assert "a schedule for just this file already" in twice.content.decode()
    page = client.get(ADDRESS).content.decode()
    assert "every day" in page
    mine = ExportSchedule.objects.get()
    client.force_login(make_user("ops"))
    assert client.post(f"{ADDRESS}{mine.pk}/delete/").status_code == 404
    client.force_login(owner)
    client.post(f"{ADDRESS}{mine.pk}/delete/")
    assert not ExportSchedule.objects.exists()
    kept = AuditRecord.objects.filter(action__startswith="export.").order_by("id").values_list("action", flat=True)
    assert list(kept) == ["export.scheduled", "export.unscheduled"]


@pytest.mark.parametrize("bad", [{"dataset": "passwords"}, {"every": "hour"}, {"currency": "XXX"}, {"format": "xls"}])
def test_a_choice_that_makes_no_sense_is_refused_with_a_sentence(client, bad):
    client.force_login(make_user("analyst"))

    answer = client.post(f"{ADDRESS}new/", CHOICE | bad)

    assert (answer.status_code, ExportSchedule.objects.count()) == (422, 0)
    assert answer.context["form"].errors.keys() == bad.keys()
