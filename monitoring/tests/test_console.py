"""The staff pages: who may open what, what they show, bounded queries, input that makes no sense."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.tests.factories import make_user
from audit.models import AuditRecord
from core.days import today
from core.testing import run_tasks
from monitoring import issues
from monitoring.models import CheckResult, CheckRun, Issue
from monitoring.registry import CHECKS
from monitoring.running import begin
from monitoring.tests.factories import make_issue, make_shop, run
from orders.tests.factories import make_order
from payments.tests.factories import make_dispute
from products.models import StockItem

pytestmark = pytest.mark.django_db
State = Issue.State
DASHBOARD, LIST = "/console/monitoring/", "/console/monitoring/issues/"


def page(client, url, status=200, **query):
    response = client.get(url, query)
    assert response.status_code == status
    return response.content.decode()


def queries(client, url) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(url).status_code == 200
    return len(captured)


def act(client, issue, name, status=302, **values):
    response = client.post(reverse(f"monitoring:{name}", args=[issue.pk]), values)
    assert response.status_code == status
    issue.refresh_from_db()
    return response.content.decode()


def make_results(at, **changes):
    done = CheckRun.objects.create(trigger="job", state="finished", started_at=at, finished_at=at, lease_until=at)
    values = {"status": CheckResult.Status.PASSED, "examined": 12, "at": at, "run": done} | changes
    CheckResult.objects.bulk_create(CheckResult(check_id=check_id, **values) for check_id in CHECKS)


def test_before_the_first_run_the_dashboard_says_so(signed_in):
    assert "The checks have not run yet" in page(signed_in("analyst"), DASHBOARD)


def test_the_dashboard_says_when_all_checks_passed(signed_in):
    make_results(timezone.now() - timedelta(minutes=3, seconds=5))
    html = page(signed_in("analyst"), DASHBOARD)
    assert "All checks passed 3 minutes ago" in html
    assert html.count('data-status="passed"') == len(CHECKS)


def test_the_dashboard_says_when_the_checks_no_longer_run(signed_in):
    make_results(timezone.now() - timedelta(hours=5))
    html = page(signed_in("analyst"), DASHBOARD)
    assert "All checks passed 5 hours ago" in html
    assert "see whether it runs" in html


def test_the_dashboard_says_what_is_open_and_what_crashed(signed_in):
    make_results(timezone.now())
    make_issue()
    assert "1 open issue, 1 critical" in page(signed_in("ops"), DASHBOARD)
    make_results(timezone.now(), status=CheckResult.Status.CRASHED)
    assert f"{len(CHECKS)} checks could not run" in page(signed_in("ops"), DASHBOARD)


def test_the_dashboard_shows_first_what_is_wrong(signed_in):
    make_results(timezone.now())
    make_issue(check_id="stock.reserved_mismatch")
    html = page(signed_in("ops"), DASHBOARD)
    first = min(CHECKS, key=lambda check_id: html.index(f">{check_id}<"))
    assert first == "stock.reserved_mismatch"


@pytest.mark.parametrize(
    ("entity", "key"),
    [("payment", "1"), ("refund", "9" * 40), ("stock_item", "7"), ("mail", "x"), ("webhook_event", "3"), ("order", "")],
)
def test_an_issue_about_something_that_is_gone_can_be_read(signed_in, entity, key):
    issue = make_issue(entity_type=entity, entity_pk=key)
    assert "Evidence" in page(signed_in("ops"), issue.get_absolute_url())


def test_who_may_not_run_checks_sees_no_button(signed_in):
    make_results(timezone.now())
    assert "Run all checks" in page(signed_in("ops"), DASHBOARD)
    assert "Run all checks" not in page(signed_in("analyst"), DASHBOARD)


def test_running_all_checks_is_audited_and_left_to_the_worker(signed_in):
    ops = signed_in("ops")
    assert ops.post("/console/monitoring/run/").status_code == 302
    assert AuditRecord.objects.get(action="checks.run").actor_role == "ops"
    assert not CheckRun.objects.exists()
    run_tasks()
    assert CheckRun.objects.get().trigger == CheckRun.Trigger.PERSON
    assert CheckResult.objects.count() == len(CHECKS)


def test_one_check_runs_at_once(signed_in):
    response = signed_in("ops").post("/console/monitoring/checks/stock.ledger_mismatch/run/", follow=True)
    assert "stock.ledger_mismatch passed: 0 rows examined" in response.content.decode()
    assert CheckResult.objects.get().check_id == "stock.ledger_mismatch"


def test_one_check_waits_for_a_run_that_is_on(signed_in):
    begin(trigger="job", is_full=True)
    response = signed_in("ops").post("/console/monitoring/checks/stock.ledger_mismatch/run/", follow=True)
    assert "running already" in response.content.decode()
    assert not CheckResult.objects.exists()


def test_a_check_that_there_is_not_cannot_be_run(signed_in):
    assert signed_in("ops").post("/console/monitoring/checks/no.such/run/").status_code == 404


def test_the_list_shows_what_is_not_resolved_and_is_narrowed(signed_in):
    client = signed_in("analyst")
    make_issue(subject="Open one")
    make_issue(subject="Low one", severity="low", check_id="order.stale_pending")
    make_issue(subject="Done one", state=State.RESOLVED, resolved_at=timezone.now())

    def shown(**query):
        html = page(client, LIST, **query)
        return [name for name in ("Open", "Low", "Done") if f"{name} one" in html]

    assert shown() == ["Open", "Low"]
    assert shown(state="resolved") == ["Done"]
    assert shown(state="any") == ["Open", "Low", "Done"]
    assert shown(severity="low") == ["Low"]
    assert shown(check="stock.ledger_mismatch", state="any") == ["Open", "Done"]
    assert shown(severity="medium") == []


@pytest.mark.parametrize("query", [{"state": "x"}, {"severity": "-1"}, {"check": "' OR 1=1"}, {"page": "-1"}])
def test_a_query_that_makes_no_sense_narrows_nothing(signed_in, query):
    make_issue(subject="Still here")
    assert "Still here" in page(signed_in("ops"), LIST, **query)


def test_lists_ask_as_much_of_the_database_for_many_issues_as_for_few(signed_in):
    client, owner = signed_in("ops"), make_user("ops")
    make_results(timezone.now())
    make_issue(owner=owner)
    few = {url: queries(client, url) for url in (DASHBOARD, LIST)}
    for _ in range(40):
        make_issue(owner=make_user("ops"))
    assert {url: queries(client, url) for url in (DASHBOARD, LIST)} == few
    assert max(few.values()) <= 12


def test_an_issue_asks_as_much_of_the_database_for_a_long_history(signed_in):
    client, issue = signed_in("ops"), make_issue()
    issues.acknowledge(issue.pk, actor=make_user("ops"))
    issues.add_note(issue.pk, text="One", actor=make_user("ops"))
    few = queries(client, issue.get_absolute_url())
    for _ in range(20):
        issues.acknowledge(issue.pk, actor=make_user("ops"))
        issues.add_note(issue.pk, text="More", actor=make_user("ops"))
    assert queries(client, issue.get_absolute_url()) == few


def test_an_issue_shows_evidence_what_to_do_and_history(signed_in):
    order = make_order()
    issue = make_issue(
        check_id="pay.amount_mismatch",
        fingerprint="x",
        entity_type="order",
        entity_pk=str(order.pk),
        currency="GBP",
        details={"expected": {"captured_minor": 2650}, "found": {"captured_minor": 2500}},
    )
    issues.add_note(issue.pk, text="I ask the bank <b>today</b>", actor=make_user("ops"))
    html = page(signed_in("ops"), issue.get_absolute_url())
    assert "£26.50" in html
    assert "£25.00" in html
    assert "Note: I ask the bank &lt;b&gt;today&lt;/b&gt;" in html
    assert reverse("orders:console_detail", args=[order.pk]) in html
    assert CHECKS["pay.amount_mismatch"].what_to_do in html


def test_an_issue_links_only_where_its_reader_may_go(signed_in):
    order = make_order()
    issue = make_issue(entity_type="order", entity_pk=str(order.pk))
    html = page(signed_in("analyst"), issue.get_absolute_url())
    assert reverse("orders:console_detail", args=[order.pk]) not in html
    assert "Take it on" not in html
    assert "Mute" not in html


def test_an_issue_of_a_dispute_leads_to_it(signed_in):
    dispute = make_dispute()
    issue = make_issue(check_id="ops.dispute_due", entity_type="dispute", entity_pk=str(dispute.pk))
    assert dispute.get_absolute_url() in page(signed_in("ops"), issue.get_absolute_url())
    assert dispute.get_absolute_url() not in page(signed_in("analyst"), issue.get_absolute_url())


def test_an_issue_of_a_check_that_is_gone_can_still_be_read_and_resolved(signed_in):
    ops, issue = signed_in("ops"), make_issue(check_id="old.check", entity_type="thing", entity_pk="x/y")
    assert "no longer run" in page(ops, issue.get_absolute_url())
    assert "old.check" in page(ops, LIST)
    act(ops, issue, "resolve")
    assert issue.state == State.RESOLVED


def test_ops_takes_on_mutes_reopens_resolves_and_notes(signed_in):
    ops, issue = signed_in("ops"), make_issue()
    act(ops, issue, "acknowledge")
    assert issue.state == State.ACKNOWLEDGED
    act(ops, issue, "mute", reason="known", until=today().isoformat())
    assert issue.state == State.MUTED
    assert issue.muted_until > timezone.now()
    act(ops, issue, "reopen")
    act(ops, issue, "note", text="Counted twice")
    act(ops, issue, "resolve")
    assert issue.state == State.RESOLVED
    assert AuditRecord.objects.filter(action__startswith="issue.").count() == 5


@pytest.mark.parametrize(
    "values", [{"reason": ""}, {"reason": "x", "until": "2001-01-01"}, {"reason": "x", "until": "soon"}, {}]
)
def test_a_mute_that_cannot_be_is_explained_and_changes_nothing(signed_in, values):
    issue = make_issue()
    html = act(signed_in("ops"), issue, "mute", status=422, **values)
    assert 'role="alert"' in html
    assert issue.state == State.OPEN


def test_a_note_of_nothing_is_explained(signed_in):
    issue = make_issue()
    assert 'role="alert"' in act(signed_in("ops"), issue, "note", status=422, text="  ")
    assert not issue.notes.exists()


def test_an_analyst_reads_and_changes_nothing(signed_in):
    analyst, issue = signed_in("analyst"), make_issue()
    for name in ("acknowledge", "resolve", "reopen", "mute", "note", "repair"):
        act(analyst, issue, name, status=403)
    assert issue.state == State.OPEN
    assert AuditRecord.objects.filter(action="access.refused", outcome="refused").count() == 6


def test_a_repair_is_one_audited_click_and_looks_again(signed_in):
    shop = make_shop()
    StockItem.objects.filter(pk=shop.stock.pk).update(on_hand=shop.stock.on_hand + 3)
    run("stock.ledger_mismatch")
    issue = Issue.objects.get()
    ops = signed_in("ops")
    html = page(ops, issue.get_absolute_url())
    assert "Repair" in html
    assert reverse("products:console_stock_item", args=[shop.stock.variant_id]) in html
    act(ops, issue, "repair")
    assert issue.state == State.RESOLVED
    shop.stock.refresh_from_db()
    assert shop.stock.on_hand == 18
    assert AuditRecord.objects.filter(action="issue.repaired").count() == 1
    assert AuditRecord.objects.filter(action="stock.rebuilt").count() == 1


def test_a_repair_that_would_promise_too_much_is_refused_with_a_sentence(signed_in):
    shop = make_shop()
    StockItem.objects.filter(pk=shop.stock.pk).update(on_hand=30, reserved=25)
    run("stock.ledger_mismatch")
    issue = Issue.objects.get()
    ops = signed_in("ops")
    act(ops, issue, "repair")
    assert "count the shelf" in page(ops, issue.get_absolute_url())
    assert issue.state == State.OPEN
    assert AuditRecord.objects.get(action="issue.repaired").outcome == "refused"


def test_the_sidebar_counts_open_issues(signed_in):
    make_issue()
    make_issue(state=State.MUTED, mute_reason="known", muted_size=1)
    html = page(signed_in("analyst"), DASHBOARD)
    assert '<span class="pill" data-tone="warn">1</span>' in html
