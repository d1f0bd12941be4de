"""What people do with issues: recorded twice, in the audit and in a history that nobody can rewrite."""

from datetime import timedelta

import pytest
from django.db import Error, connection, transaction
from django.utils import timezone

from accounts.tests.factories import make_user
from audit.models import AuditRecord
from core.errors import DomainError, NotAllowedInState
from monitoring import issues
from monitoring.models import Issue, IssueEvent, IssueNote
from monitoring.repairs import repair
from monitoring.tests.factories import make_issue

pytestmark = pytest.mark.django_db
State = Issue.State


@pytest.fixture
def alice():
    return make_user("ops")


def test_an_acknowledged_issue_has_an_owner_and_stays_open(alice):
    issue = issues.acknowledge(make_issue().pk, actor=alice)
    assert (issue.state, issue.owner, issue.is_open) == (State.ACKNOWLEDGED, alice, True)
    charlie = make_user("ops")
    assert issues.acknowledge(issue.pk, actor=charlie).owner == charlie


def test_an_act_stands_in_the_history_and_in_the_audit(alice):
    issue = make_issue()
    issues.resolve(issue.pk, actor=alice)
    event = issue.events.get()
    assert (event.kind, event.from_state, event.to_state, event.actor_id) == ("resolved", "open", "resolved", alice.pk)
    record = AuditRecord.objects.get(action="issue.resolved")
    assert (record.subject_id, record.actor_id) == (str(issue.pk), alice.pk)


def test_an_act_that_was_done_already_writes_nothing(alice):
    issue = make_issue()
    issues.acknowledge(issue.pk, actor=alice)
    issues.acknowledge(issue.pk, actor=alice)
    assert issue.events.count() == 1


def test_a_mute_needs_a_reason_and_an_end_to_come(alice):
    issue = make_issue()
    with pytest.raises(DomainError, match="why"):
        issues.mute(issue.pk, until=None, reason="  ", actor=alice)
    with pytest.raises(DomainError, match="to come"):
        issues.mute(issue.pk, until=timezone.now(), reason="known", actor=alice)
    assert Issue.objects.get().state == State.OPEN


def test_a_mute_without_a_day_remembers_how_bad_it_was(alice):
    issue = issues.mute(make_issue(size=7).pk, until=None, reason="known", actor=alice)
    assert (issue.state, issue.muted_size, issue.muted_until, issue.is_open) == (State.MUTED, 7, None, False)


def test_reopening_ends_a_mute(alice):
    issue = issues.mute(
        make_issue().pk, until=timezone.now() + timedelta(days=1), reason="Charlie is on it", actor=alice
    )
    issue = issues.reopen(issue.pk, actor=alice)
    assert (issue.state, issue.muted_until, issue.mute_reason) == (State.OPEN, None, "")


def test_a_resolved_issue_is_not_taken_on_or_muted(alice):
    issue = issues.resolve(make_issue().pk, actor=alice)
    with pytest.raises(NotAllowedInState):
        issues.acknowledge(issue.pk, actor=alice)
    with pytest.raises(NotAllowedInState):
        issues.mute(issue.pk, until=None, reason="known", actor=alice)
    assert issues.reopen(issue.pk, actor=alice).resolved_at is None


def test_a_note_keeps_a_mute_and_can_be_erased(alice):
    issue = issues.mute(make_issue().pk, until=None, reason="known", actor=alice)
    issues.add_note(issue.pk, text=" Charlie counts the shelf on Friday. ", actor=alice)
    issue.refresh_from_db()
    assert (issue.state, issue.muted_size) == (State.MUTED, 1)
    assert issue.notes.get().text == "Charlie counts the shelf on Friday."
    IssueNote.objects.all().delete()
    assert list(issue.events.values_list("kind", flat=True)) == ["muted", "noted"]
    assert "Charlie" not in str(list(issue.events.values_list("detail", flat=True)))
    with pytest.raises(DomainError):
        issues.add_note(issue.pk, text="\n", actor=alice)


@pytest.mark.parametrize("sql", ["UPDATE monitoring_issueevent SET kind = 'x'", "DELETE FROM monitoring_issueevent"])
def test_the_history_cannot_be_rewritten(alice, sql):
    issues.resolve(make_issue().pk, actor=alice)
    with pytest.raises(Error, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
    assert IssueEvent.objects.get().kind == "resolved"


def test_there_is_no_repair_where_none_is_safe(alice):
    unsafe = make_issue(check_id="order.state_vs_history", fingerprint="a")
    rest = make_issue(entity_type="check", entity_pk="more", fingerprint="b")
    for issue in (unsafe, rest):
        with pytest.raises(DomainError, match="no repair"):
            repair(issue.pk, actor=alice)
    assert not IssueEvent.objects.exists()


def test_what_is_no_longer_there_is_not_repaired(alice):
    with pytest.raises(DomainError, match="no longer there"):
        repair(make_issue().pk, actor=alice)
    with pytest.raises(DomainError, match="no longer run"):
        repair(make_issue(check_id="old.check").pk, actor=alice)
