"""The ledger: the worked example of `kpis.md`, tax inside prices, refunds, their reversal, and the days they mark."""

from collections.abc import Sequence
from datetime import UTC, date, datetime

import pytest
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from core.models import DirtyDay
from core.money import tax_inside
from orders.ledger import RefundedLine, post, refund_entries, sale_entries
from orders.models import Order, OrderLine, SalesEntry
from orders.splitting import Asked, parts_of, split_refund
from orders.tests.factories import line_of, make_order, make_shipping_method
from products.tests.factories import make_variant

JUNE = datetime(2026, 6, 1, 9, tzinfo=UTC)


def sold(day: int, lines: Sequence[OrderLine], **fields: object) -> Order:
    """An unsaved order of the worked example, with tax on top."""
    values = {"currency": "GBP", "prices_include_tax": False, "paid_at": JUNE.replace(day=day)} | fields
    return Order(items_minor=0, total_minor=0, **values)


def line(quantity: int, unit_price_minor: int, *, discount: int = 0, tax: int = 0, **fields: object) -> OrderLine:
    return OrderLine(
        quantity=quantity,
        unit_price_minor=unit_price_minor,
        discount_minor=discount,
        tax_minor=tax,
        total_minor=quantity * unit_price_minor - discount,
        **fields,
    )


def figures(entries: Sequence[SalesEntry]) -> dict[str, int]:
    """The additive figures of `kpis.md`, as sums over entries."""
    total = {
        name: sum(getattr(entry, f"{name}_minor") for entry in entries)
        for name in ("gross", "discount", "returns", "shipping", "tax")
    }
    net = total["gross"] - total["discount"] - total["returns"]
    return {
        **total,
        "orders": sum(entry.kind == "sale" for entry in entries),
        "units": sum(entry.units for entry in entries if entry.kind == "line"),
        "net_units": sum(entry.units for entry in entries),
        "net": net,
        "total": net + total["shipping"] + total["tax"],
    }


def worked_example() -> list[SalesEntry]:
    first = [line(3, 1500, discount=450, tax=810)]
    e1 = sold(1, first, shipping_minor=300, shipping_tax_minor=60, tax_minor=870)
    second, third = [line(1, 2500, tax=500)], [line(2, 2500, tax=1000)]
    e2 = sold(3, second, tax_minor=500)
    e3 = sold(3, third, shipping_minor=300, shipping_tax_minor=60, tax_minor=1060)
    paid = parts_of(e1, first)
    back = split_refund(Asked(goods=1350, tax=270), sold=paid, left=paid)
    refund = refund_entries(
        e1,
        refund_id=1,
        at=JUNE.replace(day=4),
        lines=[RefundedLine(first[0], 0, back.goods[0], back.tax[0])],
        shipping_minor=back.shipping,
        shipping_tax_minor=back.shipping_tax,
    )
    return [*sale_entries(e1, first), *sale_entries(e2, second), *sale_entries(e3, third), *refund]


def test_the_worked_example_comes_out_to_the_penny() -> None:
    assert figures(worked_example()) == {
        "orders": 3,
        "units": 6,
        "net_units": 6,
        "gross": 12_000,
        "discount": 450,
        "returns": 1350,
        "net": 10_200,
        "shipping": 600,
        "tax": 2160,
        "total": 12_960,
    }


@pytest.mark.parametrize(("day", "net"), [(1, 4050), (2, 0), (3, 7500), (4, -1350)])
def test_the_worked_example_falls_on_its_days(day: int, net: int) -> None:
    entries = [entry for entry in worked_example() if entry.day == date(2026, 6, day)]

    assert figures(entries)["net"] == net


def test_a_sale_just_after_midnight_in_london_belongs_to_the_new_day() -> None:
    lines = [line(1, 100)]
    order = sold(1, lines, paid_at=datetime(2026, 6, 30, 23, 30, tzinfo=UTC))

    assert {entry.day for entry in sale_entries(order, lines)} == {date(2026, 7, 1)}


def test_tax_inside_the_price_is_taken_out_of_gross_discount_and_net() -> None:
    lines = [line(3, 1500, discount=450, tax=675, tax_rate_bps=2000, unit_cost_minor=400)]
    order = sold(1, lines, prices_include_tax=True, shipping_minor=350, shipping_tax_minor=58, tax_minor=733)

    entries = sale_entries(order, lines)

    assert figures(entries) | {"cost": entries[1].cost_minor} == {
        "orders": 1,
        "units": 3,
        "net_units": 3,
        "gross": 4500 - 750,
        "discount": 3750 - 3375,
        "returns": 0,
        "net": 4050 - 675,
        "shipping": 350 - 58,
        "tax": 733,
        "total": 4400,
        "cost": 1200,
    }


def test_an_imported_line_takes_the_share_of_tax_that_was_charged() -> None:
    lines = [line(2, 1000, discount=500, tax=300)]
    order = sold(1, lines, prices_include_tax=True, tax_minor=300)

    assert figures(sale_entries(order, lines))["gross"] == 2000 - 400


def test_an_imported_line_that_was_free_has_no_tax_inside() -> None:
    lines = [line(1, 1000, discount=1000)]
    entry = sale_entries(sold(1, lines, prices_include_tax=True), lines)[1]

    assert (entry.gross_minor, entry.discount_minor, entry.tax_minor) == (1000, 1000, 0)


def test_tax_that_nothing_was_charged_for_has_an_entry_of_its_own() -> None:
    lines = [line(1, 0)]

    entries = sale_entries(sold(1, lines, tax_minor=5), lines)

    assert [(entry.kind, entry.tax_minor) for entry in entries] == [("sale", 0), ("line", 0), ("tax", 5)]


@given(st.integers(1, 99), st.integers(0, 100_000), st.integers(0, 10_000), st.integers(0, 10_000))
def test_a_line_with_tax_inside_adds_up_and_its_discount_is_never_negative(
    quantity: int, unit: int, share: int, rate_bps: int
) -> None:
    discount = quantity * unit * share // 10_000
    charged = quantity * unit - discount
    lines = [line(quantity, unit, discount=discount, tax=tax_inside(charged, rate_bps), tax_rate_bps=rate_bps)]
    order = sold(1, lines, prices_include_tax=True, tax_minor=lines[0].tax_minor)

    result = figures(sale_entries(order, lines))

    assert result["total"] == charged
    assert result["discount"] >= 0
    assert result["gross"] >= result["discount"]


def test_a_refund_that_failed_is_the_opposite_of_itself_on_its_own_day() -> None:
    lines = [line(2, 1000, tax=400, unit_cost_minor=300)]
    order = sold(1, lines)
    parts = [RefundedLine(lines[0], 1, 1000, 200, restocked_quantity=1)]

    refund = refund_entries(order, refund_id=7, at=JUNE, lines=parts, shipping_minor=50, shipping_tax_minor=10)
    reversal = refund_entries(
        order,
        refund_id=7,
        at=JUNE.replace(day=9),
        lines=parts,
        shipping_minor=50,
        shipping_tax_minor=10,
        is_reversal=True,
    )

    assert [(e.kind, e.returns_minor, e.tax_minor, e.units, e.cost_minor) for e in refund] == [
        ("refund", 1000, -200, -1, -300),
        ("refund", 0, -10, 0, None),
    ]
    assert {entry.day for entry in reversal} == {date(2026, 6, 9)}
    assert set(figures([*refund, *reversal]).values()) == {0}


def test_units_that_do_not_come_back_keep_their_cost() -> None:
    lines = [line(2, 1000, unit_cost_minor=300)]

    entry = refund_entries(sold(1, lines), refund_id=7, at=JUNE, lines=[RefundedLine(lines[0], 1, 1000, 0)])[0]

    assert (entry.units, entry.cost_minor) == (-1, 0)


@pytest.mark.django_db
def test_a_live_sale_with_tax_inside_adds_up_to_what_was_paid() -> None:
    method = make_shipping_method(price_minor=395)
    order = make_order({make_variant(price_minor=1999): 3, make_variant(price_minor=749): 1}, method=method, paid=True)

    result = figures(list(SalesEntry.objects.all()))

    assert result["total"] == order.total_minor == 3 * 1999 + 749 + 395
    assert result["tax"] == order.tax_minor


@pytest.mark.django_db
def test_a_refund_marks_its_own_day_and_that_of_the_sale() -> None:
    order = make_order(paid=True)
    sale_day = SalesEntry.objects.first().day
    DirtyDay.objects.all().delete()

    post(
        refund_entries(
            order,
            refund_id=1,
            at=order.paid_at.replace(year=order.paid_at.year + 1),
            lines=[RefundedLine(line_of(order), 1, 1000, 0)],
        )
    )

    assert set(DirtyDay.objects.values_list("day", flat=True)) == {
        sale_day,
        sale_day.replace(year=sale_day.year + 1),
    }


@pytest.mark.django_db
def test_a_sale_cannot_be_written_twice_nor_changed() -> None:
    order = make_order(paid=True)

    with pytest.raises(IntegrityError), transaction.atomic():
        post(sale_entries(order, list(order.lines.all())))
    with pytest.raises(IntegrityError), transaction.atomic():
        SalesEntry.objects.update(gross_minor=0)
    with pytest.raises(IntegrityError), transaction.atomic():
        SalesEntry.objects.all().delete()
