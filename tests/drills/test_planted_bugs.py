"""Five bugs, planted one at a time: the simulation finds each within 200 seeds, and says at which."""

import sys
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from django.db import connection

from orders.models import Order
from payments import calls, refunds, sync
from payments.models import Payment, Refund
from products import stock
from tests.simulation.acts import meanwhile
from tests.simulation.running import run
from tests.simulation.world import current

pytestmark = [pytest.mark.drill, pytest.mark.django_db]
MOST_SEEDS = 200
OFTEN = 0.3


def remove_a_lock(patch: pytest.MonkeyPatch) -> None:
    """The order is read without its lock, so a whole act of somebody else's fits between reading and writing it."""
    rooms = [module for name, module in sys.modules.items() if name.startswith(("orders.", "payments."))]
    for module in rooms:
        if hasattr(module, "lock_order"):
            patch.setattr(module, "lock_order", unlocked_order)


def unlocked_order(order_id: int) -> Order:
    """What `lock_order` would be without the lock."""
    order = Order.objects.get(pk=order_id)
    blocks = [block for block in connection.atomic_blocks if not getattr(block, "_from_testcase", False)]
    for block in blocks:  # others have transactions of their own, in which they may ask Stripe
        block._from_testcase = True
    try:
        world = current()
        if world is not None:
            meanwhile(world, OFTEN)
    finally:
        for block in blocks:
            block._from_testcase = False
    return order


def store_no_key(patch: pytest.MonkeyPatch) -> None:
    """Every try to give money back goes out under a key of its own."""
    numbers = count()

    def call_once(operation: str, *, key: str, **rest: Any) -> Any:
        return calls.call_once(operation, key=f"{key}-{next(numbers)}", **rest)

    patch.setattr(refunds, "call_once", call_once)


def apply_events_twice(patch: pytest.MonkeyPatch) -> None:
    """What an event tells is done again if it is told again."""
    genuine = refunds.adopt_states

    def adopt_states(payment: Payment, states: Any) -> Any:
        Refund.objects.filter(payment=payment, status=Refund.Status.SUCCEEDED).update(status=Refund.Status.PENDING)
        return genuine(payment, states)

    for module in (refunds, sync):
        patch.setattr(module, "adopt_states", adopt_states)


def keep_promises_of_failed_refunds(patch: pytest.MonkeyPatch) -> None:
    """The money of a refund that failed stays promised."""
    patch.setattr(refunds, "release_promise", lambda refund: None)


def leak_reservations(patch: pytest.MonkeyPatch) -> None:
    """An order that is given up keeps what it held."""
    patch.setattr(stock, "release", lambda held: None)


BUGS = (
    remove_a_lock,
    store_no_key,
    apply_events_twice,
    keep_promises_of_failed_refunds,
    leak_reservations,
)


@pytest.mark.parametrize("plant", BUGS, ids=lambda plant: plant.__name__)
def test_a_planted_bug_is_found(
    plant: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    plant(monkeypatch)
    for seed in range(1, MOST_SEEDS + 1):
        report = run(seed)
        if report.problems:
            with capsys.disabled():
                sys.stdout.write(f"\n{plant.__name__}: found at seed {seed}: {report.problems[0][:200]}\n")
            return
    pytest.fail(f"{plant.__name__}: not found within {MOST_SEEDS} seeds")
