"""A year and a half of trade brought into a database: catalogue, terms, history through the importer, logins.

The same seed and the same moment give the same trade. Both are kept, so that a run which was cut short goes on where
it stopped, and a run after a finished one changes nothing.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from tempfile import TemporaryFile
from typing import Any, Self

from django.conf import settings
from django.utils import timezone

from core.days import business_day, day_bounds
from core.errors import DomainError, NotAllowedInState
from demo.books import book_lines
from demo.catalogue import CURRENCY
from demo.logins import NAMES, Login, address, logins, make_logins
from demo.shop import open_shop
from demo.trade import ALL_TYPES, generate_history
from history.importing import Outcome, import_history
from history.models import ImportedRecord
from orders.models import Order
from payments.client import is_live
from rbac.matrix import CUSTOMER

DAYS = 548
BEGUN, DONE = "seed", "seeded"
SEED, ORDERS = 1, 6_000
LEAST_ORDERS, MOST_ORDERS = 1, 1_000_000
REGULAR_ORDERS = range(5, 10)  # so many orders the login of the customer has, where somebody has so many

type Line = dict[str, Any]
type Progress = Callable[[Outcome, int], None]


@dataclass(frozen=True)
class Plan:
    """What is to be made, or was: enough to make it again."""

    seed: int
    orders: int
    now: datetime

    @property
    def source(self) -> str:
        """The name of the trade among the sources of history."""
        return f"demo-{self.seed}"

    @property
    def since(self) -> datetime:
        """The start of its first day."""
        return day_bounds(business_day(self.now) - timedelta(days=DAYS))[0]

    def lines(self) -> Iterator[Line]:
        """Yield the lines of its history."""
        return generate_history(
            seed=self.seed,
            orders=self.orders,
            start=business_day(self.since),
            end=business_day(self.now),
            now=self.now,
            time_zone=settings.STORE_TIME_ZONE,
            types=ALL_TYPES,
        )

    def keep(self, kind: str) -> None:
        """Remember that it was begun, or is done."""
        ref = f"orders={self.orders} now={self.now.isoformat()}"
        digest = hashlib.sha256(ref.encode()).hexdigest()
        ImportedRecord.objects.create(source=self.source, type=kind, ref=ref, digest=digest)

    @classmethod
    def kept(cls, kind: str) -> Self | None:
        """Return what this database has begun, or has done."""
        row = ImportedRecord.objects.filter(type=kind, source__startswith="demo-").order_by("pk").last()
        if row is None:
            return None
        orders, now = (part.partition("=")[2] for part in row.ref.split(" "))
        return cls(int(row.source.removeprefix("demo-")), int(orders), datetime.fromisoformat(now))


@dataclass(frozen=True)
class Seeded:
    """What a run came to; `outcome` is None where everything was there already."""

    plan: Plan
    logins: list[Login]
    outcome: Outcome | None


def seed_demo(
    *, seed: int | None = None, orders: int | None = None, progress: Progress = lambda _outcome, _lines: None
) -> Seeded:
    """Fill the database with believable trade up to now. Safe to repeat.

    Seed and orders that are not given are those of the demo that is there, else SEED and ORDERS. Raises
    NotAllowedInState where that would do harm, or where another demo is there already.
    """
    _refuse_unsafe()
    _refuse_nonsense(seed=seed, orders=orders)
    plan = Plan.kept(DONE)
    if plan is not None:
        _refuse_another(plan, seed=seed, orders=orders)
        return Seeded(plan, logins(), None)
    plan = _begin(seed=seed, orders=orders)
    open_shop(since=plan.since)
    outcome = _import(plan, progress)
    outcome.new += _keep_books(plan).new
    people = make_logins()
    plan.keep(DONE)
    return Seeded(plan, people, outcome)


def _begin(*, seed: int | None, orders: int | None) -> Plan:
    """Return the plan of a run that was cut short, or a new one."""
    plan = Plan.kept(BEGUN)
    if plan is not None:
        _refuse_another(plan, seed=seed, orders=orders)
        return plan
    if Order.objects.exists():
        raise NotAllowedInState(
            "This database holds orders that are not the demo's. Give the demo a database of its own (DATABASE_URL)."
        )
    plan = Plan(SEED if seed is None else seed, ORDERS if orders is None else orders, _now())
    plan.keep(BEGUN)
    return plan


def _now() -> datetime:
    return timezone.now().replace(microsecond=0)


def _refuse_unsafe() -> None:
    is_production = str(settings.SETTINGS_MODULE).endswith("settings_prod")
    if settings.PAYMENTS_USE_STRIPE and (is_production or is_live()):
        raise NotAllowedInState(
            "This shop takes payments through Stripe (PAYMENTS_USE_STRIPE=1); invented trade is refused here."
        )
    if settings.STORE_CURRENCY != CURRENCY:
        raise NotAllowedInState(
            f"The demo's catalogue is priced in {CURRENCY}, and this shop sells in {settings.STORE_CURRENCY}."
        )


def _refuse_nonsense(*, seed: int | None, orders: int | None) -> None:
    if seed is not None and seed < 0:
        raise DomainError("The seed is a whole number from 0.")
    if orders is not None and not LEAST_ORDERS <= orders <= MOST_ORDERS:
        raise DomainError(f"The number of orders lies between {LEAST_ORDERS} and {MOST_ORDERS:,}.")


def _refuse_another(there: Plan, *, seed: int | None, orders: int | None) -> None:
    if seed not in (None, there.seed) or orders not in (None, there.orders):
        raise NotAllowedInState(
            f"This database holds the demo of seed {there.seed} with {there.orders:,} orders. "
            "Another one needs a database of its own (DATABASE_URL)."
        )


def _import(plan: Plan, progress: Progress) -> Outcome:
    count, regular = _look_ahead(plan)
    raw = (json.dumps(_as_login(line, regular)).encode() for line in plan.lines())
    outcome = import_history(raw, source=plan.source, progress=lambda so_far: progress(so_far, count))
    if outcome.bad:
        raise RuntimeError(f"the invented history is wrong: {outcome.bad[0]}")
    return outcome


def _keep_books(plan: Plan) -> Outcome:
    """Import what Stripe would have booked for the trade. The lines are written down first: they are read from it."""
    with TemporaryFile() as spool:
        for line in book_lines(currency=CURRENCY, now=plan.now):
            spool.write(json.dumps(line).encode() + b"\n")
        spool.seek(0)
        outcome = import_history(spool, source=plan.source)
    if outcome.bad:
        raise RuntimeError(f"the invented books are wrong: {outcome.bad[0]}")
    return outcome


def _look_ahead(plan: Plan) -> tuple[int, str]:
    """Return how many lines there are, and the customer whom the login of the customer stands for.

    It is somebody with several orders, one of them refunded, the last as late as possible, so that their account has
    much to show.
    """
    count, buyers, refunded = 0, dict[str, str](), set[str]()
    for line in plan.lines():
        count += 1
        if line["type"] == "order" and "customer" in line:
            buyers[line["ref"]] = line["customer"]
        elif line["type"] == "refund":
            refunded.add(buyers.get(line["order"], ""))
    bought = Counter(buyers.values())
    latest = {customer: place for place, customer in enumerate(buyers.values())}
    fitting = [customer for customer, orders in bought.items() if orders in REGULAR_ORDERS] or list(bought)
    return count, max(fitting, key=lambda customer: (customer in refunded, latest[customer]), default="")


def _as_login(line: Line, regular: str) -> Line:
    if line["type"] == "customer" and line["ref"] == regular:
        return line | {"email": address(CUSTOMER), "name": NAMES[CUSTOMER], "verified": True}
    return line
