"""Checks by the clock, and what production's settings are asked."""

from datetime import timedelta

import pytest
from django.utils import timezone

from core.jobs import JOBS
from core.tests.races import at_once
from monitoring.checks_operations import longest_silence
from monitoring.document import render_checks
from monitoring.jobs import purge_runs, run_all_checks
from monitoring.models import CheckResult, CheckRun, Issue
from monitoring.registry import CHECKS
from monitoring.running import AnotherRun, begin
from monitoring.tests.factories import make_issue, run

CONFIG = ["config.secrets", "config.hosts", "config.payments"]


@pytest.mark.django_db
def test_the_schedule_runs_every_check_each_quarter_of_an_hour():
    assert JOBS["monitoring.run_checks"].every == timedelta(minutes=15)
    run_all_checks()
    done = CheckRun.objects.get()
    assert (done.state, done.trigger, done.is_full) == ("finished", "job", True)
    assert set(CheckResult.objects.values_list("check_id", "status")) == {(check_id, "passed") for check_id in CHECKS}


@pytest.mark.django_db
def test_the_schedule_leaves_a_run_that_is_on_alone():
    begin(trigger=CheckRun.Trigger.COMMAND, is_full=True)
    run_all_checks()
    assert CheckRun.objects.count() == 1


@pytest.mark.django_db
def test_old_runs_go_and_issues_stay():
    make_issue()
    run("mail.failed")
    CheckRun.objects.update(started_at=timezone.now() - timedelta(days=31))
    run("mail.failed")
    purge_runs()
    assert CheckRun.objects.count() == 1
    assert CheckResult.objects.count() == 1
    assert Issue.objects.count() == 1


def test_a_daily_job_may_be_silent_for_a_day_and_a_frequent_one_for_minutes():
    assert longest_silence(JOBS["payments.poll"]) == timedelta(minutes=14)
    assert longest_silence(JOBS["core.purge_runs"]) == timedelta(hours=26)


@pytest.mark.django_db
def test_outside_production_settings_are_not_judged_and_their_issues_stay(settings):
    settings.ALLOWED_HOSTS = ["*"]
    make_issue(check_id="config.hosts", entity_type="setting", entity_pk="hosts")
    done = run(*CONFIG)
    assert [(result.status, result.examined) for result in done.found] == [("passed", 0), ("issues", 0), ("passed", 0)]
    assert Issue.objects.get().state == Issue.State.OPEN


@pytest.mark.django_db
def test_in_production_what_is_unfit_is_an_issue(settings):
    settings.REFUSE_UNFIT_SETTINGS = True
    settings.ALLOWED_HOSTS, settings.SECRET_KEY, settings.PAYMENTS_USE_STRIPE = ["*"], "secret", False
    assert run(*CONFIG).open == 3
    assert "simulator" in Issue.objects.get(check_id="config.payments").details["found"]["answer"]
    assert "secret" not in Issue.objects.get(check_id="config.secrets").details["found"].values()
    settings.ALLOWED_HOSTS, settings.SECRET_KEY, settings.PAYMENTS_USE_STRIPE = (
        ["shop.example"],
        "Ab3-" * 20 + "xyz",
        True,
    )
    assert (run(*CONFIG).resolved, Issue.objects.open().count()) == (3, 0)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_of_many_runs_at_once_one_gets_the_lease():
    def attempt() -> None:
        begin(trigger=CheckRun.Trigger.JOB, is_full=True)

    assert sorted(at_once([attempt] * 6)) == [AnotherRun.__name__] * 5 + ["done"]
    assert CheckRun.objects.running().count() == 1


def test_the_document_has_a_row_for_every_check():
    text = render_checks()
    assert all(f"| `{check_id}` |" in text for check_id in CHECKS)
