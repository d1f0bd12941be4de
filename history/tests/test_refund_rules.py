"""Any refunds of any order come to what a plain reading of the rules says, to the penny, and are refused as it says."""

from itertools import count

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from history.models import ImportedRecord
from history.tests.factories import feed, product
from history.tests.plain_reading import PlainOrder, Refused
from orders.models import Order, OrderLine, SalesEntry
from payments.models import Payment, Refund

pytestmark = pytest.mark.django_db

SKUS = ("P1", "P2")
AT, LATER = "2026-06-01T10:00:00Z", "2026-06-04T10:00:00Z"
money = st.integers(0, 3000)
_sources = count(1)


@st.composite
def orders(draw):
    """A paid order of up to four lines, two of which may hold the same product."""
    rows = []
    for _ in range(draw(st.integers(1, 4))):
        row = {"product": draw(st.sampled_from(SKUS)), "quantity": draw(st.integers(1, 4)), "unit_price": draw(money)}
        row["discount"] = draw(st.integers(0, row["quantity"] * row["unit_price"]))
        rows.append(row)
    line = {
        "type": "order", "ref": "O1", "email": "a@example.com", "currency": "GBP", "placed_at": AT, "paid_at": AT,
        "lines": rows, "prices_include_tax": draw(st.booleans()), "shipping": draw(money),
    }  # fmt: skip
    line["shipping_discount"] = draw(st.integers(0, line["shipping"]))
    charges = [row["quantity"] * row["unit_price"] - row["discount"] for row in rows]
    if draw(st.booleans()):
        line["discount"] = draw(st.integers(0, sum(charges)))
    charged = sum(charges) - line.get("discount", 0) + line["shipping"] - line["shipping_discount"]
    if draw(st.booleans()) and charged:
        line["tax"] = draw(st.integers(0, charged // 2))
    elif "discount" not in line:
        for row, charge in zip(rows, charges, strict=True):
            row["tax"] = draw(st.integers(0, charge))
        line["shipping_tax"] = draw(st.integers(0, line["shipping"] - line["shipping_discount"]))
    return line


@st.composite
def refunds(draw):
    """Refunds in every form the format has, some of which ask for too much, and how some of them end."""
    lines = []
    units = st.fixed_dictionaries(
        {"product": st.sampled_from(SKUS), "quantity": st.integers(1, 3)}, optional={"restock": st.booleans()}
    )
    parts = st.fixed_dictionaries({"goods": money}, optional={"shipping": money, "tax": st.integers(0, 900)})
    forms = st.one_of(
        st.fixed_dictionaries({"amount": st.integers(1, 6000)}),
        st.fixed_dictionaries({"amount": st.integers(1, 3000), "lines": st.lists(units, min_size=1, max_size=3)}),
        st.fixed_dictionaries({"lines": st.lists(units, min_size=1, max_size=3)}),
        parts,
        st.fixed_dictionaries({}, optional={"shipping": money, "tax": st.integers(0, 900)}).filter(bool),
        st.tuples(parts, st.lists(units, min_size=1, max_size=2)).map(lambda pair: {**pair[0], "lines": pair[1]}),
    )
    for number in range(draw(st.integers(1, 6))):
        form, ref = draw(forms), f"R{number}"
        status = draw(st.sampled_from(["succeeded", "succeeded", "pending", "failed", "canceled"]))
        lines.append({"type": "refund", "ref": ref, "order": "O1", "at": LATER, "status": status, **form})
        ends = {"pending": ["refund_succeeded", "refund_failed", None], "succeeded": ["refund_failed", None, None]}
        if (end := draw(st.sampled_from(ends.get(status, [None])))) is not None:
            lines.append({"type": end, "refund": ref, "at": LATER})
    return lines


def readable(order):
    """Whether an order is one: tax inside its prices lies within each of them."""
    plain = PlainOrder(order)
    return plain if min(*plain.net, 0) == 0 else None


# An example imports a history: to shrink one that fails would take minutes, and the first is told as it is.
@settings(
    deadline=None,
    max_examples=80,
    phases=[Phase.generate],
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(order=orders(), after=refunds(), in_one_file=st.booleans())
def test_refunds_come_to_what_a_plain_reading_says(order, after, in_one_file):
    plain = readable(order)
    source = f"source-{next(_sources)}"
    if plain is None:
        assert len(feed(product("P1"), product("P2"), order, source=source).bad) == 1
        return
    accepted, expected = [], {}
    assert feed(product("P1"), product("P2"), order, source=source).bad == []
    for line in after:
        if line["type"] == "refund":
            try:
                expected[line["ref"]] = plain.refund(line)
            except Refused:
                assert len(feed(*accepted, line, source=source).bad) == 1, line
                continue
        elif line["refund"] not in expected:
            continue
        elif line["type"] == "refund_failed":
            plain.fail(line["refund"])
        accepted.append(line)
        if not in_one_file:
            assert feed(line, source=source).bad == [], line
    assert feed(*accepted, source=source).bad == []
    check(source, plain, expected)


def check(source, plain, expected):
    """Every refund has the parts that were expected; order, payment and lines hold their sums."""
    keys = dict(ImportedRecord.objects.filter(source=source).exclude(type="product").values_list("ref", "object_id"))
    order = Order.objects.get(pk=keys["O1"])
    lines = list(OrderLine.objects.filter(order=order).order_by("position"))
    given_back = 0
    for ref, (net, tax) in expected.items():
        refund = Refund.objects.get(pk=keys[ref])
        rows = {row.line_id: row for row in refund.lines.all()}
        found = [(rows[line.pk].goods_minor, rows[line.pk].tax_minor) if line.pk in rows else (0, 0) for line in lines]
        found.append((refund.shipping_minor, refund.shipping_tax_minor))
        assert found == list(zip(net, tax, strict=True)), ref
        assert refund.amount_minor == sum(net) + sum(tax)
        given_back += refund.amount_minor if refund.status == "succeeded" else 0
    payment = Payment.objects.get(order=order)
    assert payment.refundable_minor == plain.left
    assert [line.quantity_refunded for line in lines] == plain.back
    assert order.refunded_minor == given_back
    entries = SalesEntry.objects.filter(order=order)
    booked = sum(e.gross_minor - e.discount_minor - e.returns_minor + e.shipping_minor + e.tax_minor for e in entries)
    assert booked == order.paid_minor - order.refunded_minor
