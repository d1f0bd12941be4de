"""The files of payments and of the Stripe balance: every row once, with the order and the payout behind it."""

import csv
import io
from datetime import UTC, date, datetime
from typing import Any

import pytest
import time_machine

from accounts.tests.factories import make_user
from analytics.exports.datasets import DATASETS
from analytics.exports.exporting import export
from analytics.figures.windows import Window
from payments.balance import import_balance, keep_movements
from payments.client import stripe_client
from payments.models import BalanceTransaction, Payment
from payments.payouts import import_payouts
from payments.refunding import RefundChoice, request_refund
from payments.tests.factories import make_movement, make_paid
from stripe_simulator import control

pytestmark = pytest.mark.django_db
LATE = datetime(2026, 6, 1, 23, 30, tzinfo=UTC)  # half an hour past midnight in London
DAY = date(2026, 6, 2)


@pytest.fixture(autouse=True)
def _late(settings):
    settings.STRIPE_SIMULATOR_DELIVER = lambda _url, _headers, _body: 200
    stripe_client.cache_clear()
    with time_machine.travel(LATE, tick=False):
        yield


def rows(dataset: str, day: date = DAY, currency: str = "GBP") -> list[dict[str, str]]:
    text = b"".join(export(DATASETS[dataset], Window(day, day), currency)).decode()
    return list(csv.DictReader(io.StringIO(text, newline="")))


def trade() -> Payment:
    """Sell once, give a little back, and let the rest be paid out."""
    order, payment = make_paid()
    choice = RefundChoice(amount_minor=50, reason="broken")
    request_refund(order.pk, choice=choice, actor=make_user("ops"), request_key="one")
    control.make_payout()
    import_balance()
    import_payouts()
    return payment


def test_payments_stand_with_what_was_given_back_and_what_booked_them():
    payment = trade()

    (row,) = rows("payments")

    booked = BalanceTransaction.objects.get(reporting_category="charge")
    assert (row["payment_id"], row["order_number"]) == (str(payment.pk), payment.order.number)
    assert (row["succeeded_at"], row["business_day"]) == ("2026-06-01T23:30:00Z", "2026-06-02")
    assert (row["tender"], row["disposition"], row["currency"]) == ("stripe", "applied", "GBP")
    assert (row["captured_minor"], row["refunded_minor"]) == (str(payment.captured_minor), "50")
    assert row["left_minor"] == str(payment.captured_minor - 50)
    assert (row["refunded"], row["stripe_charge"]) == ("0.50", payment.stripe_charge_id)
    assert row["stripe_balance_transaction"] == booked.stripe_id


def test_a_payment_is_a_row_on_its_business_day_and_in_its_currency_only():
    trade()
    assert rows("payments", date(2026, 6, 1)) == rows("payments", date(2026, 6, 3)) == []
    assert rows("payments", currency="EUR") == []


def test_a_surplus_is_a_row_with_the_day_on_which_stripe_booked_it():
    payment = trade()
    Payment.objects.filter(pk=payment.pk).update(disposition="surplus")
    (row,) = rows("payments")
    assert (row["disposition"], row["business_day"]) == ("surplus", "2026-06-02")


def test_a_charge_booked_twice_is_one_payment():
    payment = trade()
    keep_movements([make_movement(source_id=payment.stripe_charge_id)])
    assert len(rows("payments")) == 1


def test_movements_add_up_and_name_their_order_and_payout():
    payment = trade()

    found = {row["reporting_category"]: row for row in rows("balance_transactions")}

    assert set(found) == {"charge", "refund", "payout"}
    charge, refund, payout = (found[name] for name in ("charge", "refund", "payout"))
    assert charge["source"] == payment.stripe_charge_id
    assert {charge["order_number"], refund["order_number"]} == {payment.order.number}
    assert (payout["order_number"], payout["payout"]) == ("", "")
    assert charge["payout"] == refund["payout"] == payout["source"]
    assert sum(int(row["net_minor"]) for row in found.values()) == 0
    assert (refund["amount_minor"], refund["amount"], refund["fee"]) == ("-50", "-0.50", "0.00")
    assert (charge["at"], charge["business_day"]) == ("2026-06-01T23:30:00Z", "2026-06-02")
    assert (charge["available_at"], charge["is_imported"]) == ("2026-06-04T23:30:00Z", "no")


def test_imported_movements_are_marked():
    BalanceTransaction.objects.create(
        stripe_id="history:1", type="charge", reporting_category="charge", amount_minor=1250, net_minor=1250,
        currency="KWD", at=LATE, day=DAY, is_imported=True,
    )  # fmt: skip
    (row,) = rows("balance_transactions", currency="KWD")
    assert (row["is_imported"], row["available_at"], row["amount"]) == ("yes", "", "1.250")


@pytest.mark.parametrize("dataset", ["payments", "balance_transactions"])
@pytest.mark.parametrize(("role", "status"), [("analyst", 200), ("admin", 200), ("customer", 404)])
def test_the_files_are_for_staff_who_may_export(client: Any, dataset: str, role: str, status: int):
    trade()
    client.force_login(make_user(role))
    answer = client.post(f"/console/exports/{dataset}/", {"from": "2026-06-02", "to": "2026-06-02"})
    assert answer.status_code == status
