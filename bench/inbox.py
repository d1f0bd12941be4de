"""`make bench-inbox`: signed events accepted a second, and events worked off a second, on PostgreSQL."""

import argparse
import hashlib
import hmac
import json
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.posting import Answers, Sent, post_all
from bench.running import ROOT, Shop, circumstances, free_port, gunicorn, keep, load, shop

SECRET = "whsec_of_the_benchmark"
CONNECTIONS = 8
WARM_UP, EVENTS, ROUNDS = 500, 2_000, 3
PACE = 500.0  # a second: the target
ORDERS = 300
TICKS = 100  # of the processor's clock in a second, as /proc counts them
PATIENCE = 180.0
STRIPE_PAGE = "static/stripe_simulator/pay.css"
SOLD = "SELECT COUNT(*) FROM payments_payment WHERE disposition = 'applied' AND tender = 'stripe'"
SPAN = """
SELECT COUNT(*), COUNT(*) FILTER (WHERE processed_at > first), EXTRACT(EPOCH FROM MAX(processed_at) - MIN(first))
FROM payments_webhookevent, (SELECT MIN(processed_at) AS first FROM payments_webhookevent) begun
WHERE state = 'processed'
"""


@dataclass(frozen=True)
class Accepted:
    """How a server answered: at its fastest, at the pace of the target, and what an event cost its processes."""

    fastest: Answers
    paced: Answers
    milliseconds: float


@dataclass(frozen=True)
class WorkedOff:
    """Events in all and after the first outcome, the seconds from there on, and what the worker computed meanwhile."""

    events: int
    after_first: int
    seconds: float
    processor: float

    @property
    def a_second(self) -> float:
        """Events worked off a second, by the clock."""
        return self.after_first / self.seconds

    @property
    def a_computed_second(self) -> float:
        """Events worked off in a second of the worker's processor time."""
        return self.after_first / self.processor


def letters(count: int) -> list[Sent]:
    """Signed events of the size of a real one, each about another session."""
    return [_letter() for _ in range(count)]


def _letter() -> Sent:
    session = {
        "id": f"cs_test_{secrets.token_hex(24)}",
        "object": "checkout.session",
        "metadata": {},
        "note": "x" * 1_800,
    }
    event = {
        "id": f"evt_{secrets.token_hex(12)}",
        "object": "event",
        "api_version": "2026-05-27.dahlia",
        "created": int(time.time()),
        "data": {"object": session},
        "livemode": False,
        "pending_webhooks": 1,
        "type": "checkout.session.completed",
    }
    body = json.dumps(event, indent=2).encode()
    stamp = int(time.time())
    signature = hmac.new(SECRET.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    return Sent(body, {"Content-Type": "application/json", "Stripe-Signature": f"t={stamp},v1={signature}"})


def serve(place: Shop, application: str, table: str) -> Accepted:
    """Serve an application and post to it; the table it fills is emptied between the rounds."""
    with place.connect() as connection, gunicorn(application, place.environment, free_port()) as served:
        url = f"{served.address}payments/webhook/"
        return accepted(url, served.pid, lambda: connection.execute(f"TRUNCATE {table} CASCADE"))


def accepted(url: str, pid: int, empty: Callable[[], object]) -> Accepted:
    """Medians of the rounds, after a warm-up."""
    post_all(url, letters(WARM_UP), connections=CONNECTIONS)
    fastest, paced, cost = list[Answers](), list[Answers](), list[float]()
    for _ in range(ROUNDS):
        empty()
        pile, before = letters(EVENTS), computed(pid)
        fastest.append(post_all(url, pile, connections=CONNECTIONS))
        cost.append((computed(pid) - before) * 1_000 / EVENTS)
        paced.append(post_all(url, letters(EVENTS), connections=CONNECTIONS, a_second=PACE))
    return Accepted(_median(fastest), _median(paced), median(cost))


def _median(answers: list[Answers]) -> Answers:
    names = ("a_second", "median", "p99", "longest")
    return Answers(*(median(getattr(answer, name) for answer in answers) for name in names))


def computed(pid: int) -> float:
    """Seconds that a process and its children have computed."""
    found = 0.0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it ended
        if pid in (int(stat.parent.name), int(fields[1])):
            found += (int(fields[11]) + int(fields[12])) / TICKS
    return found


def work_off(place: Shop, orders: int, **settings: str) -> WorkedOff:
    """Let one worker with these settings work off the events of so many purchases, its jobs beside it."""
    with place.connect() as connection:
        connection.execute("TRUNCATE payments_webhookevent CASCADE")
        sold = connection.execute(SOLD).fetchone()[0]
    place.run("-m", "bench.purchases", str(orders))
    place.settle()
    with place.connect() as connection, worker(place.environment | settings) as pid:
        count = "SELECT COUNT(*) FROM payments_webhookevent WHERE state = 'received'"
        waiting = events = connection.execute(count).fetchone()[0]
        end, before = time.monotonic() + PATIENCE, 0.0
        while waiting and time.monotonic() < end:
            if waiting == events:
                before = computed(pid)
            time.sleep(0.05)
            waiting = connection.execute(count).fetchone()[0]
        processor = computed(pid) - before
        done, after_first, seconds = connection.execute(SPAN).fetchone()
        if waiting or done != events or connection.execute(SOLD).fetchone()[0] != sold + orders:
            raise RuntimeError("not every event made its sale")
    return WorkedOff(done, after_first, float(seconds), processor)


@contextmanager
def served_stripe(place: Shop) -> Iterator[dict[str, str]]:
    """Serve the simulator from a process of its own, as Stripe is elsewhere; the settings of a worker that asks it."""
    own = {"DJANGO_SETTINGS_MODULE": "bench.stripe_settings", "STRIPE_WEBHOOK_SECRETS": ""}
    with gunicorn("stripe_simulator.wsgi", place.environment | own, free_port(), workers=1, page=STRIPE_PAGE) as stripe:
        yield {"PAYMENTS_USE_STRIPE": "1", "STRIPE_API_BASE": stripe.address.rstrip("/")}


@contextmanager
def worker(environment: dict[str, str]) -> Iterator[int]:
    """A worker as production runs it; its process id."""
    running = subprocess.Popen([sys.executable, "manage.py", "worker"], cwd=ROOT, env=environment)
    try:
        yield running.pid
    finally:
        running.send_signal(signal.SIGTERM)
        running.wait(timeout=60)


def table(ours: Accepted, bare: Accepted, inside: WorkedOff, served: WorkedOff) -> str:
    """The figures."""

    def row(name: str, figures: Accepted) -> str:
        fastest, paced = figures.fastest, figures.paced
        return (
            f"| {name} | {fastest.a_second:,.0f} a second | {fastest.median:.1f} ms, {fastest.p99:.1f} ms "
            f"| {paced.a_second:,.0f}: {paced.median:.1f} ms, {paced.p99:.1f} ms | {figures.milliseconds:.2f} ms |"
        )

    return f"""| accepting | at its fastest | median, p99 | at {PACE:,.0f} a second: median, p99 | processor an event |
|---|---|---|---|---|
{row("bare view that inserts", bare)}
{row("the inbox, signed events", ours)}

| working off, one worker | events a second | in a second of its processor time |
|---|---|---|
| Stripe's stand-in in a process of its own | {served.a_second:,.0f} | {served.a_computed_second:,.0f} |
| in the worker's process | {inside.a_second:,.0f} | {inside.a_computed_second:,.0f} |"""


def main() -> None:
    """Measure, print and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=ORDERS, help="purchases to work off (default: %(default)s)")
    orders = parser.parse_args().orders
    load_before = load()
    with shop() as place:
        place.environment["STRIPE_WEBHOOK_SECRETS"] = SECRET
        place.manage("migrate", "--verbosity", "0")
        place.manage("seed_demo", "--orders", "300")
        place.manage("collectstatic", "--noinput", "--verbosity", "0")
        place.settle()
        inside = work_off(place, orders)
        with served_stripe(place) as stripe:
            served = work_off(place, orders, **stripe)
        with place.connect() as connection:
            connection.execute("CREATE TABLE bench_bare (id bigserial PRIMARY KEY, body text NOT NULL)")
        bare = serve(place, "bench.bare_insert", "bench_bare")
        ours = serve(place, "purelaka.wsgi", "payments_webhookevent")
        lines = circumstances(place, load_before=load_before)
    method = METHOD.format(events=served.events, orders=orders)
    keep("The inbox", f"`make bench-inbox` does it again.\n\n{lines}\n{method}\n\n{table(ours, bare, inside, served)}")


METHOD = f"""- Accepting: {CONNECTIONS} kept-alive connections on loopback, Python's http.client in one process;
  {WARM_UP:,} events of warm-up, medians of {ROUNDS} rounds of {EVENTS:,} events of 2 kB, each signed, new, and answered
  with 200. At a pace, an answer's time counts from when its event was due. No worker runs meanwhile. The bare
  view has no middleware; the processor time is that of the web workers alone.
- Working off: `manage.py worker`, from the first outcome to the last, on the {{events:,}} events of {{orders:,}}
  purchases that were paid at Stripe's stand-in. Stripe is elsewhere, so that runs in a process of its own on the same
  cores and answers over HTTP; then in the worker's process, which pays for both. It answers at once, where Stripe takes
  a tenth of a second or two: three requests a purchase. Every purchase was a sale afterwards."""


if __name__ == "__main__":
    main()
