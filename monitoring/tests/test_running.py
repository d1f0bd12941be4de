"""The runner: what a check that raises does, the lease, the limit of issues, scope, mutes and exit statuses."""

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.utils import timezone

from monitoring import registry
from monitoring.models import CheckResult, CheckRun, Issue, Severity
from monitoring.registry import CannotRun, Check, Finding, Look
from monitoring.running import LEASE, AnotherRun, begin, run_checks, time_limit

pytestmark = pytest.mark.django_db
State = Issue.State
Trigger = CheckRun.Trigger


@pytest.fixture
def world(monkeypatch):
    """A registry of one check, `test.things`, that finds what the returned list holds."""
    things: list[object] = []

    def look() -> Look:
        for thing in things:
            if isinstance(thing, Exception):
                raise thing
        return Look(10, (finding(thing) for thing in things))

    monkeypatch.setattr(registry, "CHECKS", {})
    declare("test.things", look)
    for module in ("monitoring.management.commands.run_checks", "monitoring.repairs"):
        monkeypatch.setattr(f"{module}.CHECKS", registry.CHECKS)
    return things


def declare(check_id: str, look, severity: Severity = Severity.HIGH, repair=None, **more) -> Check:
    words = {"title": "Thing", "rule": "No things.", "what_to_do": "Look."}
    registry.check(check_id, severity=severity, repair=repair, **words, **more)(look)
    return registry.CHECKS[check_id]


def finding(thing: object, size: int = 1) -> Finding:
    return Finding("thing", thing, {"value": 0}, {"value": size}, size=size)


def run(**options):
    return run_checks(registry.all_checks(), trigger=Trigger.COMMAND, is_full=True, **options)


def command(*arguments: str) -> tuple[int, str]:
    """Exit status and output of the command."""
    out = StringIO()
    try:
        call_command("run_checks", *arguments, stdout=out)
    except SystemExit as status:
        return int(status.code or 0), out.getvalue()
    except CommandError as error:
        return error.returncode, str(error)
    raise AssertionError("the command says how it ended")


def states() -> dict[str, str]:
    return dict(Issue.objects.order_by("fingerprint").values_list("entity_pk", "state"))


def test_a_clean_run_exits_0_and_ends_with_its_counts(world):
    status, output = command("--fail-on-issues")
    assert status == 0
    assert output.rstrip().splitlines()[-1] == "open=0 resolved=0"


def test_open_issues_exit_1_only_if_asked(world):
    world.append(1)
    assert command()[0] == 0
    assert command("--fail-on-issues")[0] == 1
    assert command("--fail-on", "high")[0] == 1
    assert command("--fail-on", "medium")[0] == 1
    assert command("--fail-on", "critical")[0] == 0


def test_the_last_line_counts_what_this_run_resolved(world):
    world.extend([1, 2])
    assert command()[1].rstrip().splitlines()[-1] == "open=2 resolved=0"
    world.remove(1)
    assert command()[1].rstrip().splitlines()[-1] == "open=1 resolved=1"
    assert command()[1].rstrip().splitlines()[-1] == "open=1 resolved=0"


def test_a_check_that_raises_exits_2_and_keeps_its_issues_open(world):
    world.append(1)
    declare("test.other", lambda: Look(3))
    run()
    world[:] = [ValueError("a bug")]
    status, output = command("--fail-on-issues")
    assert status == 2
    assert "crashed  test.things" in output
    assert "ValueError: a bug" in output
    assert "passed   test.other" in output
    assert states() == {"1": State.OPEN}
    assert CheckResult.objects.filter(check_id="test.things").latest("id").error.startswith("Traceback")


def test_a_check_that_fails_halfway_through_its_findings_keeps_its_issues(world, monkeypatch):
    world.extend([1, 2])
    run()

    def broken() -> Look:
        def findings():
            yield finding(1)
            raise ValueError("the connection broke off")

        return Look(1, findings())

    registry.CHECKS.clear()
    declare("test.things", broken)
    assert run().is_broken
    assert states() == {"1": State.OPEN, "2": State.OPEN}


def test_a_statement_that_fails_is_a_crash_and_the_run_goes_on(world):
    def broken() -> Look:
        with connection.cursor() as cursor:
            cursor.execute("SELECT nothing FROM nowhere")
        return Look(0)

    declare("test.broken", broken)
    world.append(1)
    with transaction.atomic():
        done = run()
    assert [(result.check_id, result.status) for result in done.found] == [
        ("test.broken", "crashed"),
        ("test.things", "issues"),
    ]


def test_a_check_that_cannot_run_is_skipped_and_exits_2(world):
    world.append(1)
    run()
    world[:] = [CannotRun("Stripe does not answer.")]
    status, output = command()
    assert status == 2
    assert "skipped  test.things" in output
    assert states() == {"1": State.OPEN}


def test_another_run_exits_3(world):
    begin(trigger=Trigger.JOB, is_full=True)
    status, output = command("--fail-on-issues")
    assert status == 3
    assert "running already" in output


def test_a_run_that_died_is_marked_and_its_lease_taken(world):
    died = begin(trigger=Trigger.JOB, is_full=True)
    CheckRun.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert command()[0] == 0
    died.refresh_from_db()
    assert died.state == CheckRun.State.DIED


def test_a_run_that_lost_its_lease_looks_no_further(world):
    def losing() -> Look:
        CheckRun.objects.update(state=CheckRun.State.DIED, lease_until=timezone.now() - LEASE)
        return Look(1)

    declare("test.losing", losing)
    world.append(1)
    assert [result.status for result in run().found] == ["passed", "skipped"]
    assert states() == {}


def test_a_run_gives_its_lease_back(world):
    run()
    assert CheckRun.objects.get().state == CheckRun.State.FINISHED
    begin(trigger=Trigger.JOB, is_full=True)
    with pytest.raises(AnotherRun):
        begin(trigger=Trigger.JOB, is_full=True)


def test_an_unknown_check_could_not_run(world):
    status, output = command("--only", "test.things", "--only", "no.such")
    assert status == 2
    assert "no.such" in output


def test_only_the_named_checks_run_and_count(world):
    declare("test.other", lambda: Look(3, [finding(7)]))
    world.append(1)
    status, output = command("--only", "test.other", "--json")
    answer = json.loads(output)
    assert (status, answer["open"]) == (0, 1)
    assert [check["id"] for check in answer["checks"]] == ["test.other"]
    assert not CheckRun.objects.get().is_full


def test_the_json_has_the_shape_of_the_contract(world):
    world.append(1)
    answer = json.loads(command("--json")[1])
    seconds = answer["checks"][0].pop("seconds")
    assert isinstance(seconds, float)
    assert answer == {
        "checks": [{"id": "test.things", "status": "issues", "examined": 10, "open": 1}],
        "open": 1,
        "resolved": 0,
    }


def test_past_fifty_one_issue_counts_the_rest(world):
    world.extend(range(53))
    assert run().open == 51
    rest = Issue.objects.get(entity_type="check")
    assert rest.fingerprint == "test.things:check:more"
    assert rest.details["found"] == {"more": 3}
    run()
    assert Issue.objects.open().count() == 51


def test_past_fifty_the_known_ones_stand_whatever_order_they_come_in(world):
    world.extend(range(50))
    run()
    world[:] = range(100, 30, -1)
    run()
    assert set(states()) - {"more"} == {str(number) for number in range(50)} | {
        str(number) for number in range(100, 69, -1)
    }
    assert sum(state == State.RESOLVED for state in states().values()) == 31
    assert Issue.objects.open().filter(entity_type="thing").count() == 50
    world[:] = []
    assert run().resolved == 51


def test_what_lies_outside_the_scope_is_not_resolved(world):
    world.extend([1, 2])
    run()
    registry.CHECKS.clear()
    declare("test.things", lambda: Look(1, [], covers=lambda issue: issue.entity_pk == "1"))
    assert (run().resolved, states()) == (1, {"1": State.RESOLVED, "2": State.OPEN})


def test_the_details_follow_and_the_fingerprint_stays(world):
    registry.CHECKS.clear()
    sizes = [1]
    declare("test.things", lambda: Look(1, [finding(1, size=sizes[0])]))
    run()
    run()
    sizes[0] = 5
    run()
    issue = Issue.objects.get()
    assert (issue.size, issue.details["found"]) == (5, {"value": 5})
    assert list(issue.events.values_list("kind", flat=True)) == ["opened", "changed"]


@pytest.mark.parametrize(
    ("mute", "size", "state"),
    [
        ({"muted_size": 5}, 5, State.MUTED),
        ({"muted_size": 5}, 6, State.OPEN),
        ({"muted_until": timedelta(hours=1)}, 99, State.MUTED),
        ({"muted_until": timedelta(hours=-1)}, 1, State.OPEN),
    ],
)
def test_a_mute_ends_with_its_day_or_when_it_gets_worse(world, mute, size, state):
    registry.CHECKS.clear()
    declare("test.things", lambda: Look(1, [finding(1, size=size)]))
    run()
    values = {name: timezone.now() + value if name == "muted_until" else value for name, value in mute.items()}
    Issue.objects.update(state=State.MUTED, mute_reason="known", **values)
    done = run()
    assert Issue.objects.get().state == state
    assert done.open == (state == State.OPEN)


def test_a_muted_issue_does_not_fail_a_run_and_is_resolved_like_any(world):
    world.append(1)
    run()
    Issue.objects.update(state=State.MUTED, mute_reason="known", muted_size=1)
    assert command("--fail-on-issues")[0] == 0
    world.clear()
    assert command()[1].rstrip().splitlines()[-1] == "open=0 resolved=1"


def test_repairs_come_after_the_findings_are_recorded(world):
    registry.CHECKS.clear()
    broken = [1, 2]
    seen: list[int] = []

    def mend(issue: Issue) -> str:
        seen.append(Issue.objects.open().count())
        broken.remove(int(issue.entity_pk))
        return "mended"

    declare("test.things", lambda: Look(2, [finding(thing) for thing in broken]), repair=mend)
    assert command("--fail-on-issues")[1].rstrip().splitlines()[-1] == "open=2 resolved=0"
    status, output = command("--fail-on-issues", "--repair")
    assert status == 1  # that of the findings, before the repair
    assert output.rstrip().splitlines()[-1] == "open=0 resolved=2"
    assert seen == [2, 2]
    assert command("--fail-on-issues", "--repair")[0] == 0


def test_a_repair_that_fails_leaves_the_issue_and_the_others_are_repaired(world):
    registry.CHECKS.clear()
    broken = [1, 2]

    def mend(issue: Issue) -> str:
        if issue.entity_pk == "1":
            raise ValueError("a bug")
        broken.remove(2)
        return "mended"

    declare("test.things", lambda: Look(2, [finding(thing) for thing in broken]), repair=mend)
    command("--repair")
    assert states() == {"1": State.OPEN, "2": State.RESOLVED}


def test_a_check_declared_twice_is_a_mistake(world):
    with pytest.raises(ValueError, match="two checks named"):
        declare("test.things", lambda: Look(0))


@pytest.mark.postgres
def test_no_statement_runs_past_its_limit(world):
    def slow() -> Look:
        with time_limit(0.2), connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(5)")
        return Look(0)

    registry.CHECKS.clear()
    declare("test.slow", slow)
    result = run().found[0]
    assert result.status == "crashed"
    assert "statement timeout" in result.error
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("0",)


def test_a_check_that_asks_outside_holds_no_transaction(world):
    depths = {}

    def looking(name: str):
        def look() -> Look:
            def findings():
                depths[name] = len(connection.atomic_blocks)
                yield finding(name)

            return Look(1, findings())

        return look

    registry.CHECKS.clear()
    declare("test.inside", looking("inside"))
    declare("test.outside", looking("outside"), asks_outside=True)
    before = len(connection.atomic_blocks)
    run()
    assert depths["outside"] == before
    assert depths["inside"] == before + (connection.vendor == "postgresql")
