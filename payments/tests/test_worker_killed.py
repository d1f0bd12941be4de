"""A worker killed with SIGKILL in the middle of an event leaves it to the next one, which does it once."""

import signal
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from core.models import JobRun
from mail.models import OutgoingMail
from mail.tests.worker_process import WorkerProcess, wait_until
from orders.models import Order, SalesEntry
from payments.models import Payment, WebhookEvent
from payments.tests.factories import VISA, make_started, session_of
from products.models import StockMovement
from stripe_simulator import control

pytestmark = pytest.mark.django_db(transaction=True)
COMPLETED = "checkout.session.completed"
# A question about a session waits while there is a file `hold`; with `die` the worker ends right after a sync commits.
MORE_SETTINGS = """
STRIPE_SIMULATOR = "trial_stripe.handle"
STRIPE_SIMULATOR_TICK = "trial_stripe.tick"
INSTALLED_APPS = [*INSTALLED_APPS, "trial_stripe.TrialConfig"]
"""
TRIAL_STRIPE = """
import os, signal, time
from pathlib import Path
from django.apps import AppConfig

HERE = Path(__file__).parent

def handle(method, url, headers, body):
    from stripe_simulator.api import handle as simulated
    if "/v1/checkout/sessions/" in url:
        (HERE / "asked").touch()
        while (HERE / "hold").exists():
            time.sleep(0.02)
    return simulated(method, url, headers, body)

def tick():
    pass

class TrialConfig(AppConfig):
    name = "trial_stripe"

    def ready(self):
        from payments import payment_events
        sync_payment = payment_events.sync_payment

        def sync_and_die(payment_id):
            synced = sync_payment(payment_id)
            if (HERE / "die").exists():
                os.kill(os.getpid(), signal.SIGKILL)
            return synced

        payment_events.sync_payment = sync_and_die
"""


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[WorkerProcess]:
    process = WorkerProcess(tmp_path)
    (tmp_path / "trial_stripe.py").write_text(TRIAL_STRIPE)
    with (tmp_path / "trial_settings.py").open("a") as trial_settings:
        trial_settings.write(MORE_SETTINGS)
    yield process
    process.close()


def make_event_of_a_payment() -> tuple[Order, Payment, WebhookEvent]:
    """A payment that succeeded at Stripe, and its signed event in the inbox; no worker has run yet."""
    control.drop_events("payment_intent.*", times=5)
    control.drop_events("charge.*", times=5)
    order, payment = make_started()
    control.pay(session_of(payment), VISA)
    control.deliver_all()
    return order, payment, WebhookEvent.objects.get(type=COMPLETED)


def next_minute() -> None:
    """The clock has moved on: every job is due once more, also the one in which a worker died."""
    JobRun.objects.all().delete()


def lease_runs_out() -> None:
    """The clock has moved on so far that the dead worker's lease is over."""
    WebhookEvent.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    next_minute()


def state_of(event: WebhookEvent) -> str:
    return WebhookEvent.objects.get(pk=event.pk).state


def what_came_of(order: Order) -> dict[str, Any]:
    """Everything that a sale does once."""
    order = Order.objects.get(pk=order.pk)
    payments = Payment.objects.filter(order=order)
    sold = StockMovement.objects.filter(source_id__in=[str(line.pk) for line in order.lines.all()], kind="sold")
    return {
        "status": order.status,
        "payments": [(payment.status, payment.disposition) for payment in payments],
        "sales": SalesEntry.objects.filter(order=order, kind="sale").count(),
        "movements": sold.count(),
        "receipts": OutgoingMail.objects.filter(kind="order_receipt").count(),
    }


def once(order: Order) -> dict[str, Any]:
    return {
        "status": "paid",
        "payments": [("succeeded", "applied")],
        "sales": 1,
        "movements": order.lines.count(),
        "receipts": 1,
    }


def test_killed_while_it_asks_stripe(worker: WorkerProcess) -> None:
    order, _, event = make_event_of_a_payment()
    (worker.directory / "hold").touch()
    worker.start()
    wait_until((worker.directory / "asked").exists)
    worker.send_signal(signal.SIGKILL)
    worker.exit_code()
    (worker.directory / "hold").unlink()
    assert (state_of(event), Order.objects.get(pk=order.pk).status) == ("received", "pending")

    next_minute()
    worker.start()
    wait_until(lambda: JobRun.objects.filter(job="payments.inbox", state="succeeded").exists())
    assert state_of(event) == "received"  # the lease of the dead one still holds
    lease_runs_out()
    wait_until(lambda: state_of(event) == "processed")
    assert what_came_of(order) == once(order)
    assert WebhookEvent.objects.get(pk=event.pk).attempts == 2


def test_killed_between_the_sale_and_its_note_that_the_event_is_done(worker: WorkerProcess) -> None:
    order, _, event = make_event_of_a_payment()
    (worker.directory / "die").touch()
    worker.start()
    assert worker.exit_code() == -signal.SIGKILL
    (worker.directory / "die").unlink()
    assert (state_of(event), what_came_of(order)) == ("received", once(order))

    lease_runs_out()
    worker.start()
    wait_until(lambda: state_of(event) == "processed")
    wait_until(lambda: OutgoingMail.objects.get(kind="order_receipt").state == "sent")
    assert what_came_of(order) == once(order)
    assert len(worker.sent()) == 1
