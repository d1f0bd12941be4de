"""Why net sales moved: the change between two windows, split without a remainder into causes. Minor units.

orders     change in orders x what an order came to before (gross sales less discounts, an order)
discounts  what today's gross sales would have cost at the old share of discounts, less what they did cost
baskets    the rest of the change in gross sales less discounts: more or dearer goods an order
returns    minus the change in returns

The four add up to the change in net sales exactly. Where nothing was sold before, every sale is one of more orders.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from analytics.kpi_types import Facts
from core.money import divide_half_up, format_money

TENTHS = 1_000  # of a percent, in a whole


class Cause(StrEnum):
    """What moves net sales."""

    ORDERS = "orders"
    BASKETS = "baskets"
    DISCOUNTS = "discounts"
    RETURNS = "returns"


WORDS = {
    Cause.ORDERS: ("more orders", "fewer orders"),
    Cause.BASKETS: ("larger baskets", "smaller baskets"),
    Cause.DISCOUNTS: ("less discount", "more discount"),
    Cause.RETURNS: ("fewer returns", "more returns"),
}


@dataclass(frozen=True)
class Effect:
    """What one cause did: its amount, and tenths of a percent of the net sales before (None where they are not > 0)."""

    cause: Cause
    minor: int
    tenths: int | None

    @property
    def words(self) -> str:
        """The cause in words: `more orders` where it raised net sales, `fewer orders` where it lowered them."""
        return WORDS[self.cause][self.minor < 0]


@dataclass(frozen=True)
class Explained:
    """A change of net sales with its causes, which add up to it; so do their shares."""

    before_minor: int
    now_minor: int
    tenths: int | None
    effects: Sequence[Effect]
    currency: str

    @property
    def change_minor(self) -> int:
        """By how much net sales moved."""
        return self.now_minor - self.before_minor

    @property
    def sentence(self) -> str:
        """The change in words: `Net sales rose 12.3 %: more orders +9.1 %, larger baskets +4.2 %, …`."""
        if not any(effect.minor for effect in self.effects):
            return "Net sales did not move."
        told = [effect for effect in self.effects if effect.minor and effect.tenths != 0]
        verb = "rose" if self.change_minor > 0 else "fell" if self.change_minor else "came to the same"
        by = f" {self._amount(self.change_minor, self.tenths).lstrip('+-')}" if self.change_minor else ""
        causes = ", ".join(f"{effect.words} {self._amount(effect.minor, effect.tenths)}" for effect in told)
        return f"Net sales {verb}{by}{': ' if causes else ''}{causes}."

    def _amount(self, minor: int, tenths: int | None) -> str:
        if tenths is None:
            return f"{'+' if minor > 0 else ''}{format_money(minor, self.currency)}"
        return in_percent(tenths)


def explained(before: Facts, now: Facts, currency: str) -> Explained:
    """Return why net sales moved from one window to another."""
    sold = now.sold - before.sold
    orders = divide_half_up((now.orders - before.orders) * before.sold, before.orders) if before.orders else sold
    discounts = 0
    if before.orders and before.gross:
        discounts = divide_half_up(now.gross * before.discounts, before.gross) - now.discounts
    minor = {
        Cause.ORDERS: orders,
        Cause.BASKETS: sold - orders - discounts,
        Cause.DISCOUNTS: discounts,
        Cause.RETURNS: before.returns - now.returns,
    }
    shares = _shares(list(minor.values()), before.net)
    effects = [Effect(cause, minor[cause], share) for cause, share in zip(minor, shares, strict=True)]
    tenths = divide_half_up(TENTHS * (now.net - before.net), before.net) if before.net > 0 else None
    return Explained(before.net, now.net, tenths, effects, currency)


def in_percent(tenths: int) -> str:
    """Return tenths of a percent with their sign: `+9.1 %`."""
    return f"{tenths / 10:+.1f}\u00a0%"


def _shares(minor: Sequence[int], whole: int) -> Sequence[int | None]:
    """Return each amount in tenths of a percent of a whole, by largest remainder, so that they add up like it."""
    if whole <= 0:
        return [None] * len(minor)
    floors = [TENTHS * amount // whole for amount in minor]
    missing = divide_half_up(TENTHS * sum(minor), whole) - sum(floors)
    by_remainder = sorted(range(len(minor)), key=lambda place: -(TENTHS * minor[place] % whole))
    for place in by_remainder[:missing]:
        floors[place] += 1
    return floors
