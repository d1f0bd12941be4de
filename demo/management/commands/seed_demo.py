"""`manage.py seed_demo [--orders N] [--seed N] [--problems N]`: a year and a half of believable trade."""

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core.errors import DomainError
from demo.logins import Login
from demo.problems import plant
from demo.seeding import ORDERS, SEED, Plan, seed_demo
from history.importing import Outcome
from history.progress import Progress


class Command(BaseCommand):
    """Seeds, shows progress, prints the logins."""

    help = "Fill the database with a catalogue, a year and a half of invented trade, and four logins. Safe to repeat."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--orders", type=int, help=f"how many, by a third as many customers ({ORDERS:,})")
        parser.add_argument("--seed", type=int, help=f"the same seed at the same moment: the same trade ({SEED})")
        parser.add_argument("--problems", type=int, default=0, help="plant so many more for the checks to find (0)")

    def handle(self, *, orders: int | None, seed: int | None, problems: int, **options: Any) -> None:
        """Seed; a refusal is a sentence on stderr and exit status 1."""
        began = time.monotonic()
        share = 0.0
        told = Progress(self.stdout.write, lambda: share)

        def progress(outcome: Outcome, lines: int) -> None:
            nonlocal share
            share = outcome.rows / lines
            told(outcome)

        try:
            seeded = seed_demo(seed=seed, orders=orders, progress=progress)
            planted = plant(problems, seed=seeded.plan.seed)
        except DomainError as refusal:
            raise CommandError(refusal.message) from refusal
        if seeded.outcome is None:
            self.stdout.write(f"The demo is there already: {described(seeded.plan)}. Nothing was changed.")
        else:
            counts = ", ".join(f"{count:,} {kind}" for kind, count in sorted(seeded.outcome.new.items()))
            self.stdout.write(f"{described(seeded.plan)}: {counts}; {time.monotonic() - began:,.0f} s")
        for problem in planted:
            self.stdout.write(f"Planted for {problem.check_id}: {problem.subject}")
        self._tell_logins(seeded.logins)

    def _tell_logins(self, logins: list[Login]) -> None:
        self.stdout.write("Logins:")
        for login in logins:
            password = login.password or "(the password is no longer the demo's)"
            self.stdout.write(f"  {login.role:<9} {login.email:<24} {password}")


def described(plan: Plan) -> str:
    """Return a demo in words."""
    return f"{plan.orders:,} orders up to {plan.now:%Y-%m-%d %H:%M} UTC, seed {plan.seed}"
