"""Who buys: invented customers with believable names, and who of them comes back."""

import tomllib
import unicodedata
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

NAMES = Path(__file__).parent / "names.toml"
DOMAINS = ("example.com", "example.org", "example.net")  # reserved: no mail to them can reach anybody
COUNTRIES, COUNTRY_WEIGHTS = ("GB", "IE", "DE", "FR"), (930, 28, 22, 20)

LATIN = str.maketrans({"ı": "i", "ł": "l", "ø": "o", "ß": "ss", "'": "", " ": "", "-": ""})


@dataclass(slots=True)
class Person:
    """A buyer. Without `ref` a guest, known by e-mail alone; only the `loyal` come back of themselves."""

    ref: str | None
    name: str
    email: str
    country: str
    loyal: bool
    orders: int = 0
    last_at: datetime | None = None
    liked: list[str] = field(default_factory=list)


@cache
def name_groups() -> dict[str, list[dict[str, Any]]]:
    """Return the groups of first and last names by country."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for group in tomllib.loads(NAMES.read_text(encoding="utf-8"))["groups"]:
        groups.setdefault(group["country"], []).append(group)
    return groups


class Crowd:
    """Decides for each order who places it: exactly `customers` people over `orders` orders.

    Returning buyers are drawn in part from the loyal people and in part from the past orders, the recent ones more
    often, which gives the long tail of real shops: most buy once or twice, a few twenty times.
    """

    def __init__(self, *, customers: int, orders: int, rng: Random) -> None:
        self._new_left, self._orders_left, self._rng = customers, orders, rng
        self._made = 0
        self._spellings: Counter[str] = Counter()
        self._loyal: list[Person] = []
        self._past: list[Person] = []

    def next_buyer(self, at: datetime) -> tuple[Person, bool]:
        """Return who places the next order, and whether it is their first."""
        is_new = self._wants_new()
        person = self._make() if is_new else self._returning(at)
        self._orders_left -= 1
        person.orders += 1
        person.last_at = at
        if person.loyal:
            self._past.append(person)
            if is_new:
                self._loyal.append(person)
        return person, is_new

    def _wants_new(self) -> bool:
        draw = self._rng.random()
        if self._new_left == 0:
            return False
        if not self._past or self._new_left >= self._orders_left:
            return True
        return draw < 1.2 * self._new_left / self._orders_left

    def _make(self) -> Person:
        rng = self._rng
        self._new_left -= 1
        self._made += 1
        country = rng.choices(COUNTRIES, COUNTRY_WEIGHTS)[0]
        groups = name_groups()[country]
        group = rng.choices(groups, [group["weight"] for group in groups])[0]
        first, last = rng.choice(group["first"]), rng.choice(group["last"])
        is_guest, loyal = rng.random() < 0.12, rng.random() < 0.56
        return Person(
            ref=None if is_guest else f"C-{self._made:06d}",
            name=f"{first} {last}",
            email=self._address(first, last),
            country=country,
            loyal=loyal or not self._past,
        )

    def _address(self, first: str, last: str) -> str:
        rng = self._rng
        plain_first, plain_last = _ascii(first), _ascii(last)
        style = rng.randrange(4)
        local = (
            f"{plain_first}.{plain_last}",
            f"{plain_first}{plain_last}",
            f"{plain_first[0]}.{plain_last}",
            f"{plain_last}.{plain_first}",
        )[style]
        spelling = f"{local}@{rng.choices(DOMAINS, (6, 2, 2))[0]}"
        self._spellings[spelling] += 1
        seen = self._spellings[spelling]
        return spelling if seen == 1 else spelling.replace("@", f"{seen}@")

    def _returning(self, at: datetime) -> Person:
        tried = [self._from_past() for _ in range(4)]
        for person in tried:
            if person.orders < 26 and (person.last_at is None or at - person.last_at > timedelta(days=9)):
                return person
        return min(tried, key=lambda person: (person.last_at or at, person.email))

    def _from_past(self) -> Person:
        rng = self._rng
        pool = self._loyal if rng.random() < 0.62 else self._past
        if rng.random() < 0.5:
            return pool[rng.randrange(len(pool))]
        back = int(rng.expovariate(1 / (0.15 * len(pool) + 1)))
        return pool[max(0, len(pool) - 1 - back)]


def _ascii(name: str) -> str:
    folded = unicodedata.normalize("NFKD", name.lower().translate(LATIN))
    return "".join(letter for letter in folded if letter.isascii() and letter.isalpha())


def customer_line(person: Person, *, created_at: datetime, verified: bool) -> dict[str, Any]:
    """Return the history line of a registered customer."""
    return {
        "type": "customer",
        "ref": person.ref,
        "email": person.email,
        "verified": verified,
        "name": person.name,
        "created_at": created_at.isoformat(),
    }
