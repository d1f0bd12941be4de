"""The money of a return: what it gives back, what goes on the shelf and once, and what happens when it fails."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from accounts.tests.factories import make_user
from audit.models import AuditRecord
from core.errors import DomainError, NotAllowedInState
from core.models import StoreSetting
from mail.models import OutgoingMail
from orders.fulfilment import ship
from orders.models import Order, Return
from orders.returns import decide_return
from orders.tests.factories import line_of, make_discount, make_received, make_return, make_shipping_method
from payments.approving import approve_refund, reject_refund
from payments.failed_refunds import retry_refund, settle_elsewhere
from payments.models import Payment, Refund
from payments.refunding import RefundChoice, request_refund
from payments.return_refunds import refund_return
from payments.sync import sync_payment
from payments.tests.factories import make_paid
from payments.tests.test_refunding import at_stripe
from products.models import StockItem, StockMovement
from products.tests.factories import make_variant
from stripe_simulator import control

pytestmark = pytest.mark.django_db
KEY = "k" * 20
WHOLE = 3950


@pytest.fixture
def ops(client: Client) -> Client:
    user = make_user("ops")
    client.force_login(user)
    client.user = user
    return client


def sent(quantity: int = 3, price_minor: int = 1200, **changes: Any) -> Order:
    """An order of 3 x 12.00 and 3.50 delivery, paid by card and sent."""
    lines = {make_variant(price_minor=price_minor, stock=9): quantity}
    order, _ = make_paid(lines=lines, method=make_shipping_method(price_minor=350), **changes)
    return ship(order.pk)


def received(order: Order | None = None, **counts: Any) -> Return:
    return make_received(order or sent(), actor=make_user("ops"), **counts)


def give_back(row: Return, *, actor: User | None = None, key: str = KEY, **choice: Any) -> Refund:
    values = {"with_shipping": False, "reason": "Came back"} | choice
    return refund_return(row.pk, actor=actor or make_user("ops"), request_key=key, **values)


def state(row: Return) -> str:
    return Return.objects.get(pk=row.pk).status


def shelf() -> tuple[int, int]:
    """What is on hand, and how often units were put back."""
    return StockItem.objects.get().on_hand, StockMovement.objects.filter(kind="returned").count()


def counted(order: Order) -> tuple[int, int]:
    line = line_of(order)
    return line.quantity_refunded, line.quantity_restocked


def fail(refund: Refund) -> None:
    control.settle_refund(refund.stripe_refund_id or "", succeeded=False)
    sync_payment(refund.payment_id)


def url(row: Return) -> str:
    return reverse("payments:console_return_refund", args=[row.pk])


def hidden(html: str) -> dict[str, str]:
    form = html.split("<main", 1)[1]
    return {
        re.search(r'name="([^"]+)"', tag)[1]: re.search(r'value="([^"]*)"', tag)[1]
        for tag in re.findall(r'<input type="hidden"[^>]*>', form)
        if "csrf" not in tag
    }


def test_what_came_is_given_back_and_what_can_be_sold_goes_on_the_shelf_in_one_movement() -> None:
    row = received(quantity=2, came=2, shelved=1)
    assert shelf() == (6, 0)

    refund = give_back(row)

    assert (refund.status, refund.amount_minor, refund.return_request_id) == ("succeeded", 2400, row.pk)
    assert at_stripe() == 2400
    line = refund.lines.get()
    assert (line.quantity, line.restock, line.unsellable_quantity, line.restocked_quantity) == (2, "returned", 1, 1)
    assert shelf() == (7, 1)
    movement = StockMovement.objects.get(kind="returned")
    assert (movement.delta, movement.source_type, movement.source_id) == (1, "refund_line", str(line.pk))
    assert counted(row.order) == (2, 1)
    assert state(row) == "refunded"
    assert list(OutgoingMail.objects.filter(kind="order_refunded").values_list("key", flat=True)) == [
        f"order-refunded:{refund.pk}"
    ]


@pytest.mark.parametrize(("shelved", "expected"), [(0, (6, 0)), (2, (8, 1))])
def test_none_or_all_of_it_may_go_on_the_shelf(shelved: int, expected: tuple[int, int]) -> None:
    row = received(quantity=2, came=2, shelved=shelved)

    give_back(row)

    assert shelf() == expected
    assert counted(row.order) == (2, shelved)


def test_only_what_came_is_given_back() -> None:
    row = received(quantity=3, came=1, shelved=1)

    assert give_back(row).amount_minor == 1200
    assert counted(row.order) == (1, 1)


def test_delivery_is_given_back_if_that_is_chosen() -> None:
    assert give_back(received(quantity=3, came=3, shelved=3), with_shipping=True).amount_minor == WHOLE


def test_discounts_are_given_back_as_they_were_charged() -> None:
    order = sent(discount_code=make_discount().code)

    first = give_back(received(order, quantity=1, came=1, shelved=0))
    rest = give_back(received(order, quantity=2, came=2, shelved=0, request_key="another-key-0001"), key="l" * 20)

    assert (first.amount_minor, rest.amount_minor) == (1080, 2160)


def test_the_same_key_is_one_refund() -> None:
    row = received()

    assert give_back(row) == give_back(row)
    assert (at_stripe(), shelf()) == (2400, (7, 1))


def test_another_key_of_a_refunded_return_is_refused() -> None:
    row = received()
    give_back(row)

    with pytest.raises(NotAllowedInState, match="is refunded; only what has been received is refunded"):
        give_back(row, key="l" * 20)
    assert at_stripe() == 2400


def test_what_has_not_come_is_not_refunded() -> None:
    row = make_return(sent(), actor=make_user("ops"))

    with pytest.raises(NotAllowedInState, match="is approved; only what has been received"):
        give_back(row)


def test_units_refunded_by_hand_meanwhile_are_not_refunded_twice() -> None:
    row = received(quantity=3, came=3, shelved=3)
    choice = RefundChoice(units={line_of(row.order).pk: 3}, reason="By hand")
    request_refund(row.order_id, choice=choice, actor=make_user("ops"), request_key="by-hand-00000001")

    with pytest.raises(DomainError, match="0 can still be refunded, not 3"):
        give_back(row)
    assert (state(row), at_stripe()) == ("received", 3600)


def test_a_sum_that_has_changed_since_it_was_shown_is_refused() -> None:
    with pytest.raises(NotAllowedInState, match="changed since you looked"):
        give_back(received(), expected_minor=2399)


def test_a_refund_that_fails_opens_the_return_and_is_tried_again_to_the_penny() -> None:
    row = received(quantity=2, came=2, shelved=1)
    first = give_back(row)

    fail(first)
    assert (state(row), shelf(), counted(row.order)) == ("received", (7, 1), (1, 1))
    with pytest.raises(DomainError, match="Try that one again"):
        give_back(row, key="l" * 20)
    again = retry_refund(first.pk, actor=make_user("ops"))

    assert (again.status, again.amount_minor, again.return_request_id) == ("succeeded", 2400, row.pk)
    assert (state(row), shelf(), counted(row.order)) == ("refunded", (7, 1), (2, 1))


def test_a_refund_that_fails_twice_never_moves_stock_again() -> None:
    row = received(quantity=2, came=2, shelved=1)
    first = give_back(row)
    fail(first)
    second = retry_refund(first.pk, actor=make_user("ops"))
    fail(second)
    assert (state(row), shelf(), counted(row.order)) == ("received", (7, 1), (1, 1))

    third = retry_refund(second.pk, actor=make_user("ops"))

    assert third.status == "succeeded"
    assert (state(row), shelf(), counted(row.order)) == ("refunded", (7, 1), (2, 1))


def test_a_failed_refund_that_was_paid_by_other_means_closes_the_return() -> None:
    row = received(quantity=2, came=2, shelved=1)
    first = give_back(row)
    fail(first)

    settle_elsewhere(first.pk, note="By bank transfer 4711", actor=make_user("ops"))

    assert (state(row), counted(row.order)) == ("refunded", (2, 1))


def test_above_the_limit_the_return_waits_and_the_shelf_too() -> None:
    StoreSetting.objects.create(refund_limit_minor=1000)
    row = received(quantity=2, came=2, shelved=1)

    refund = give_back(row)
    assert (refund.status, state(row), shelf()) == ("requested", "refunded", (6, 0))
    approve_refund(refund.pk, actor=make_user("admin"))

    assert (state(row), shelf(), at_stripe()) == ("refunded", (7, 1), 2400)


def test_a_refund_that_is_not_approved_opens_the_return_for_another() -> None:
    StoreSetting.objects.create(refund_limit_minor=1000)
    row = received(quantity=2, came=2, shelved=1)
    refund = give_back(row)

    reject_refund(refund.pk, actor=make_user("admin"), reason="Ask first")
    assert (state(row), shelf(), counted(row.order)) == ("received", (6, 0), (0, 0))
    other = give_back(row, actor=make_user("admin"), key="l" * 20)

    assert (other.status, state(row), shelf(), counted(row.order)) == ("succeeded", "refunded", (7, 1), (2, 1))


def test_a_return_that_was_closed_is_not_refunded_by_trying_an_old_refund_again() -> None:
    row = received()
    first = give_back(row)
    fail(first)
    decide_return(row.pk, decision="rejected", answer="Sent back to you.", actor=make_user("ops"))

    with pytest.raises(NotAllowedInState, match="is rejected; it cannot be refunded"):
        retry_refund(first.pk, actor=make_user("ops"))
    assert Refund.objects.count() == 1


def test_a_test_order_moves_no_stock() -> None:
    order = sent()
    Order.objects.filter(pk=order.pk).update(is_test=True)

    give_back(received(order))

    assert shelf() == (6, 0)


def test_the_page_shows_both_sums_and_gives_one_back(ops: Client) -> None:
    row = received(quantity=3, came=3, shelved=2)
    html = ops.get(url(row)).content.decode()
    assert "The goods: £36.00" in html
    assert "The goods and delivery: £39.50" in html
    assert re.search(r'<input[^>]*value="delivery"[^>]*checked', html)  # everything came back

    sent_back = hidden(html) | {"what": "delivery", "reason": "All came back"}
    answers = [ops.post(url(row), sent_back, follow=True) for _ in range(2)]

    assert [answer.redirect_chain for answer in answers] == [
        [(reverse("orders:console_return", args=[row.pk]), 302)]
    ] * 2
    assert "£39.50 has been refunded." in answers[0].content.decode()
    refund = Refund.objects.get()
    assert (refund.reason, refund.requested_by_id, refund.amount_minor) == ("All came back", ops.user.pk, WHOLE)
    assert AuditRecord.objects.filter(action="refund.requested", outcome="done").count() == 1


@pytest.mark.parametrize(("reason", "what"), [("unwanted", "goods"), ("damaged", "delivery")])
def test_delivery_is_suggested_where_it_is_our_fault(ops: Client, reason: str, what: str) -> None:
    row = received(quantity=1, came=1, shelved=0, reason=reason)

    assert re.search(rf'<input[^>]*value="{what}"[^>]*checked', ops.get(url(row)).content.decode())


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"what": "everything"}, "Select a valid choice"),
        ({"what": ""}, "This field is required"),
        ({"reason": " "}, "Say why the money is given back."),
        ({"reason": "x" * 301}, "at most 300 characters"),
        ({"request_key": "no"}, "Enter a valid value"),
        ({"goods_minor": "1"}, "This order has changed since you looked."),
        ({"goods_minor": "x"}, "Enter a whole number"),
        ({"goods_minor": "1" + "0" * 30}, "or fewer"),
    ],
)
def test_what_makes_no_sense_gives_nothing_back(ops: Client, fields: dict[str, str], sentence: str) -> None:
    row = received()
    typed = hidden(ops.get(url(row)).content.decode()) | {"what": "goods", "reason": "Back"} | fields

    answer = ops.post(url(row), typed)

    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert Refund.objects.count() == 0


def test_a_failed_refund_leads_to_its_own_page_and_the_return_says_so(ops: Client) -> None:
    row = received()
    refund = give_back(row)
    fail(refund)

    html = ops.get(reverse("orders:console_return", args=[row.pk])).content.decode()

    assert "Its refund came to nothing" in html
    assert "Refund again" in html
    answer = ops.get(url(row))
    assert answer.url == reverse("payments:console_refund_detail", args=[refund.pk])


def test_a_return_that_waits_for_its_parcel_has_nothing_to_refund(ops: Client) -> None:
    row = make_return(sent(), actor=ops.user)

    html = ops.get(url(row)).content.decode()

    assert "There is nothing to refund now" in html
    assert ops.get(reverse("payments:console_return_refund", args=[999_999])).status_code == 404


def test_a_return_of_an_imported_payment_asks_how_it_was_given_back(ops: Client) -> None:
    row = received()
    Payment.objects.update(tender=Payment.Tender.IMPORTED)
    html = ops.get(url(row)).content.decode()
    typed = hidden(html) | {"what": "goods", "reason": "Back"}

    assert "Say how the money was given back." in ops.post(url(row), typed).content.decode()
    ops.post(url(row), typed | {"paid_elsewhere": "Bank transfer 4711"})

    assert (state(row), Refund.objects.get().settled_note, shelf()) == ("refunded", "Bank transfer 4711", (7, 1))
    assert at_stripe() == 0


def test_whoever_may_not_refund_is_not_offered_it(client: Client) -> None:
    row = received()
    client.force_login(make_user("analyst"))

    assert client.get(url(row)).status_code == 403
    assert client.post(url(row)).status_code == 403
