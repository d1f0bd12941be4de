"""What an import writes: ledger, stock, refunds, parcels, timelines, as if the orders had been placed here."""

from datetime import date, timedelta

import pytest
from django.db.models import Sum
from django.utils import timezone

from accounts.models import Customer
from accounts.tests.factories import make_user
from core.models import DirtyDay
from history.models import ImportedRecord
from history.tests.checks import assert_consistent
from history.tests.factories import AT, cancel, feed, order, problems, product, refund, row, ship, stock
from mail.models import OutgoingMail
from orders.models import Fulfilment, Invoice, Order, OrderEvent, OrderLine, SalesEntry
from payments.models import Payment, Refund, RefundLine
from products.models import Product, StockItem, StockMovement, Variant
from products.tests.factories import make_variant

pytestmark = pytest.mark.django_db

WRITTEN = (
    Customer, Product, Variant, StockItem, StockMovement, Order, OrderLine, OrderEvent, SalesEntry, DirtyDay, Payment,
    Refund, RefundLine, Fulfilment, ImportedRecord,
)  # fmt: skip
EXAMPLE = [
    {"type": "customer", "ref": "A", "email": "Ann@Example.com"},
    {"type": "customer", "ref": "B", "email": "ben@example.com"},
    product("P1"),
    product("P2"),
    order(
        "E1", row("P1", 3, 1500, discount=450), email=None, customer="A", shipping=300, tax=870,
        placed_at="2026-06-01T09:00:00+01:00", paid_at="2026-06-01T09:05:00+01:00",
    ),
    order(
        "E2", row("P2", 1, 2500), email=None, customer="B", tax=500,
        placed_at="2026-06-03T09:00:00+01:00", paid_at="2026-06-03T09:05:00+01:00",
    ),
    order(
        "E3", row("P2", 2, 2500), email=None, customer="A", shipping=300, tax=1060,
        placed_at="2026-06-03T10:00:00+01:00", paid_at="2026-06-03T10:05:00+01:00",
    ),
    refund("R1", order="E1", goods=1350, tax=270),
]  # fmt: skip


def days():
    """The sums of the ledger by day: gross, discounts, returns, shipping, tax, units, orders."""
    found = {}
    for entry in SalesEntry.objects.order_by("id"):
        sums = found.setdefault(entry.day, [0] * 7)
        parts = (entry.gross_minor, entry.discount_minor, entry.returns_minor, entry.shipping_minor, entry.tax_minor)
        for place, part in enumerate((*parts, entry.units, int(entry.kind == "sale"))):
            sums[place] += part
    return found


def counts():
    return {model.__name__: model.objects.count() for model in WRITTEN}


def test_the_worked_example_gives_its_sums_by_day():
    assert feed(*EXAMPLE).bad == []
    assert days() == {
        date(2026, 6, 1): [4500, 450, 0, 300, 870, 3, 1],
        date(2026, 6, 3): [7500, 0, 0, 300, 1560, 3, 2],
        date(2026, 6, 4): [0, 0, 1350, 0, -270, 0, 0],
    }
    assert Order.objects.aggregate(paid=Sum("paid_minor"), back=Sum("refunded_minor")) == {"paid": 14580, "back": 1620}
    assert_consistent()


def test_importing_twice_changes_nothing():
    lines = [*EXAMPLE, stock(), ship(order="E2"), order("O9", paid_at=None), cancel(order="O9")]
    first = feed(*lines)
    before = counts()
    again = feed(*lines)
    assert (sum(first.new.values()), first.known) == (12, 0)
    assert (sum(again.new.values()), again.known, again.bad) == (0, 12, [])
    assert counts() == before


def test_another_source_is_another_history():
    feed(product(), order())
    feed(product(), order(), source="other-shop")
    assert Order.objects.count() == 2
    assert Variant.objects.count() == 1


def test_lines_without_a_reference_count_once():
    feed(product(stock=10), stock(), stock(), stock(reason="Delivery 2"))
    assert StockItem.objects.get().on_hand == 20


def test_two_sources_may_hold_the_same_movement():
    feed(product(stock=10), stock())
    feed(product(stock=10), stock(), source="other-shop")
    assert StockItem.objects.get().on_hand == 20


def test_a_sale_takes_stock_at_its_time_and_is_paid_for():
    feed(product(stock=10), order("O1", row(quantity=4)))
    item = StockItem.objects.get()
    assert (item.on_hand, item.reserved) == (6, 0)
    sold = StockMovement.objects.get(kind="sold")
    line = OrderLine.objects.get()
    assert (sold.delta, sold.source_type, sold.source_id, sold.at) == (
        -4,
        "order_line",
        str(line.pk),
        line.order.paid_at,
    )
    payment = Payment.objects.get()
    assert (payment.tender, payment.captured_minor, payment.disposition, payment.succeeded_at) == (
        "imported", 4000, "applied", line.order.paid_at,
    )  # fmt: skip
    assert [(e.kind, e.from_status, e.to_status) for e in OrderEvent.objects.order_by("id")] == [
        ("placed", "", "pending"), ("paid", "pending", "paid"),
    ]  # fmt: skip


def test_nothing_is_mailed_and_no_invoice_is_issued():
    feed(*EXAMPLE)
    assert (OutgoingMail.objects.count(), Invoice.objects.count()) == (0, 0)


def test_a_free_order_is_a_sale():
    feed(product(), order("O1", row(unit_price=0)))
    assert Payment.objects.get().tender == "free"
    assert SalesEntry.objects.filter(kind="sale").count() == 1


def test_a_test_order_moves_no_stock_and_is_in_no_figure():
    feed(product(stock=10), order("O1", test=True), refund(lines=[{"product": "P1", "quantity": 1, "restock": True}]))
    assert StockItem.objects.get().on_hand == 10
    assert SalesEntry.objects.count() == 0
    assert Order.objects.get().refunded_minor == 1000


def test_a_sale_of_more_than_there_is_is_taken_with_a_correction():
    feed(product(stock=1), order("O1", row(quantity=4)))
    moves = StockMovement.objects.order_by("id").values_list("kind", "delta", "reason")
    assert list(moves) == [("received", 1, "opening count"), ("adjusted", 3, "opening correction"), ("sold", -4, "")]
    assert StockItem.objects.get().on_hand == 0


def test_a_loss_of_more_than_there_is_is_corrected_too():
    feed(product(stock=1), stock(delta=-3, reason="Broken"))
    assert StockItem.objects.get().on_hand == 0
    assert_consistent()


def test_untracked_products_move_nothing():
    feed(product(), order())
    assert StockItem.objects.count() == 0


def test_a_product_whose_sku_exists_is_matched_and_left_as_it_is():
    variant = make_variant(sku="P1", stock=7, price_minor=1200)
    feed(product(price=999, stock=50), order("O1", row(quantity=2)))
    variant.refresh_from_db()
    assert (variant.price_minor, variant.stock.on_hand) == (1200, 5)
    assert OrderLine.objects.get().variant == variant


def test_a_new_product_is_a_draft_that_cannot_be_bought():
    feed(product(category="Old things", price=500, cost=120))
    variant = Variant.objects.select_related("product__category").get()
    assert (variant.sku, variant.price_minor, variant.cost_minor) == ("P1", 500, 120)
    assert (variant.product.status, variant.product.category.name) == ("draft", "Old things")
    assert variant.product.search_text != ""


def test_a_cost_is_only_what_the_line_says():
    feed(product(cost=300), order("O1", row(), row(cost=250)))
    assert list(OrderLine.objects.values_list("unit_cost_minor", flat=True)) == [None, 250]


def test_unpaid_orders_past_their_time_expire_after_the_last_line():
    outcome = feed(product(stock=5), order("O1", paid_at=None), stock())
    placed = Order.objects.get()
    assert outcome.expired == 1
    assert (placed.status, placed.cancel_reason) == ("canceled", "expired")
    assert placed.canceled_at == placed.expires_at == placed.placed_at + timedelta(minutes=45)
    assert StockItem.objects.get().reserved == 0
    assert OrderEvent.objects.get(kind="canceled").detail == {"by": "expiry", "reason": "expired"}


def test_an_unpaid_order_whose_time_is_not_over_holds_stock_until_it_is_canceled():
    now = timezone.now()
    recent = order("O1", row(quantity=3), paid_at=None, placed_at=now.isoformat())
    assert feed(product(stock=5), recent).expired == 0
    assert StockItem.objects.get().reserved == 3
    assert Order.objects.get().expires_at == now + timedelta(minutes=45)
    feed(cancel(at=now.isoformat(), reason="Changed their mind"))
    assert StockItem.objects.get().reserved == 0
    assert Order.objects.get().cancel_reason == "Changed their mind"


def test_an_unpaid_order_that_is_canceled_does_not_expire():
    assert feed(product(), order("O1", paid_at=None), cancel(), cancel(reason="again")).expired == 0
    assert (Order.objects.get().status, OrderEvent.objects.filter(kind="canceled").count()) == ("canceled", 1)


def test_after_a_bad_line_nothing_expires_until_the_file_is_mended(monkeypatch):
    monkeypatch.setattr("history.importing.batch_size", lambda: 1)
    good = [product(stock=5), order("O1", paid_at=None)]
    stopped = feed(*good, ship(order="nobody"), cancel())
    assert (len(stopped.bad), stopped.expired, Order.objects.get().status) == (1, 0, "pending")
    assert StockItem.objects.get().reserved == 0
    assert (feed(*good, cancel()).expired, Order.objects.get().cancel_reason) == (0, "")


def test_parcels_fulfil_an_order_when_nothing_is_left():
    feed(
        product(),
        product("P2"),
        order("O1", row(quantity=2), row("P2")),
        ship(lines=[{"product": "P1", "quantity": 1}]),
    )
    assert (Order.objects.get().status, OrderLine.objects.get(position=1).quantity_fulfilled) == ("paid", 1)
    feed(ship(at="2026-06-03T10:00:00Z"))
    done = Order.objects.get()
    assert (done.status, done.fulfilled_at.isoformat()) == ("fulfilled", "2026-06-03T10:00:00+00:00")
    assert [parcel.lines.count() for parcel in Fulfilment.objects.order_by("id")] == [1, 2]
    assert DirtyDay.objects.filter(source_type="fulfilment").count() == 2


@pytest.mark.parametrize("size", [1, 100])
def test_an_order_is_fulfilled_by_its_last_parcel_wherever_it_stands_in_the_file(monkeypatch, size):
    monkeypatch.setattr("history.importing.batch_size", lambda: size)
    part = [{"product": "P1", "quantity": 1}]
    feed(product(), order("O1", row(quantity=2)), ship(lines=part, at="2026-06-04T10:00:00Z"), ship(lines=part))
    done = Order.objects.get()
    assert (done.status, done.fulfilled_at.isoformat()) == ("fulfilled", "2026-06-04T10:00:00+00:00")


def test_a_refund_by_lines_returns_units_and_stock():
    back = [{"product": "P1", "quantity": 2, "restock": True}, {"product": "P1", "quantity": 1}]
    feed(product(stock=10), order("O1", row(quantity=3, tax=600, discount=1)), refund(lines=back))
    line = OrderLine.objects.get()
    assert (line.quantity_refunded, line.quantity_restocked) == (3, 2)
    assert StockItem.objects.get().on_hand == 9
    assert (Order.objects.get().refunded_minor, Refund.objects.get().source) == (3599, "external")
    assert_consistent()


def test_units_are_rounded_down_and_the_last_takes_the_rest():
    feed(product(), order("O1", row(quantity=3, unit_price=1000, discount=1, tax=100)))
    for number in range(3):
        feed(refund(f"R{number}", lines=[{"product": "P1", "quantity": 1}]))
    assert list(RefundLine.objects.order_by("id").values_list("goods_minor", "tax_minor")) == [
        (999, 33),
        (999, 33),
        (1001, 34),
    ]


def test_an_amount_alone_is_split_over_goods_delivery_and_tax_and_returns_no_units():
    feed(product(), order("O1", row(unit_price=1000, tax=200), shipping=300, shipping_tax=60), refund(amount=780))
    given = Refund.objects.get()
    part = given.lines.get()
    assert (part.goods_minor, part.tax_minor, part.quantity) == (500, 100, 0)
    assert (given.shipping_minor, given.shipping_tax_minor) == (150, 30)


def test_lines_beside_goods_say_which_units_they_were():
    back = [{"product": "P1", "quantity": 1, "restock": True}]
    feed(product(stock=5), order("O1", row(unit_price=1000, tax=200), shipping=300))
    feed(refund(goods=1000, tax=200, shipping=300, lines=back), cancel())
    done = Order.objects.get()
    assert (done.status, done.refunded_minor, done.lines.get().quantity_canceled) == ("canceled", 1500, 1)
    assert StockItem.objects.get().on_hand == 5


def test_a_pending_refund_is_taken_but_in_no_figure_and_a_failed_one_gives_back():
    feed(product(), order(), refund("R1", amount=600, status="pending"), refund("R2", amount=400, status="failed"))
    assert Payment.objects.get().refund_committed_minor == 600
    assert Order.objects.get().refunded_minor == 0
    assert SalesEntry.objects.filter(kind="refund").count() == 0
    assert problems(refund("R3", amount=401)) == ["line 1: amount: 401 is more than the 400 there is"]
    assert feed(refund("R3", amount=400)).bad == []


def test_later_files_find_what_earlier_ones_left_refundable():
    feed(product(), order("O1", row(quantity=2, tax=400), shipping=100))
    feed(refund("R1", amount=1000))
    assert problems(refund("R2", amount=1501)) == ["line 1: amount: 1501 is more than the 1500 there is"]
    feed(refund("R3", amount=1500))
    assert Order.objects.get().refund_status == "full"
    assert_consistent()


def test_a_refund_marks_its_own_day_and_that_of_the_sale():
    feed(product(), order(), refund(amount=100))
    entry = SalesEntry.objects.get(kind="refund")
    marked = DirtyDay.objects.filter(source_type="sales_entry", source_id=entry.pk)
    assert sorted(marked.values_list("day", flat=True)) == [date(2026, 6, 1), date(2026, 6, 4)]


def test_prices_with_tax_inside_are_taken_apart():
    feed(product(), order("O1", row(quantity=2, unit_price=1200, discount=240, tax=360), prices_include_tax=True,
                          shipping=360, shipping_tax=60))  # fmt: skip
    assert days() == {date(2026, 6, 1): [2000, 200, 0, 300, 420, 2, 1]}
    assert Order.objects.get().total_minor == 2520


def test_order_level_discount_and_tax_are_split():
    feed(product(), product("P2"), order("O1", row(unit_price=1000), row("P2", unit_price=500), discount=300, tax=240))
    lines = OrderLine.objects.values_list("discount_minor", "tax_minor", "total_minor")
    assert list(lines) == [(200, 160, 800), (100, 80, 400)]
    assert Order.objects.get().total_minor == 1440


def test_tax_on_nothing_charged_stays_refundable():
    feed(product(), order("O1", row(unit_price=0), tax=50), refund(amount=50))
    assert Order.objects.get().refund_status == "full"
    assert_consistent()


@pytest.mark.parametrize("currency", ["JPY", "KWD", "GBP"])
def test_every_currency_is_counted_in_its_minor_units(currency):
    feed(product(currency="GBP"), order("O1", row(unit_price=1230, tax=123), currency=currency), refund(amount=677))
    assert set(SalesEntry.objects.values_list("currency", flat=True)) == {currency}
    assert (Order.objects.get().total_minor, Refund.objects.get().currency) == (1353, currency)
    assert_consistent()


def test_a_sale_belongs_to_the_local_day():
    feed(product(), order("O1", placed_at=AT, paid_at="2026-06-01T23:30:00+00:00"))
    assert list(days()) == [date(2026, 6, 2)]


def test_one_buyer_however_their_address_is_spelt():
    feed(product(), order("O1", email="Alice@Example.com"), order("O2", email=" alice@example.COM"),
         {"type": "customer", "ref": "C", "email": "ALICE@example.com", "name": "Alice"})  # fmt: skip
    buyer = Customer.objects.get()
    assert (buyer.name, buyer.orders.count()) == ("Alice", 2)


def test_the_name_of_somebody_who_signs_in_is_theirs():
    user = make_user(email="alice@example.com", name="Alice Archer")
    Customer.objects.filter(user=user).update(name="")
    feed({"type": "customer", "ref": "C", "email": "alice@example.com", "name": "Mallory"})
    assert Customer.objects.get(user=user).name == ""


def test_batches_know_what_earlier_ones_wrote(monkeypatch):
    monkeypatch.setattr("history.importing.batch_size", lambda: 1)
    lines = [*EXAMPLE, ship(order="E2"), refund("R2", order="E2", amount=3000)]
    assert feed(*lines).bad == []
    assert Order.objects.get(refunded_minor=3000).status == "fulfilled"
    assert_consistent()
