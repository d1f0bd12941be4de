"""Trade, and builds beside it, as programs in a shop's environment: `python -m tests.drills.ledger_floor WORD`.

`open` fills an empty database; `trade SEED` buys, pays, refunds and disputes on days in no order, and ends by itself;
`build` builds snapshots again and again until it is killed; `settle` builds what is left and prints, as JSON, what the
tables of facts hold otherwise than their rows say.
"""

import json
import sys
import time
from datetime import UTC, datetime, timedelta
from random import Random

import django

django.setup()

import time_machine  # noqa: E402

from accounts.models import User  # noqa: E402
from accounts.tests.factories import make_user  # noqa: E402
from analytics.models import FactDay  # noqa: E402
from analytics.snapshots.building import build_snapshots  # noqa: E402
from analytics.snapshots.calendar import CHANGES, FULL, last_days, one_day  # noqa: E402
from analytics.tests.recounting import kept, recounted  # noqa: E402
from core.errors import DomainError  # noqa: E402
from core.models import DirtyDay  # noqa: E402
from orders.models import Order, SalesEntry  # noqa: E402
from orders.tests.factories import make_order, make_shipping_method, make_tax_rate  # noqa: E402
from payments.balance import import_between, import_movements_of  # noqa: E402
from payments.disputes import sync_dispute  # noqa: E402
from payments.models import Payment, PaymentAttempt  # noqa: E402
from payments.refunding import RefundChoice, request_refund  # noqa: E402
from payments.starting import start_payment  # noqa: E402
from payments.sync import sync_payment  # noqa: E402
from products.models import Variant  # noqa: E402
from products.tests.factories import make_variant  # noqa: E402
from stripe_simulator import control  # noqa: E402

NOW = datetime(2026, 6, 12, 10, tzinfo=UTC)
DAYS, BUYS, BUYERS = 40, 12, 30
CARDS = ("4242424242424242", "4242424242424242", "4000000000000002")
PAUSE = 0.05


def open_floor() -> None:
    """A shop with plenty of a few things, and somebody who may refund."""
    with time_machine.travel(NOW - timedelta(days=2 * DAYS)):
        make_shipping_method()
        make_tax_rate()
        for price in (500, 1200, 3300):
            make_variant(price_minor=price, stock=50_000)
        make_user("admin")


class Trader:
    """Somebody who buys, and somebody of the staff who gives back; each act at a moment of its own."""

    def __init__(self, seed: int) -> None:
        self.seed, self.dice = seed, Random(seed)
        self.variants, self.staff = list(Variant.objects.order_by("pk")), User.objects.get()
        self.bought: list[tuple[int, datetime]] = []

    def trade(self) -> None:
        """Buy a number of times; after each, perhaps give back or dispute something bought before."""
        for number in range(BUYS):
            at = NOW - timedelta(minutes=self.dice.randrange(DAYS * 24 * 60))
            with time_machine.travel(at):
                self._buy(f"{self.seed}-{number}", at)
            if self.bought and self.dice.random() < 0.5:
                order_id, sold_at = self.dice.choice(self.bought)
                later = sold_at + timedelta(minutes=self.dice.randrange(1, 3 * 24 * 60))
                with time_machine.travel(min(later, NOW)):
                    self.dice.choice((self._refund, self._refund, self._dispute))(order_id)

    def _buy(self, name: str, at: datetime) -> None:
        lines = {
            variant: self.dice.randint(1, 3) for variant in self.dice.sample(self.variants, self.dice.randint(1, 2))
        }
        email = f"buyer-{self.dice.randrange(BUYERS)}@example.com"
        order = make_order(lines, checkout_key=f"drill-{name}", email=email)
        payment = start_payment(order.pk)
        for _ in range(3):
            control.pay(str(payment.stripe_session_id), self.dice.choice(CARDS))
            if sync_payment(payment.pk).status == Payment.Status.SUCCEEDED:
                self.bought.append((order.pk, at))
                break
        import_between(at - timedelta(minutes=5), at + timedelta(minutes=5))

    def _refund(self, order_id: int) -> None:
        line = Order.objects.get(pk=order_id).lines.first()
        choice = RefundChoice(units={line.pk: min(1, line.quantity_to_refund)}, reason="It leaked.")
        try:
            request_refund(order_id, choice=choice, actor=self.staff, request_key=f"{order_id}-{self.dice.random()}")
        except DomainError:
            return
        import_movements_of(str(Payment.objects.get(order=order_id).stripe_charge_id))

    def _dispute(self, order_id: int) -> None:
        charge = str(Payment.objects.get(order=order_id).stripe_charge_id)
        dispute = control.open_dispute(charge, inquiry=self.dice.random() < 0.3)
        sync_dispute(dispute)
        import_movements_of(dispute)


def build_without_end() -> None:
    """Build what changed, everything, some days, one day, and so on; say so once it begins."""
    dice = Random()
    sys.stdout.write("building\n")
    sys.stdout.flush()
    with time_machine.travel(NOW):
        while True:
            some = (last_days(dice.randint(1, DAYS)), one_day((NOW - timedelta(days=dice.randrange(DAYS))).date()))
            build_snapshots(dice.choice((CHANGES, CHANGES, CHANGES, FULL, *some)))
            time.sleep(dice.random() * PAUSE)


def settle() -> None:
    """Build what changed, then everything, and compare both with what the rows come to."""
    problems = []
    with time_machine.travel(NOW):
        for scope in (CHANGES, FULL):
            build_snapshots(scope)
            held, counted = kept(), recounted()
            problems += [f"{name} after {scope.name}" for name in counted if held[name] != counted[name]]
    counts = {
        "marks": DirtyDay.objects.count(),
        "entries": SalesEntry.objects.count(),
        "refunds": SalesEntry.objects.filter(kind="refund").count(),
        "attempts": PaymentAttempt.objects.count(),
        "days": FactDay.objects.filter(orders__gt=0).count(),
        "disputes": sum(row[-1] for row in counted["fact_payment_day"].values()),
    }
    sys.stdout.write(json.dumps({"problems": problems, "counts": counts}) + "\n")


def main() -> None:
    """Do what the first word says."""
    word, *rest = sys.argv[1:]
    if word == "trade":
        Trader(int(rest[0])).trade()
    else:
        {"open": open_floor, "build": build_without_end, "settle": settle}[word]()


if __name__ == "__main__":
    main()
