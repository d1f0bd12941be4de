"""`docs/checks.md`, written from the registry."""

from monitoring.registry import all_checks

PATH = "docs/checks.md"

HEAD = """# The checks

Generated from the registry in `monitoring/` by `python manage.py contracts`; do not edit.

`python manage.py run_checks` runs them all, and the job `monitoring.run_checks` does so every 15 minutes.

- A thing that breaks a rule has one **issue**, named `check:entity_type:entity_pk[:currency]`, whose details every run
  refreshes. Past 50 issues a check, one more counts the rest.
- **States**: open, acknowledged, resolved (by itself or by hand), regressed (seen again after that), muted until a date
  or until it gets worse. Every change has a row in the history of the issue.
- An issue is resolved by itself only if its check finished without an error and its thing lay in the scope of the
  check. A check that crashes, or cannot run, keeps its issues and makes the run exit 2.
- Nothing is repaired before it is recorded. A **repair** that is safe without a person is run by
  `run_checks --repair`, or with one click on the page of the issue; each is audited.
- On PostgreSQL no statement of a check runs longer than 20 seconds. One run at a time: another one exits 3.

| exit status | meaning |
|---|---|
| 0 | clean, or neither `--fail-on-issues` nor `--fail-on` was asked |
| 1 | open issues (`--fail-on-issues`), or some at or above a severity (`--fail-on high`) |
| 2 | a check crashed or could not run |
| 3 | another run holds the lease |
"""


def render_checks() -> str:
    """Return the page: how the checks work, then one row a check."""
    rows = [
        f"| `{check.id}` | {check.severity} | {check.rule} | {check.what_to_do} | {'yes' if check.repair else '–'} |"
        for check in all_checks()
    ]
    head = ["| id | severity | what must hold | what to do | repair |", "|---|---|---|---|:-:|"]
    return "\n".join([HEAD, *head, *rows, ""])
