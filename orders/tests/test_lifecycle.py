"""The lifecycle: the whole table of moves, what paying and canceling do, and that a refusal is recorded."""

from datetime import timedelta
from itertools import product

import pytest
from django.utils import timezone

from audit.models import AuditRecord
from core.errors import AmountMismatch, DomainError, NotAllowedInState, OutOfStock
from core.models import DirtyDay
from mail.models import OutgoingMail
from orders import lifecycle
from orders.lifecycle import cancel_unpaid, expire, mark_paid, revive_expired
from orders.models import Cart, DiscountCode, Invoice, Order, OrderLine, SalesEntry
from orders.moving import move
from orders.placing import set_expiry
from orders.tests.factories import line_of, make_cart, make_discount, make_order, make_shipping_method, pay, place
from orders.transitions import EXPIRED, REVIVED, TABLE, By, Status
from products.models import StockItem, StockMovement
from products.tests.factories import make_variant

pytestmark = pytest.mark.django_db
MOVES = {(row.source, row.target, by) for row in TABLE if row.source for by in row.by}
LITERAL = {
    ("pending", "paid"),
    ("pending", "canceled"),
    ("paid", "fulfilled"),
    ("paid", "canceled"),
    ("canceled", "paid"),
}


def order_in(status: Status) -> Order:
    """An order for which every condition of its table rows is met, apart from who asks."""
    order = make_order()
    now = timezone.now()
    Order.objects.filter(pk=order.pk).update(
        status=status,
        paid_at=now if status in {Status.PAID, Status.FULFILLED} else None,
        fulfilled_at=now if status == Status.FULFILLED else None,
        canceled_at=now if status == Status.CANCELED else None,
        cancel_reason=REVIVED if status == Status.CANCELED else "",
    )
    return Order.objects.get(pk=order.pk)


def test_the_table_holds_the_moves_that_were_decided_and_no_other() -> None:
    assert {(row.source, row.target) for row in TABLE if row.source} == LITERAL


@pytest.mark.parametrize(("source", "target", "by"), list(product(Status, Status, By)))
def test_every_move_is_allowed_exactly_if_the_table_holds_it(source: Status, target: Status, by: By) -> None:
    order = order_in(source)
    if (source, target) == (Status.PAID, Status.FULFILLED):
        OrderLine.objects.filter(order=order).update(quantity_fulfilled=1)
    if (source, target, by) == (Status.PENDING, Status.PAID, By.CHECKOUT):
        Order.objects.filter(pk=order.pk).update(
            items_minor=0, shipping_minor=0, tax_minor=0, shipping_tax_minor=0, total_minor=0
        )
        order.refresh_from_db()

    if (source, target, by) in MOVES:
        move(order, target, by=by, at=timezone.now(), reason="test")
        assert Order.objects.get(pk=order.pk).status == target
        last = order.events.last()
        assert (last.from_status, last.to_status) == (source, target)
    else:
        with pytest.raises(NotAllowedInState):
            move(order, target, by=by, at=timezone.now())
        assert Order.objects.get(pk=order.pk).status == source


def test_an_order_with_something_to_pay_is_not_paid_by_its_confirmation() -> None:
    with pytest.raises(NotAllowedInState, match="There is something to pay"):
        move(make_order(), Status.PAID, by=By.CHECKOUT, at=timezone.now())


def test_paying_consumes_stock_writes_the_ledger_numbers_an_invoice_and_queues_one_receipt() -> None:
    variant = make_variant(price_minor=1000, stock=5)
    cart = make_cart({variant: 2})
    order = place(cart, email="alice@example.com")
    at = timezone.now()

    paid = mark_paid(order.pk, at=at, amount_minor=order.total_minor, currency="GBP")

    stock, movement = StockItem.objects.get(variant=variant), StockMovement.objects.get(kind="sold")
    assert (paid.status, paid.paid_at, paid.paid_minor) == ("paid", at, 2350)
    assert (stock.on_hand, stock.reserved) == (3, 0)
    assert (movement.delta, movement.source_type, movement.source_id) == (-2, "order_line", str(line_of(order).pk))
    assert sorted(SalesEntry.objects.values_list("kind", flat=True)) == ["line", "sale", "shipping"]
    assert DirtyDay.objects.filter(source_type="sales_entry").count() == 3
    invoice = Invoice.objects.get()
    assert (invoice.order, invoice.number, invoice.total_minor) == (order, 1, 2350)
    mail = OutgoingMail.objects.get(kind="order_receipt")
    assert (mail.recipient, mail.key) == ("alice@example.com", f"order-receipt:{order.pk}")
    assert Cart.objects.get(pk=cart.pk).closed_at == at
    assert [event.kind for event in order.events.all()] == ["placed", "paid"]


def test_paying_twice_changes_nothing_the_second_time() -> None:
    order = make_order(paid=True)
    before = (SalesEntry.objects.count(), Invoice.objects.count(), StockMovement.objects.count())

    again = pay(order)

    assert again.paid_at == Order.objects.get().paid_at
    assert (SalesEntry.objects.count(), Invoice.objects.count(), StockMovement.objects.count()) == before
    assert OutgoingMail.objects.filter(kind="order_receipt").count() == 1


@pytest.mark.parametrize("changes", [{"amount_minor": 1}, {"currency": "EUR"}])
def test_another_amount_or_currency_pays_nothing(changes: dict[str, object]) -> None:
    order = make_order()

    with pytest.raises(AmountMismatch):
        pay(order, **changes)

    assert Order.objects.get().status == "pending"
    assert SalesEntry.objects.count() == 0


def test_a_test_order_moves_no_stock_and_is_in_no_figure() -> None:
    variant = make_variant(stock=5)
    order = make_order({variant: 1})
    StockItem.objects.update(reserved=0)
    Order.objects.update(is_test=True)

    pay(order)

    assert StockItem.objects.get().on_hand == 5
    assert (SalesEntry.objects.count(), Invoice.objects.count()) == (0, 0)
    assert OutgoingMail.objects.filter(kind="order_receipt").count() == 1


def test_a_free_order_is_paid_by_its_confirmation_and_counts_as_a_sale() -> None:
    make_discount("GIFT", percent_bps=10_000)
    order = make_order(discount_code="GIFT", method=make_shipping_method(price_minor=0))

    paid = pay(order)

    assert (paid.status, paid.paid_minor) == ("paid", 0)
    assert paid.events.last().detail["by"] == "checkout"
    assert SalesEntry.objects.filter(kind="sale").count() == 1
    assert Invoice.objects.get().total_minor == 0


def test_canceling_gives_stock_and_discount_back_once() -> None:
    make_discount("SPRING")
    variant = make_variant(stock=5)
    order = make_order({variant: 2}, discount_code="SPRING")

    first = cancel_unpaid(order.pk, reason="shopper")
    second = cancel_unpaid(order.pk, reason="shopper")

    assert (first.status, second.status, second.cancel_reason) == ("canceled", "canceled", "shopper")
    assert StockItem.objects.get().reserved == 0
    assert DiscountCode.objects.get().used == 0
    assert [event.kind for event in order.events.all()] == ["placed", "canceled"]


def test_a_bag_can_be_ordered_again_after_its_order_was_canceled() -> None:
    cart = make_cart()
    cancel_unpaid(place(cart).pk, reason="shopper")

    again = place(cart)

    assert (again.status, Cart.objects.get(pk=cart.pk).order) == ("pending", again)


def test_a_paid_order_is_not_canceled_as_unpaid_and_the_refusal_is_recorded() -> None:
    order = make_order(paid=True)

    with pytest.raises(NotAllowedInState, match="has been paid"):
        cancel_unpaid(order.pk, reason="shopper")

    record = AuditRecord.objects.get(action="order.cancel")
    assert (record.outcome, record.subject_type, record.subject_id) == ("refused", "orders.order", str(order.pk))
    assert (Order.objects.get().status, StockItem.objects.get().on_hand) == ("paid", 4)


def test_an_order_expires_only_past_its_time_and_only_while_it_is_unpaid() -> None:
    order, paid = make_order(), make_order(paid=True)
    after = order.expires_at + timedelta(seconds=1)

    assert expire(order.pk, now=order.expires_at - timedelta(seconds=1)).status == "pending"
    assert expire(paid.pk, now=after).status == "paid"
    expired = expire(order.pk, now=after)

    assert (expired.status, expired.cancel_reason) == ("canceled", EXPIRED)
    assert StockItem.objects.get(variant=line_of(order).variant_id).reserved == 0


def test_a_late_payment_takes_an_expired_order_up_again() -> None:
    make_discount("SPRING", limit=1)
    variant = make_variant(stock=1)
    order = make_order({variant: 1}, discount_code="SPRING")
    expire(order.pk, now=order.expires_at + timedelta(seconds=1))

    revive_expired(order.pk)
    paid = pay(order)

    assert (paid.status, paid.canceled_at, paid.cancel_reason) == ("paid", None, "")
    assert (StockItem.objects.get().on_hand, StockItem.objects.get().reserved) == (0, 0)
    assert DiscountCode.objects.get().used == 1
    assert paid.events.last().detail["by"] == "late payment"


def test_a_payment_made_before_the_expiry_still_stands_last_in_the_timeline() -> None:
    order = make_order()
    expire(order.pk, now=order.expires_at + timedelta(seconds=1))
    revive_expired(order.pk)

    paid = pay(order, at=order.placed_at + timedelta(minutes=1))

    assert [event.kind for event in paid.events.all()] == ["placed", "canceled", "paid"]
    assert paid.paid_at == order.placed_at + timedelta(minutes=1)


def test_a_late_payment_finds_the_stock_gone() -> None:
    variant = make_variant(stock=1)
    order = make_order({variant: 1})
    expire(order.pk, now=order.expires_at + timedelta(seconds=1))
    make_order({variant: 1})

    with pytest.raises(OutOfStock):
        revive_expired(order.pk)

    assert Order.objects.get(pk=order.pk).cancel_reason == EXPIRED


def test_a_late_payment_finds_the_discount_used_up_and_takes_no_stock() -> None:
    make_discount("SPRING", limit=1)
    variant = make_variant(stock=5)
    order = make_order({variant: 1}, discount_code="SPRING")
    expire(order.pk, now=order.expires_at + timedelta(seconds=1))
    make_order(discount_code="SPRING")

    with pytest.raises(DomainError, match="The code SPRING has just been used up"):
        revive_expired(order.pk)

    assert StockItem.objects.get(variant=variant).reserved == 0


@pytest.mark.parametrize("reason", ["shopper", "staff", ""])
def test_a_late_payment_does_not_revive_what_somebody_canceled(reason: str) -> None:
    order = make_order()
    cancel_unpaid(order.pk, reason=reason)

    with pytest.raises(NotAllowedInState, match="not canceled by expiry"):
        revive_expired(order.pk)
    with pytest.raises(NotAllowedInState):
        pay(order)


def test_order_that_gets_more_time_just_before_it_expires_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    order = make_order()
    late = timezone.now() + timedelta(hours=1)
    lock = lifecycle.lock_order

    def lock_after_more_time(order_id: int) -> Order:
        set_expiry(order_id, late + timedelta(minutes=35))
        return lock(order_id)

    monkeypatch.setattr(lifecycle, "lock_order", lock_after_more_time)

    assert expire(order.pk, now=late).status == "pending"
