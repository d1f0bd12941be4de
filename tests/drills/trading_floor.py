"""A shop's own side of a drill, as programs in the shop's environment: `python -m tests.drills.trading_floor WORD`.

`open` fills an empty database; `staff` works on orders until it is ended; `settle SQLITE_FILE` takes over what the
served simulator holds, lets everything come to its end, and prints what is wrong as JSON.
"""

import json
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path

import django

django.setup()

from django.core.management.color import no_style  # noqa: E402
from django.db import connection, connections, transaction  # noqa: E402
from django.utils import timezone  # noqa: E402

from accounts.models import User  # noqa: E402
from core.errors import DomainError  # noqa: E402
from orders.fulfilment import ship  # noqa: E402
from orders.models import Order  # noqa: E402
from orders.transitions import By  # noqa: E402
from payments.closing import cancel_order_unpaid  # noqa: E402
from payments.errors import GatewayError  # noqa: E402
from payments.models import RefundLine  # noqa: E402
from payments.refunding import RefundChoice, request_refund  # noqa: E402
from payments.syncing import sync_order  # noqa: E402
from products.models import StockItem, Variant  # noqa: E402
from tests.simulation.settling import settle_down  # noqa: E402
from tests.simulation.shop import open_shop  # noqa: E402
from tests.simulation.verdict import unsound  # noqa: E402
from tests.simulation.world import living  # noqa: E402

SEED = 7
ENOUGH = 5_000
SOLD = (Order.Status.PAID, Order.Status.FULFILLED)


def open_floor() -> None:
    """A small shop with plenty on its shelves."""
    with living(SEED, start=timezone.now(), currency="GBP") as world:
        open_shop(world)
    for item in StockItem.objects.all():
        item.movements.create(delta=ENOUGH, kind="received", source_type="delivery", source_id=str(item.pk))
        StockItem.objects.filter(pk=item.pk).update(on_hand=item.on_hand + ENOUGH)
    assert Variant.objects.filter(product__status="active").count() == len(world.variants)


def work_as_staff() -> None:
    """Ship, refund, cancel and ask Stripe, one act after another; a refusal is as good as an act."""
    staff = list(User.objects.filter(groups__name="ops"))
    dice = random.Random()
    while True:
        order = Order.objects.order_by("-pk")[: dice.randint(1, 12)]
        acts: tuple[Callable[[Order, User], object], ...] = (_refund, _refund, _ship, _ask, _cancel)
        for chosen in list(order)[-1:]:
            try:
                dice.choice(acts)(chosen, dice.choice(staff))
            except (DomainError, GatewayError):
                continue
        time.sleep(0.05)


def _refund(order: Order, actor: User) -> None:
    restock = random.choice(RefundLine.Restock.values)
    units = {line.pk: random.randint(0, line.quantity_to_refund) for line in order.lines.all()}
    choice = RefundChoice(units=units, restock=RefundLine.Restock(restock), reason="It leaked.")
    if order.status in SOLD:
        request_refund(order.pk, choice=choice, actor=actor, request_key=f"{order.pk}-{random.getrandbits(60)}")


def _ship(order: Order, actor: User) -> None:
    ship(order.pk, actor=actor)


def _ask(order: Order, actor: User) -> None:
    sync_order(order.pk, actor=actor)


def _cancel(order: Order, actor: User) -> None:
    if random.random() < 0.2:
        cancel_order_unpaid(order.pk, reason="staff", by=By.STAFF, actor=actor)


def settle(database: Path) -> None:
    """Carry the served simulator's tables over, let time pass in this process, and tell what does not agree."""
    _carry_over(database)
    with living(SEED, start=timezone.now(), currency="GBP") as world:
        settle_down(world)
        problems = list(unsound(world))
    counts = dict(Order.objects.values_list("status").annotate(django.db.models.Count("pk")).order_by())
    sys.stdout.write(json.dumps({"problems": problems, "orders": counts}) + "\n")


def _carry_over(database: Path) -> None:
    served = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(database)}
    connections.settings["served"] = connections.configure_settings({"default": {}, "served": served})["served"]
    tables = list(django.apps.apps.get_app_config("stripe_simulator").get_models())
    with transaction.atomic():
        for table in tables:
            table.objects.bulk_create(table.objects.using("served").order_by("pk"), batch_size=500)
        with connection.cursor() as cursor:
            for statement in connection.ops.sequence_reset_sql(no_style(), tables):
                cursor.execute(statement)


def main() -> None:
    """Do what the first word says."""
    word, *rest = sys.argv[1:]
    if word == "settle":
        settle(Path(rest[0]))
    else:
        {"open": open_floor, "staff": work_as_staff}[word]()


if __name__ == "__main__":
    main()
