"""Each check: silent on good data, one finding on a fault planted by raw SQL, resolved, regressed."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from analytics.snapshots.building import build_snapshots
from analytics.snapshots.calendar import CHANGES
from monitoring.models import Issue
from monitoring.registry import CHECKS
from monitoring.tests.factories import Shop, make_shop, run
from monitoring.tests.faults_invoices import INVOICE_FAULTS
from monitoring.tests.faults_payments import PAYMENT_FAULTS
from monitoring.tests.faults_stripe import STRIPE_FAULTS
from monitoring.tests.planting import Fault, execute, guard_lifted

pytestmark = pytest.mark.django_db
State = Issue.State


FAULTS = [
    *STRIPE_FAULTS,
    *PAYMENT_FAULTS,
    *INVOICE_FAULTS,
    Fault(
        "snap.missing_day",
        "day:{day}",
        "DELETE FROM day_state WHERE day = :day",
        "INSERT INTO day_state (day, built_at, build_id, revision) "
        "SELECT f.day, b.finished_at, b.id, 1 FROM fact_day f, analytics_build b WHERE f.day = :day",
        is_repairable=True,
    ),
    Fault(
        "snap.stale",
        "snapshots:changes",
        "INSERT INTO core_dirtyday (source_type, source_id, day) VALUES ('sales_entry', 1, :day)",
        "DELETE FROM core_dirtyday",
        first=("UPDATE analytics_build SET data_to = :half_an_hour_ago",),
        is_repairable=True,
    ),
    Fault(
        "snap.drift",
        "day:{day}:GBP",
        "UPDATE fact_day SET shipping_minor = shipping_minor + 1, total_minor = total_minor + 1 WHERE day = :day",
        "UPDATE fact_day SET shipping_minor = shipping_minor - 1, total_minor = total_minor - 1 WHERE day = :day",
        is_repairable=True,
    ),
    Fault(
        "snap.drift",
        "day:{day}:GBP",
        "UPDATE fact_day SET net_minor = net_minor + 1 WHERE day = :day",
        "UPDATE fact_day SET net_minor = net_minor - 1 WHERE day = :day",
        guard="fact_day.fact_day_net_is_sum.fact_day_total_is_sum",
        is_repairable=True,
    ),
    Fault(
        "snap.drift",
        "product_day:{day}:GBP",
        "UPDATE fact_product_day SET net_units = net_units + 1 WHERE day = :day",
        "UPDATE fact_product_day SET net_units = net_units - 1 WHERE day = :day",
        is_repairable=True,
    ),
    Fault(
        "snap.drift",
        "customer_day:{day}:GBP",
        "UPDATE customer_day SET net_minor = net_minor + 1 WHERE day = :day",
        "UPDATE customer_day SET net_minor = net_minor - 1 WHERE day = :day",
        is_repairable=True,
    ),
    Fault(
        "snap.drift",
        "country_segment_day:{day}:GBP",
        "UPDATE fact_segment_day SET units = units + 1 WHERE day = :day AND segment = 'country'",
        "UPDATE fact_segment_day SET units = units - 1 WHERE day = :day AND segment = 'country'",
        is_repairable=True,
    ),
    Fault(
        "snap.drift",
        "stripe_fact_day:{day}:GBP",
        "UPDATE fact_stripe_day SET fees_minor = fees_minor + 1 WHERE day = :day",
        "UPDATE fact_stripe_day SET fees_minor = fees_minor - 1 WHERE day = :day",
        is_repairable=True,
    ),
    Fault(
        "snap.drift",
        "payout_day:{day}:GBP",
        "UPDATE fact_stripe_day SET payouts_minor = payouts_minor + 1 WHERE day = :day",
        "UPDATE fact_stripe_day SET payouts_minor = payouts_minor - 1 WHERE day = :day",
        is_repairable=True,
    ),
    *(
        Fault(
            "snap.drift",
            "payment_day:{day}:GBP",
            f"UPDATE fact_payment_day SET {name} = {name} + 1 WHERE day = :day",
            f"UPDATE fact_payment_day SET {name} = {name} - 1 WHERE day = :day",
            is_repairable=True,
        )
        for name in ("intents", "attempts", "disputes")
    ),
    *(
        Fault(
            "snap.drift",
            f"cohort_month:{{month}}:{currency}".removesuffix(":"),
            f"UPDATE cohort_cell SET customers = customers + 1 WHERE currency = '{currency}'",
            f"UPDATE cohort_cell SET customers = customers - 1 WHERE currency = '{currency}'",
            is_repairable=True,
        )
        for currency in ("GBP", "")
    ),
    Fault(
        "pay.order_paid_without_payment",
        "order:{order}:GBP",
        "UPDATE payments_payment SET disposition = '' WHERE id = :payment",
        "UPDATE payments_payment SET disposition = 'applied' WHERE id = :payment",
    ),
    Fault(
        "pay.payment_without_order",
        "payment:{payment}:GBP",
        "UPDATE orders_order SET status = 'pending', paid_at = NULL WHERE id = :order",
        "UPDATE orders_order SET status = 'paid', paid_at = placed_at WHERE id = :order",
    ),
    Fault(
        "pay.amount_mismatch",
        "order:{order}:GBP",
        "UPDATE payments_payment SET captured_minor = captured_minor - 1 WHERE id = :payment",
        "UPDATE payments_payment SET captured_minor = captured_minor + 1 WHERE id = :payment",
    ),
    Fault(
        "refund.total_mismatch",
        "order:{order}:GBP",
        "UPDATE orders_order SET refunded_minor = refunded_minor + 100 WHERE id = :order",
        "UPDATE orders_order SET refunded_minor = refunded_minor - 100 WHERE id = :order",
        is_repairable=True,
    ),
    Fault(
        "refund.total_mismatch",
        "order:{order}:GBP",
        "UPDATE orders_order SET refunded_minor = refunded_minor + 100000 WHERE id = :order",
        "UPDATE orders_order SET refunded_minor = refunded_minor - 100000 WHERE id = :order",
        guard="orders_order.order_refunded_within_paid",
        is_repairable=True,
    ),
    Fault(
        "ops.dispute_due",
        "dispute:{dispute}:GBP",
        "UPDATE payments_dispute SET status = 'needs_response', outcome = '', closed_at = NULL, submission_count = 0, "
        "evidence_due_at = :tomorrow WHERE id = :dispute",
        "UPDATE payments_dispute SET submission_count = 1 WHERE id = :dispute",
    ),
    Fault(
        "ops.dispute_due",
        "dispute:{dispute}:GBP",
        "UPDATE payments_dispute SET status = 'warning_needs_response', is_inquiry = TRUE, outcome = '', "
        "closed_at = NULL, submission_count = 0, evidence_due_at = :half_an_hour_ago WHERE id = :dispute",
        "UPDATE payments_dispute SET evidence_due_at = NULL WHERE id = :dispute",
    ),
    Fault(
        "dispute.unknown_status",
        "dispute:{dispute}:GBP",
        "UPDATE payments_dispute SET status = 'in_arbitration' WHERE id = :dispute",
        "UPDATE payments_dispute SET status = 'won' WHERE id = :dispute",
    ),
    Fault(
        "dispute.without_payment",
        "dispute:{dispute}:GBP",
        "UPDATE payments_dispute SET payment_id = NULL WHERE id = :dispute",
        "UPDATE payments_dispute SET payment_id = :payment WHERE id = :dispute",
    ),
    Fault(
        "order.line_total_mismatch",
        "order:{order}:GBP",
        "UPDATE orders_orderline SET unit_price_minor = unit_price_minor + 1, total_minor = total_minor + quantity "
        "WHERE order_id = :order",
        "UPDATE orders_orderline SET unit_price_minor = unit_price_minor - 1, total_minor = total_minor - quantity "
        "WHERE order_id = :order",
    ),
    Fault(
        "order.line_total_mismatch",
        "order:{order}:GBP",
        "UPDATE orders_order SET total_minor = total_minor + 1 WHERE id = :order",
        "UPDATE orders_order SET total_minor = total_minor - 1 WHERE id = :order",
        guard="orders_order.order_total_is_sum_of_parts",
    ),
    Fault(
        "order.state_vs_history",
        "order:{order}",
        "UPDATE orders_order SET status = 'fulfilled', fulfilled_at = paid_at WHERE id = :order",
        "UPDATE orders_order SET status = 'paid', fulfilled_at = NULL WHERE id = :order",
    ),
    Fault(
        "order.state_vs_history",
        "order:{order}",
        "UPDATE orders_orderevent SET to_status = 'canceled' WHERE order_id = :order AND to_status = 'paid'",
        "UPDATE orders_orderevent SET to_status = 'paid' WHERE order_id = :order AND to_status = 'canceled'",
        guard="append-only",
    ),
    Fault(
        "order.stale_pending",
        "order:{pending}",
        "UPDATE orders_order SET expires_at = :half_an_hour_ago WHERE id = :pending",
        "UPDATE orders_order SET expires_at = :tomorrow WHERE id = :pending",
    ),
    Fault(
        "stock.ledger_mismatch",
        "stock_item:{stock}",
        "UPDATE products_stockitem SET on_hand = on_hand + 1 WHERE id = :stock",
        "UPDATE products_stockitem SET on_hand = on_hand - 1 WHERE id = :stock",
        is_repairable=True,
    ),
    Fault(
        "stock.ledger_mismatch",
        "stock_item:{stock}",
        "UPDATE products_stockmovement SET delta = delta - 1 WHERE stock_item_id = :stock AND kind = 'sold'",
        "UPDATE products_stockmovement SET delta = delta + 1 WHERE stock_item_id = :stock AND kind = 'sold'",
        guard="append-only",
        is_repairable=True,
    ),
    Fault(
        "stock.reserved_mismatch",
        "stock_item:{stock}",
        "UPDATE products_stockitem SET reserved = reserved - 1 WHERE id = :stock",
        "UPDATE products_stockitem SET reserved = reserved + 1 WHERE id = :stock",
        is_repairable=True,
    ),
    Fault(
        "stock.reserved_mismatch",
        "stock_item:{stock}",
        "UPDATE products_stockitem SET reserved = reserved - 10 WHERE id = :stock",
        "UPDATE products_stockitem SET reserved = reserved + 10 WHERE id = :stock",
        guard="products_stockitem.stock_reserved_not_negative",
        is_repairable=True,
    ),
    Fault(
        "hook.unprocessed",
        "webhook_event:{event}",
        "UPDATE payments_webhookevent SET state = 'received', received_at = :half_an_hour_ago, "
        "next_attempt_at = :half_an_hour_ago WHERE id = :event",
        "UPDATE payments_webhookevent SET state = 'processed' WHERE id = :event",
        is_repairable=True,
    ),
    Fault(
        "hook.failed",
        "webhook_event:{event}",
        "UPDATE payments_webhookevent SET state = 'dead' WHERE id = :event",
        "UPDATE payments_webhookevent SET state = 'ignored' WHERE id = :event",
        is_repairable=True,
    ),
    Fault(
        "hook.silence",
        "webhook_endpoint:deliveries",
        "UPDATE payments_webhookevent SET delivered_at = NULL WHERE id = :event",
        "UPDATE payments_webhookevent SET delivered_at = :now WHERE id = :event",
        first=(
            "UPDATE payments_webhookevent SET delivered_at = :now WHERE id = :event",
            "UPDATE payments_payment SET succeeded_at = :half_an_hour_ago WHERE id = :payment",
        ),
    ),
    Fault(
        "hook.gap",
        "stripe_event:{told}",
        "UPDATE payments_webhookevent SET stripe_event_id = 'evt_another' WHERE id = :event",
        "UPDATE payments_webhookevent SET stripe_event_id = :told WHERE id = :event",
        is_repairable=True,
    ),
    Fault(
        "mail.failed",
        "mail:{mail}",
        "UPDATE mail_outgoingmail SET state = 'failed' WHERE id = :mail",
        "UPDATE mail_outgoingmail SET state = 'queued' WHERE id = :mail",
    ),
    Fault(
        "job.heartbeat_missed",
        "job:payments.poll",
        "UPDATE core_jobrun SET state = 'failed', slot_at = :two_days_ago, started_at = :two_days_ago "
        "WHERE job = 'payments.poll'",
        "UPDATE core_jobrun SET state = 'succeeded', slot_at = :now WHERE job = 'payments.poll'",
    ),
]
every_fault = pytest.mark.parametrize("fault", FAULTS, ids=str)
REQUIRED = {
    "snap.missing_day", "snap.stale", "snap.drift", "pay.order_paid_without_payment", "pay.payment_without_order",
    "pay.amount_mismatch", "refund.total_mismatch", "refund.stuck_pending", "order.line_total_mismatch",
    "order.state_vs_history", "stock.ledger_mismatch", "stock.reserved_mismatch",
}  # fmt: skip


@pytest.fixture
def shop() -> Shop:
    return make_shop()


def keys_of(shop: Shop) -> dict[str, object]:
    now, adapt = timezone.now(), connection.ops.adapt_datetimefield_value
    moments = {
        "now": now,
        "half_an_hour_ago": now - timedelta(minutes=30),
        "two_days_ago": now - timedelta(days=2),
        "eleven_days_ago": now - timedelta(days=11),
        "tomorrow": now + timedelta(days=1),
    }
    return shop.keys() | {name: adapt(moment) for name, moment in moments.items()}


def only_issue(check_id: str) -> Issue:
    return Issue.objects.get(check_id=check_id)


def test_every_check_is_silent_on_good_data_and_looks_at_something(shop):
    keys_of(shop)
    done = run(*CHECKS)
    assert {result.check_id: result.error for result in done.found if result.status != "passed"} == {}
    assert done.open == 0
    blind = {result.check_id for result in done.found if result.examined == 0}
    assert {check_id for check_id in blind if not check_id.startswith("config.")} == set()


def test_every_check_has_a_fault_that_it_finds():
    configured = {check_id for check_id in CHECKS if check_id.startswith("config.")}
    assert {fault.check for fault in FAULTS} == set(CHECKS) - configured
    assert set(CHECKS) >= REQUIRED


@every_fault
def test_a_fault_is_found_once_resolved_by_its_repair_and_regresses(shop, fault):
    keys = keys_of(shop)
    for statement in fault.first:
        execute(statement, keys)
    assert run(fault.check).open == 0

    with guard_lifted(fault.guard):
        execute(fault.plant, keys)
        assert [result.open for result in run(fault.check).found] == [1]
        issue = only_issue(fault.check)
        assert issue.fingerprint == f"{fault.check}:{fault.entity.format(**keys)}"
        assert issue.state == State.OPEN
        assert issue.details["expected"] != issue.details["found"]
        run(fault.check)
        assert issue.events.count() == 1  # the same fault seen again is no news

        execute(fault.mend, keys)
        mended = run(fault.check)
        assert (mended.open, mended.resolved) == (0, 1)
        assert only_issue(fault.check).state == State.RESOLVED

        execute(fault.plant, keys)
        assert run(fault.check).open == 1
        assert only_issue(fault.check).state == State.REGRESSED
    history = list(only_issue(fault.check).events.values_list("kind", "from_state", "to_state"))
    assert [(kind, to) for kind, _, to in history] == [
        ("opened", "open"),
        ("resolved", "resolved"),
        ("regressed", "regressed"),
    ]


def test_a_day_that_drifted_is_not_called_mended_while_it_waits_for_its_build(shop):
    keys = keys_of(shop)
    drifted = next(fault for fault in FAULTS if fault.check == "snap.drift")
    execute(drifted.plant, keys)
    run("snap.drift")
    execute("INSERT INTO core_dirtyday (source_type, source_id, day) VALUES ('sales_entry', 1, :day)", keys)
    assert (run("snap.drift").resolved, only_issue("snap.drift").state) == (0, State.OPEN)
    build_snapshots(CHANGES)
    assert run("snap.drift").resolved == 1


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault.is_repairable], ids=str)
def test_a_safe_repair_mends_the_fault(shop, fault):
    keys = keys_of(shop)
    for statement in fault.first:
        execute(statement, keys)
    with guard_lifted(fault.guard):
        execute(fault.plant, keys)
    done = run(fault.check, with_repairs=True)
    assert [result.open for result in done.found] == [1]
    assert [result.open for result in done.left] == [0]
    assert (done.open, done.resolved) == (0, 1)
    assert list(only_issue(fault.check).events.values_list("kind", flat=True)) == ["opened", "repaired", "resolved"]


@pytest.mark.parametrize("check_id", [check_id for check_id, check in CHECKS.items() if check.repair])
def test_every_repair_is_tested(check_id):
    assert check_id in {fault.check for fault in FAULTS if fault.is_repairable}
