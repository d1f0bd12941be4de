"""`kpis` and `build_snapshots`: what they say, and what they make of bad input."""

import json
from datetime import date

import pytest
from django.core.management import CommandError, call_command

from analytics.snapshots.leasing import claim
from analytics.tests.factories import make_sale

DAY = date(2026, 6, 1)


def run(capsys, *arguments: str) -> str:
    call_command(*arguments)
    return capsys.readouterr().out


@pytest.mark.parametrize(
    ("start", "end", "sentence"),
    [
        ("yesterday", "2026-06-01", "--from: “yesterday” is not a day; write it like 2026-06-01."),
        ("2026-06-01", "2026-02-30", "--to: “2026-02-30” is not a day; write it like 2026-06-01."),
        ("2026-06-02", "2026-06-01", "--from 2026-06-02 lies after --to 2026-06-01."),
        ("0001-01-01", "9999-12-31", "That is 3,652,059 days; at most 3,660 can be asked for."),
    ],
)
def test_bad_dates_end_with_a_sentence_and_status_2(start, end, sentence):
    with pytest.raises(CommandError) as refusal:
        call_command("kpis", "--from", start, "--to", end, "--json")

    assert (str(refusal.value), refusal.value.returncode) == (sentence, 2)


def test_a_currency_that_does_not_exist_is_refused():
    with pytest.raises(CommandError, match="“GBX” is not a currency; write it like GBP"):
        call_command("kpis", "--from", "2026-06-01", "--to", "2026-06-01", "--currency", "GBX")


@pytest.mark.django_db
def test_before_any_build_a_sale_is_missing_and_the_answer_says_so(capsys):
    make_sale(DAY)

    found = json.loads(run(capsys, "kpis", "--from", f"{DAY}", "--to", "2026-06-02", "--currency", "gbp", "--json"))

    assert (found["build"], found["complete"], found["missing_days"]) == (None, False, ["2026-06-01"])
    assert found["values"]["orders"] == 0
    assert "daily" not in found


@pytest.mark.django_db
def test_a_shop_without_sales_has_zeros_and_no_rates(capsys):
    found = json.loads(run(capsys, "kpis", "--from", f"{DAY}", "--to", f"{DAY}", "--json"))

    assert found["currencies"]["GBP"]["values"]["net_sales"] == 0
    assert found["currencies"]["GBP"]["values"]["aov"] is None
    assert found["all"]["repeat_rate"] is None
    assert found["complete"] is True


@pytest.mark.django_db
def test_without_json_the_figures_are_a_list_to_read(capsys):
    make_sale(DAY)
    call_command("build_snapshots")
    capsys.readouterr()

    said = run(capsys, "kpis", "--from", f"{DAY}", "--to", f"{DAY}", "--daily").splitlines()

    assert said[0] == "GBP"
    assert "GBP 2026-06-01" in said
    assert f"  {'orders':28}{1:>14}" in said
    assert f"  {'existing_customers':28}{0:>14}" in said


@pytest.mark.django_db
def test_the_build_says_what_it_did_and_then_that_there_is_nothing_to_do(capsys):
    make_sale(DAY)

    first, second = run(capsys, "build_snapshots", "--day", f"{DAY}"), run(capsys, "build_snapshots", "--day", f"{DAY}")
    assert first.startswith("Build ")
    assert ": 1 days, 6 rows, " in first
    assert second.startswith("Build ")
    call_command("build_snapshots")
    capsys.readouterr()

    assert run(capsys, "build_snapshots").startswith("Nothing to do: every day is built (")


@pytest.mark.django_db
def test_the_build_says_so_while_another_one_runs():
    make_sale(DAY)
    claim("full")

    with pytest.raises(CommandError, match="Another build has been running since"):
        call_command("build_snapshots")


@pytest.mark.parametrize(
    "arguments", [["--days", "0"], ["--days", "x"], ["--day", "1 June"], ["--full", "--days", "3"]]
)
def test_a_build_of_days_that_are_none_is_refused(arguments):
    with pytest.raises(CommandError):
        call_command("build_snapshots", *arguments)
