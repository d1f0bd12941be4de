"""`manage.py kpis --from D --to D [--currency GBP] [--daily] [--json]`: the figures of a window."""

import json
from argparse import ArgumentParser, ArgumentTypeError
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from analytics.figures.answers import answer
from analytics.figures.windows import LONGEST, Window
from core.money import EXPONENTS

BAD_INPUT = 2


def a_currency(text: str) -> str:
    """Read a currency from the command line."""
    if text.upper() not in EXPONENTS:
        raise ArgumentTypeError(f"“{text}” is not a currency; write it like GBP.")
    return text.upper()


class Command(BaseCommand):
    """Prints figures; exit status 2 and a sentence for input that makes no window."""

    help = "Print the figures of the days from --from to --to, both included."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--from", dest="start", required=True, metavar="D", help="first day, like 2026-06-01")
        parser.add_argument("--to", dest="end", required=True, metavar="D", help="last day, like 2026-06-30")
        parser.add_argument("--currency", type=a_currency, help="one currency; without it each of them, and all")
        parser.add_argument("--daily", action="store_true", help="the figures of each day as well")
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the answer."""
        window = _window(options["start"], options["end"])
        found = answer(window, currency=options["currency"], daily=options["daily"])
        if options["json"]:
            self.stdout.write(json.dumps(found, ensure_ascii=False))
            return
        by_currency = found.get("currencies") or {options["currency"]: found}
        for code, figures in by_currency.items():
            self._print(code, figures)
        if "all" in found:
            self._print("all", {"values": found["all"]})

    def _print(self, currency: str, figures: dict[str, Any]) -> None:
        rows = [("", figures["values"]), *((row["day"], row) for row in figures.get("daily", []))]
        for day, values in rows:
            self.stdout.write(" ".join(filter(None, (currency, day))))
            for kpi, value in values.items():
                if kpi != "day" and not isinstance(value, list):
                    self.stdout.write(f"  {kpi:28}{'–' if value is None else value:>14}")


def _window(start: str, end: str) -> Window:
    first, last = _day("--from", start), _day("--to", end)
    if first > last:
        raise CommandError(f"--from {first} lies after --to {last}.", returncode=BAD_INPUT)
    window = Window(first, last)
    if len(window) > LONGEST:
        raise CommandError(f"That is {len(window):,} days; at most {LONGEST:,} can be asked for.", returncode=BAD_INPUT)
    return window


def _day(option: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise CommandError(
            f"{option}: “{text}” is not a day; write it like 2026-06-01.", returncode=BAD_INPUT
        ) from None
