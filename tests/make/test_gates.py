"""What the gates take for a pass: a tool's exit code alone is not always the truth."""

import json
import re

import pytest

from tools import gates
from tools.gates import (
    Gate,
    Verdict,
    all_examined,
    audit,
    by_exit_code,
    ends_with,
    locked_names,
    pytest_counts,
    run,
    suite_counted,
    without_warnings,
)
from tools.prove import Record, prove
from tools.run_tests import Step, table


def audited(*, skipped: str = "", vulnerable: str = "") -> str:
    """pip-audit's answer for the lock file as it stands."""
    rows = []
    for name in sorted(locked_names()):
        row = {"name": name, "version": "1", "vulns": [{"id": "PYSEC-1"}] if name == vulnerable else []}
        rows.append({"name": name, "skip_reason": "not found"} if name == skipped else row)
    return "No known vulnerabilities found\n" + json.dumps({"dependencies": rows, "fixes": []})


def test_an_audit_of_everything_passes():
    count = len(locked_names())
    assert audit(0, audited()) == Verdict("PASS", f"audited {count} of {count} locked packages")


def test_an_audit_that_left_a_package_out_has_not_run():
    count = len(locked_names())
    assert audit(0, audited(skipped="django")) == Verdict("NOT RUN", f"audited {count - 1} of {count} locked packages")


def test_an_audit_that_left_a_package_out_fails_on_github(monkeypatch):
    monkeypatch.setattr(gates, "ON_GITHUB", True)
    assert audit(0, audited(skipped="django")).word == "FAIL"


def test_a_vulnerability_fails_even_if_a_package_was_left_out():
    verdict = audit(1, audited(skipped="stripe", vulnerable="django"))
    assert verdict == Verdict("FAIL", "known vulnerabilities: django")


def test_an_audit_without_an_answer_has_not_run():
    assert audit(1, "connection refused") == Verdict("NOT RUN", "no answer (exit code 1)")


def test_the_lock_is_read_with_its_markers():
    assert {"django", "stripe", "psycopg"} <= locked_names()
    assert "tzdata" not in locked_names()  # locked for Windows only


def test_a_check_with_warnings_fails():
    note = "System check identified 2 issues (0 silenced)."
    assert without_warnings(0, f"WARNINGS:\n...\n{note}") == Verdict("FAIL", note)


def test_a_check_without_issues_passes():
    note = "System check identified no issues (0 silenced)."
    assert without_warnings(0, note) == Verdict("PASS", note)


@pytest.mark.parametrize(
    ("line", "passed", "failed"),
    [
        ("============ 12 passed in 3.20s ============", 12, 0),
        ("===== 1 failed, 12 passed, 3 deselected in 61.20s (0:01:01) =====", 12, 1),
        ("===== 2 passed, 1 error in 0.50s =====", 2, 1),
        ("===== 3 deselected in 0.10s =====", 0, 0),
    ],
)
def test_the_closing_line_of_pytest_is_counted(line, passed, failed):
    assert pytest_counts(f"collected\n{line}\n") == {"passed": passed, "failed": failed}


def test_a_suite_without_a_test_fails():
    assert suite_counted(0, "===== 3 deselected in 0.10s =====") == Verdict("FAIL", "no test ran")


def test_a_missing_program_is_not_run():
    gate = Gate("x", "no-such-program --check", by_exit_code, needs="no-such-program")
    assert run(gate, {}, show=False) == (None, "", Verdict("NOT RUN", "no-such-program is not installed"))


def test_a_failing_command_fails():
    assert run(Gate("x", "false", by_exit_code), {}, show=False) == (1, "", Verdict("FAIL", "exit code 1"))


TRUE, FALSE = (Gate(word, word, by_exit_code) for word in ("true", "false"))


def test_a_gate_whose_ground_cannot_be_made_fails_and_is_not_run():
    heard = []
    gate = Gate("x", "true", by_exit_code, before=(TRUE, FALSE), after=(TRUE,))
    assert run(gate, {}, show=False, told=lambda step, *_: heard.append(step.name))[2] == Verdict(
        "FAIL", "false: exit code 1"
    )
    assert heard == ["true", "false"]


def test_a_gate_that_cannot_be_shown_to_fail_fails():
    gate = Gate("x", "true", by_exit_code, before=(TRUE,), after=(FALSE, TRUE))
    assert run(gate, {}, show=False)[2] == Verdict("FAIL", "false: exit code 1")


def test_a_gate_that_fails_shows_nothing_more():
    heard = []
    gate = Gate("x", "false", by_exit_code, after=(TRUE,))
    assert run(gate, {}, show=False, told=lambda step, *_: heard.append(step.name))[2].word == "FAIL"
    assert heard == ["x"]


@pytest.mark.parametrize(
    ("status", "output", "word"),
    [
        (1, "found   x\nopen=1 resolved=0\n", "PASS"),
        (0, "found   x\nopen=1 resolved=0\n", "FAIL"),
        (1, "open=1 resolved=0\nTraceback\n", "FAIL"),
        (1, "", "FAIL"),
    ],
)
def test_exit_code_and_last_line_are_both_read(status, output, word):
    assert ends_with(1, "open=1 resolved=0")(status, output).word == word


def examined(**counts: int) -> str:
    checks = [{"id": name.replace("_", "."), "examined": count} for name, count in counts.items()]
    return "a line of the log\n" + json.dumps({"checks": checks, "open": 0, "resolved": 0}) + "\n"


def test_a_check_that_looked_at_nothing_fails_the_gate():
    assert all_examined(0, examined(pay_x=5, config_mail=0)) == Verdict("PASS", "1 checks, each of which examined rows")
    assert all_examined(0, examined(pay_x=5, hook_y=0)) == Verdict("FAIL", "saw nothing: hook.y")
    assert all_examined(0, examined(config_mail=0)).word == "FAIL"
    assert all_examined(2, "Traceback").word == "FAIL"


def test_a_record_tells_every_command_and_no_path_of_the_machine():
    told = Record("m2")
    told.tell(
        TRUE,
        0,
        "one\n  ops  ops@purelaka.test  a-password\nopened /root/clone/orders/x.py:3\n",
        Verdict("PASS", "fine"),
        1.25,
    )
    text = told.close([(TRUE, Verdict("PASS", "fine")), (FALSE, Verdict("NOT RUN"))])
    assert "$ true\n  | one\n  | opened <path>:3\n  exit code 0, 1.2 s: PASS fine\n" in text
    assert text.endswith("PASS     true  fine\nNOT RUN  false\n\n1 passed, 0 failed, 1 not run\n")
    assert re.search(r"commit [0-9a-f]{40}", text)


@pytest.mark.parametrize("name", ["", " ", "M2", "../m2", "m1 ../m2"])
def test_a_milestone_has_a_plain_name(name):
    with pytest.raises(SystemExit):
        prove(name)


def test_the_table_tells_name_exit_code_and_seconds():
    lines = table(
        [Step("lint", 0, 1.25, Verdict("PASS", "fine")), Step("audit", None, 0, Verdict("NOT RUN", "no npm"))]
    )
    assert [line.split() for line in lines.splitlines()[1:]] == [
        ["lint", "0", "1.2", "PASS", "fine"],
        ["audit", "-", "0.0", "NOT", "RUN", "no", "npm"],
        ["all", "1.2"],
    ]
