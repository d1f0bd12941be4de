"""The sums of an imported order: discounts and taxes brought to its lines (`kpis.md`, rule 10). Pure."""

from dataclasses import dataclass

from core.errors import DomainError
from history.fields import BadLine
from history.records import OrderRecord
from orders.splitting import split_order_discount, split_order_tax

LARGEST_TOTAL = 10**15


@dataclass(frozen=True)
class Sums:
    """What an order comes to, in minor units; per line the whole discount, the tax and what is charged."""

    discounts: list[int]
    taxes: list[int]
    totals: list[int]
    items_minor: int
    discount_minor: int
    tax_minor: int
    shipping_tax_minor: int
    total_minor: int


def sums_of(order: OrderRecord) -> Sums:
    """Return the sums of an order. Raises BadLine where a discount or a tax does not fit what is charged."""
    lists = [item.quantity * item.unit_price for item in order.lines]
    charges = [listed - item.discount for listed, item in zip(lists, order.lines, strict=True)]
    totals = [charge - share for charge, share in zip(charges, _order_discount(order, charges), strict=True)]
    shipping = order.shipping - order.shipping_discount
    taxes, shipping_tax = _taxes(order, totals, shipping)
    _refuse_tax_above(order, taxes, totals, shipping_tax, shipping)
    tax = sum(taxes) + shipping_tax
    total = sum(totals) + shipping + (0 if order.prices_include_tax else tax)
    if sum(lists) + order.shipping + tax > LARGEST_TOTAL:
        raise BadLine("lines", "come to more than this shop can count")
    return Sums(
        discounts=[listed - total for listed, total in zip(lists, totals, strict=True)],
        taxes=taxes,
        totals=totals,
        items_minor=sum(lists),
        discount_minor=sum(lists) - sum(totals),
        tax_minor=tax,
        shipping_tax_minor=shipping_tax,
        total_minor=total,
    )


def _order_discount(order: OrderRecord, charges: list[int]) -> list[int]:
    if not order.discount:
        return [0] * len(charges)
    try:
        return split_order_discount(order.discount, charges)
    except DomainError as error:
        raise BadLine("discount", error.message) from error


def _taxes(order: OrderRecord, totals: list[int], shipping: int) -> tuple[list[int], int]:
    if order.tax is None:
        return [item.tax or 0 for item in order.lines], order.shipping_tax
    if not any((*totals, shipping)):  # nothing was charged to split it by: the first line takes it, so that it can be
        return [order.tax, *([0] * (len(totals) - 1))], 0  # refunded like any other tax
    return split_order_tax(order.tax, totals, shipping)


def _refuse_tax_above(
    order: OrderRecord, taxes: list[int], totals: list[int], shipping_tax: int, shipping: int
) -> None:
    if not order.prices_include_tax:
        return
    for index, (tax, total) in enumerate(zip(taxes, totals, strict=True)):
        if tax > total:
            field = f"lines[{index}].tax" if order.tax is None else "tax"
            raise BadLine(field, f"{tax} is more than the {total} that it lies in")
    if shipping_tax > shipping:
        raise BadLine("shipping_tax", f"{shipping_tax} is more than the {shipping} that it lies in")
