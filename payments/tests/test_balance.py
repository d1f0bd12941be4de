"""Bringing Stripe's balance transactions in: all of them, once, whenever they come and whoever brings them."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from accounts.tests.factories import make_user
from core.days import business_day
from core.jobs import JOBS, run_slot
from core.models import DirtyDay, JobRun
from payments import balance
from payments.balance import import_balance, import_movements_of, import_movements_of_event, keep_movements
from payments.balance_client import movements_since
from payments.errors import GatewayUnclear
from payments.inbox import drain
from payments.models import BalanceTransaction, Payment
from payments.refunding import RefundChoice, request_refund
from payments.tests.factories import make_event, make_movement, make_paid, make_refund, make_started
from stripe_simulator import control

pytestmark = pytest.mark.django_db


def rows() -> list[tuple[str, str, int, int, int]]:
    found = BalanceTransaction.objects.order_by("pk")
    return [(row.reporting_category, row.source_id, row.amount_minor, row.fee_minor, row.net_minor) for row in found]


def test_a_charge_and_its_refund_come_in_with_fee_and_net_on_their_business_day() -> None:
    with time_machine.travel(datetime(2026, 6, 1, 23, 30, tzinfo=UTC)):
        order, payment = make_paid()
        choice = RefundChoice(amount_minor=500, reason="broken")
        refund = request_refund(order.pk, choice=choice, actor=make_user("ops"), request_key="one")
        assert import_balance() == 2

    amount = order.total_minor
    fee = (amount * 150 + 5000) // 10_000 + 20
    assert sorted(rows()) == [
        ("charge", payment.stripe_charge_id, amount, fee, amount - fee),
        ("refund", refund.stripe_refund_id, -500, 0, -500),
    ]
    charge = BalanceTransaction.objects.get(source_id=payment.stripe_charge_id)
    assert (charge.type, charge.currency, f"{charge.day}", charge.exchange_rate) == (
        "charge",
        "GBP",
        "2026-06-02",
        None,
    )
    assert charge.available_on == charge.at + timedelta(days=3)
    assert not charge.is_imported


def test_each_new_movement_marks_its_day_and_a_known_one_does_not() -> None:
    make_paid()
    DirtyDay.objects.all().delete()
    import_balance()
    row = BalanceTransaction.objects.get()
    assert list(DirtyDay.objects.values_list("source_type", "source_id", "day")) == [
        ("balance_transaction", row.pk, row.day)
    ]

    assert import_balance() == 0
    assert (BalanceTransaction.objects.count(), DirtyDay.objects.count()) == (1, 1)


def test_every_page_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("payments.balance_client.PAGE", 2)
    for _ in range(5):
        make_paid()
    assert [len(page) for page in movements_since(timezone.now() - timedelta(hours=1))] == [2, 2, 1]
    assert import_balance() == 5


def test_a_shop_that_took_no_money_asks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(balance, "import_between", lambda *_: pytest.fail("Stripe was asked"))
    make_refund()
    Payment.objects.update(tender=Payment.Tender.IMPORTED)
    assert import_balance() == 0


def test_what_lies_before_a_movement_that_an_event_brought_in_is_not_skipped() -> None:
    """The newest movement known is no sign that all before it are: here the worker was away for a day."""
    start = timezone.now()
    job = JOBS[balance.JOB]
    with time_machine.travel(start):
        make_paid()
        assert run_slot(job, job.slot(timezone.now()))
    with time_machine.travel(start + timedelta(hours=5)):
        make_paid()
    with time_machine.travel(start + timedelta(hours=24)):
        _, latest = make_paid()
        assert import_movements_of(latest.stripe_charge_id or "") == 1
        assert import_balance() == 1
    assert BalanceTransaction.objects.count() == 3


def test_a_run_that_failed_does_not_count_as_a_complete_one() -> None:
    start = timezone.now()
    job = JOBS[balance.JOB]
    with time_machine.travel(start):
        make_paid()
        run_slot(job, job.slot(timezone.now()))
    with time_machine.travel(start + timedelta(hours=5)):
        make_paid()
        control.fail_next("balance_transactions.list", "timeout")
        run_slot(job, job.slot(timezone.now()))
        assert JobRun.objects.latest("pk").state == JobRun.State.FAILED
    with time_machine.travel(start + timedelta(hours=10)):
        assert balance.import_from() == BalanceTransaction.objects.get().at  # before the run that succeeded
        assert import_balance() == 1


@pytest.mark.parametrize("fault", ["error", "timeout", "rate_limit", "lost_answer"])
def test_a_failed_call_is_unclear_and_the_next_import_brings_all(fault: control.RequestFault) -> None:
    make_paid()
    control.fail_next("balance_transactions.list", fault)
    with pytest.raises(GatewayUnclear):
        import_balance()
    assert import_balance() == 1


def test_a_movement_that_comes_late_is_brought_by_its_event() -> None:
    control.delay_balance_transactions()
    _, payment = make_paid()
    control.deliver_all()
    drain()
    assert import_balance() == 0

    control.release_balance_transactions()
    control.deliver_all()
    drain()

    assert [row[:2] for row in rows()] == [("charge", payment.stripe_charge_id)]


def test_an_event_that_names_no_movement_yet_costs_no_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(balance, "import_movements_of", lambda _: pytest.fail("Stripe was asked"))
    event = make_event(payload='{"data": {"object": {"id": "ch_1", "object": "charge", "balance_transaction": null}}}')
    assert import_movements_of_event(event) is False


def test_an_event_whose_movement_is_here_costs_no_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(balance, "import_movements_of", lambda _: pytest.fail("Stripe was asked"))
    keep_movements([make_movement(id="txn_9")])
    event = make_event(payload='{"data": {"object": {"id": "ch_1", "balance_transaction": {"id": "txn_9"}}}}')
    assert import_movements_of_event(event) is True


@pytest.mark.parametrize("payload", ["", '{"data": {"object": {"id": "ch_gone", "object": "charge"}}}'])
def test_an_event_that_does_not_say_is_looked_up(payload: str) -> None:
    event = make_event(object_id="ch_gone", payload=payload)
    assert import_movements_of_event(event) is False


@pytest.mark.parametrize(
    ("subject", "named"),
    [
        ({"balance_transaction": "txn_1"}, {"txn_1"}),
        ({"balance_transaction": {"id": "txn_1"}, "failure_balance_transaction": "txn_2"}, {"txn_1", "txn_2"}),
        ({"balance_transactions": [{"id": "txn_1"}, {"id": "txn_2"}]}, {"txn_1", "txn_2"}),
        ({"balance_transactions": []}, set()),
        ({"balance_transaction": 7}, set()),
        ({"id": "ch_1"}, None),
    ],
)
def test_the_movements_that_an_object_names(subject: dict[str, object], named: set[str] | None) -> None:
    assert balance.named_movements(subject) == named


def test_a_dispute_is_booked_when_its_money_moves() -> None:
    _, payment = make_paid()
    import_balance()
    dispute = control.open_dispute(payment.stripe_charge_id or "")
    control.deliver_all()
    drain()
    assert [row for row in rows() if row[0] == "dispute"] == [
        ("dispute", dispute, -payment.captured_minor, 2000, -payment.captured_minor - 2000)
    ]

    control.close_dispute(dispute, won=True)
    control.deliver_all()
    drain()
    assert [row[:3] for row in rows() if row[0] == "dispute_reversal"] == [
        ("dispute_reversal", dispute, payment.captured_minor)
    ]


def test_a_refund_that_fails_after_success_is_booked_back() -> None:
    order, _ = make_paid()
    choice = RefundChoice(amount_minor=500, reason="broken")
    refund = request_refund(order.pk, choice=choice, actor=make_user("ops"), request_key="one")
    control.settle_refund(refund.stripe_refund_id or "", succeeded=False)
    control.deliver_all()
    drain()
    back = [row[0::2] for row in rows() if row[1] == refund.stripe_refund_id]
    assert sorted(back) == [("refund", -500, -500), ("refund_failure", 500, 500)]


def test_a_movement_is_kept_as_stripe_told_it_with_another_settlement_currency() -> None:
    at = datetime(2026, 6, 1, 12, tzinfo=UTC)
    (row,) = keep_movements([make_movement(currency="EUR", exchange_rate="1.1734", at=at, fee_minor=40, net_minor=960)])
    row.refresh_from_db()
    assert (row.currency, str(row.exchange_rate.normalize()), row.day) == ("EUR", "1.1734", business_day(at))


def test_a_movement_whose_net_is_not_gross_less_fee_is_refused() -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        keep_movements([make_movement(net_minor=1)])


def test_what_was_brought_in_cannot_be_changed() -> None:
    (row,) = keep_movements([make_movement()])
    for change in ("UPDATE payments_balancetransaction SET fee_minor = 1", "DELETE FROM payments_balancetransaction"):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(change)
    assert BalanceTransaction.objects.get().fee_minor == row.fee_minor


def test_an_unpaid_order_has_no_movement() -> None:
    make_started()
    assert import_balance() == 0
