"""`manage.py reconcile_stripe [--from D --to D]`: where Stripe's books and this shop's do not agree."""

import sys
from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core.days import today
from core.forms import FIRST_DAY, LAST_DAY
from core.money import format_money
from payments.balance import imported_at
from payments.matching import Days
from payments.reconciling import Difference, differences, payouts_apart, payouts_in

BAD_INPUT = 2


class Command(BaseCommand):
    """Prints differences by day and category; exit status 1 if there are any, 2 for days that make no sense."""

    help = (
        "Hold what was imported of Stripe's balance against payments, refunds, disputes and payouts, and print what "
        "differs by day and category. Exit status 0 if nothing does, 1 if something does."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--from", dest="start", metavar="D", help="first day, like 2026-06-01 (the first there is)")
        parser.add_argument("--to", dest="end", metavar="D", help="last day, like 2026-06-30 (today)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Compare, print, exit."""
        days = _days(options["start"], options["end"])
        apart = differences(days)
        for difference in apart:
            self.stdout.write(in_a_line(difference))
        found = payouts_apart().filter(payouts_in(days)).order_by("created_at", "pk")
        payouts = list(found.values_list("stripe_id", "currency", "amount_minor", "parts_minor"))
        for payout_id, currency, amount, parts in payouts:
            sums = f"{format_money(amount, currency)}, its parts {format_money(parts, currency)}"
            self.stdout.write(f"payout {payout_id}: {sums}")
        moment = imported_at()
        until = f"imported to {moment:%Y-%m-%d %H:%M} UTC" if moment else "nothing has been imported yet"
        if not apart and not payouts:
            self.stdout.write(f"There are no differences ({until}).")
            return
        counts = f"Differences by day and category: {len(apart)}. Payouts that are not their parts: {len(payouts)}"
        self.stdout.write(f"{counts} ({until}).")
        sys.exit(1)


def in_a_line(one: Difference) -> str:
    """Return a difference as a line of text, with the sums of both sides and the number of rows behind it."""
    stripe, ours, difference = (
        format_money(amount, one.currency) for amount in (one.stripe_minor, one.ours_minor, one.difference_minor)
    )
    rows = "1 row" if one.rows == 1 else f"{one.rows} rows"
    return f"{one.day} {one.currency} {one.category:<16} Stripe {stripe}, here {ours}: {difference} in {rows}"


def _days(start: str | None, end: str | None) -> Days | None:
    if start is None and end is None:
        return None
    first = FIRST_DAY if start is None else _day("--from", start)
    last = max(today(), first) if end is None else _day("--to", end)
    if first > last:
        raise CommandError(f"--from {first} lies after --to {last}.", returncode=BAD_INPUT)
    return Days(first, last)


def _day(option: str, text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = date.min
    if not FIRST_DAY <= day <= LAST_DAY:
        sentence = f"{option}: “{text}” is not a day of a shop; write it like 2026-06-01."
        raise CommandError(sentence, returncode=BAD_INPUT)
    return day
