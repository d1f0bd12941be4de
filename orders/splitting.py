"""How amounts that were given as one are split over lines, delivery and tax (`kpis.md`, rule 10). Pure functions.

Always by largest remainder; ties go to the earlier line, then delivery, then tax. All amounts are minor units, goods
and delivery ex tax.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import lcm

from core.errors import DomainError
from core.money import allocate
from orders.models import Order, OrderLine


@dataclass(frozen=True)
class Parts:
    """Money of an order by bucket, one entry a line: what a refund gives back, or what could still be refunded."""

    goods: tuple[int, ...]
    tax: tuple[int, ...]
    shipping: int = 0
    shipping_tax: int = 0

    @property
    def total(self) -> int:
        """The cash that this comes to."""
        return sum(self.goods) + sum(self.tax) + self.shipping + self.shipping_tax

    def minus(self, taken: "Parts") -> "Parts":
        """Return what is left after something was taken."""
        return Parts(
            tuple(a - b for a, b in zip(self.goods, taken.goods, strict=True)),
            tuple(a - b for a, b in zip(self.tax, taken.tax, strict=True)),
            self.shipping - taken.shipping,
            self.shipping_tax - taken.shipping_tax,
        )


@dataclass(frozen=True)
class Units:
    """Units of one line that a refund names: which line (by place), how many, of how many, and refunded before."""

    index: int
    quantity: int
    of: int
    before: int = 0


@dataclass(frozen=True)
class Asked:
    """A refund as it was asked for: an amount, or goods, delivery and tax; with or without units of lines."""

    amount: int | None = None
    goods: int | None = None
    shipping: int | None = None
    tax: int | None = None
    units: Sequence[Units] = field(default_factory=tuple)


def split_order_discount(amount: int, charges: Sequence[int]) -> list[int]:
    """Split an order-level discount over the lines by what each is charged before it."""
    _refuse_above(amount, sum(charges))
    return allocate(amount, charges)


def split_order_tax(tax: int, charges: Sequence[int], shipping_charged: int) -> tuple[list[int], int]:
    """Split order-level tax over lines and delivery by what each is charged; return the lines' taxes and delivery's.

    Raises DomainError if there is tax but nothing was charged.
    """
    weights = [*charges, shipping_charged]
    if tax and not any(weights):
        raise DomainError("there is tax, but nothing was charged")
    *lines, shipping = allocate(tax, weights)
    return lines, shipping


def parts_of(order: Order, lines: Sequence[OrderLine]) -> Parts:
    """Return everything that a sold order was paid for, by bucket."""
    inside = order.prices_include_tax
    charged = order.shipping_charged_minor
    return Parts(
        goods=tuple(line.total_minor - (line.tax_minor if inside else 0) for line in lines),
        tax=tuple(line.tax_minor for line in lines),
        shipping=charged - (order.shipping_tax_minor if inside else 0),
        shipping_tax=order.shipping_tax_minor,
    )


def split_refund(asked: Asked, *, sold: Parts, left: Parts) -> Parts:
    """Return a refund by bucket: of what was `sold`, of which `left` is still refundable.

    Raises DomainError where any bucket would give back more than is left of it.
    """
    if asked.amount is not None:
        refund = _split_named_amount(asked, sold) if asked.units else _split_amount(asked.amount, left)
    elif asked.goods is None and asked.shipping is None and asked.tax is None:
        refund = _whole_units(asked.units, sold, left)
    else:
        refund = _split_given(asked, sold, left)
    _refuse_overdrawn(refund, left)
    return refund


def _split_amount(amount: int, left: Parts) -> Parts:
    """Split an amount alone over each line's goods, delivery, and the order's tax as one bucket."""
    _refuse_above(amount, left.total)
    all_tax = sum(left.tax) + left.shipping_tax
    *goods, shipping, tax = allocate(amount, [*left.goods, left.shipping, all_tax])
    line_tax, shipping_tax = _split_tax(tax, left)
    return Parts(tuple(goods), line_tax, shipping, shipping_tax)


def _split_named_amount(asked: Asked, sold: Parts) -> Parts:
    """Split an amount over the goods and the tax of the named units only; delivery is untouched."""
    goods_weights = _weights(asked.units, sold.goods)
    tax_weights = _weights(asked.units, sold.tax)
    *goods, tax = _allocate(asked.amount or 0, [*goods_weights, sum(tax_weights)])
    return Parts(tuple(goods), tuple(_allocate(tax, tax_weights)))


def _split_given(asked: Asked, sold: Parts, left: Parts) -> Parts:
    """Split goods over the named units, else over what is left of the lines' goods; tax by what is left of it."""
    weights = _weights(asked.units, sold.goods) if asked.units else list(left.goods)
    goods = _allocate(asked.goods or 0, weights)
    line_tax, shipping_tax = _split_tax(asked.tax or 0, left)
    return Parts(tuple(goods), line_tax, asked.shipping or 0, shipping_tax)


def _split_tax(tax: int, left: Parts) -> tuple[tuple[int, ...], int]:
    *line_tax, shipping_tax = _allocate(tax, [*left.tax, left.shipping_tax])
    return tuple(line_tax), shipping_tax


def _whole_units(units: Sequence[Units], sold: Parts, left: Parts) -> Parts:
    """Give back units at their line's net and tax x quantity / its quantity, rounded down; the last takes the rest."""
    goods, tax = [0] * len(sold.goods), [0] * len(sold.tax)
    for unit in units:
        i = unit.index
        if unit.before + unit.quantity >= unit.of:
            goods[i], tax[i] = left.goods[i], left.tax[i]
        else:
            goods[i] = sold.goods[i] * unit.quantity // unit.of
            tax[i] = sold.tax[i] * unit.quantity // unit.of
    return Parts(tuple(goods), tuple(tax))


def _weights(units: Sequence[Units], amounts: Sequence[int]) -> list[int]:
    """Return amount x quantity / line quantity of each line, brought to whole numbers by a common factor."""
    common = lcm(*(unit.of for unit in units))
    weights = [0] * len(amounts)
    for unit in units:
        weights[unit.index] += amounts[unit.index] * unit.quantity * (common // unit.of)
    return weights


def _allocate(amount: int, weights: Sequence[int]) -> list[int]:
    if amount and not any(weights):
        raise DomainError("there is nothing left to refund that from")
    return allocate(amount, weights)


def _refuse_above(amount: int, most: int) -> None:
    if not 0 <= amount <= most:
        raise DomainError(f"{amount} is more than the {most} there is")


def _refuse_overdrawn(refund: Parts, left: Parts) -> None:
    rest = left.minus(refund)
    if min(*rest.goods, *rest.tax, rest.shipping, rest.shipping_tax) < 0:
        raise DomainError(f"refund of {refund.total} above what is refundable ({left.total})")
