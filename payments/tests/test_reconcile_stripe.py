"""`manage.py reconcile_stripe`: what it prints, its exit status, and bad days."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.utils import timezone

from core.money import format_money
from payments.balance import import_balance
from payments.models import Payment, PayoutItem
from payments.payouts import import_payouts
from payments.tests.factories import make_paid
from stripe_simulator import control

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def clock():
    """It is noon, until a test says otherwise."""
    with time_machine.travel(NOON) as traveller:
        yield traveller


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, list[str]]:
    status = 0
    try:
        call_command("reconcile_stripe", *arguments)
    except SystemExit as end:
        status = int(end.code or 0)
    return status, capsys.readouterr().out.splitlines()


def test_an_empty_shop_has_no_differences(capsys):
    assert run(capsys) == (0, ["There are no differences (nothing has been imported yet)."])


def test_a_shop_that_agrees_has_no_differences(capsys):
    make_paid()
    import_balance()
    control.make_payout()
    import_payouts()
    status, (line,) = run(capsys, "--from", "2026-06-01")
    assert status == 0
    assert line.startswith("There are no differences")


def test_a_difference_is_a_line_with_both_sums_and_exits_1(capsys):
    _, payment = make_paid()
    import_balance()
    Payment.objects.filter(pk=payment.pk).update(captured_minor=payment.captured_minor - 1)
    stripe, ours = (format_money(amount, "GBP") for amount in (payment.captured_minor, payment.captured_minor - 1))

    status, lines = run(capsys)

    assert status == 1
    assert lines == [
        f"2026-06-01 GBP charge           Stripe {stripe}, here {ours}: £0.01 in 1 row",
        "Differences by day and category: 1. Payouts that are not their parts: 0 (nothing has been imported yet).",
    ]


def test_a_payout_that_is_not_its_parts_is_a_line_and_exits_1(capsys):
    make_paid()
    payout_id = control.make_payout()
    import_payouts()
    amount = format_money(PayoutItem.objects.get().balance_transaction.net_minor, "GBP")
    PayoutItem.objects.all().delete()

    status, lines = run(capsys)

    assert status == 1
    assert lines[0] == f"payout {payout_id}: {amount}, its parts £0.00"
    assert run(capsys, "--to", "2026-05-31")[0] == 0


def test_only_the_days_asked_for_are_looked_at(capsys, clock):
    make_paid()
    clock.move_to(timezone.now() + timedelta(days=3))
    assert run(capsys)[0] == 1
    assert run(capsys, "--from", "2026-06-01", "--to", "2026-06-01")[0] == 1
    assert run(capsys, "--from", "2026-06-02")[0] == 0
    assert run(capsys, "--to", "2026-05-31")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--from", "yesterday"], "--from: “yesterday” is not a day of a shop; write it like 2026-06-01."),
        (["--to", "2026-02-30"], "--to: “2026-02-30” is not a day of a shop; write it like 2026-06-01."),
        (["--to", "9999-12-31"], "--to: “9999-12-31” is not a day of a shop; write it like 2026-06-01."),
        (["--from", "2026-06-02", "--to", "2026-06-01"], "--from 2026-06-02 lies after --to 2026-06-01."),
        (["--from", ""], "--from: “” is not a day of a shop; write it like 2026-06-01."),
    ],
)
def test_bad_days_end_with_a_sentence_and_status_2(arguments, sentence):
    with pytest.raises(CommandError) as refusal:
        call_command("reconcile_stripe", *arguments)
    assert (str(refusal.value), refusal.value.returncode) == (sentence, 2)
