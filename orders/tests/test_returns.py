"""Returns: what can be asked for and until when, what staff decide, what comes, and what the shopper is told."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from accounts.tests.factories import make_user
from audit.models import AuditRecord
from core.errors import DomainError, NotAllowedInState
from core.models import StoreSetting
from mail.models import OutgoingMail
from orders.fulfilment import ship
from orders.models import Fulfilment, Order, OrderEvent, OrderLine, Return
from orders.returnable import return_until, returnable_units
from orders.returns import (
    decide_return,
    request_return,
    withdraw_return,
)
from orders.tests.factories import line_of, make_order, make_received, make_return
from products.tests.factories import make_variant

pytestmark = pytest.mark.django_db
WHY = {"reason": "unwanted", "request_key": "k" * 20}


def sent(quantity: int = 3, *, of: int = 3) -> Order:
    order = make_order({make_variant(stock=9): of}, paid=True)
    return ship(order.pk, lines={line_of(order).pk: quantity})


def left(order: Order) -> int:
    line = line_of(order)
    return returnable_units(order, [line])[line.pk]


def staff() -> User:
    return make_user("ops")


def mails() -> list[str]:
    kinds = OutgoingMail.objects.filter(kind__startswith="return_").order_by("pk").values_list("kind", flat=True)
    return list(kinds)


def kinds(row: Return) -> list[str]:
    events = OrderEvent.objects.filter(order=row.order_id, kind__startswith="return_").order_by("pk")
    assert {event.detail["return"] for event in events} == {row.pk}
    return [event.kind for event in events]


def test_a_shopper_asks_and_is_told_how_it_goes_on() -> None:
    StoreSetting.objects.create(seller_name="PureLaka Ltd", seller_address="1 Mill Road\nLeeds LS1 1AA")
    order = sent()

    row = request_return(order.pk, units={line_of(order).pk: 2}, note=" Too <b>small</b> ", **WHY)

    assert (row.status, row.reason, row.shopper_note, row.is_by_staff) == (
        "requested",
        "unwanted",
        "Too <b>small</b>",
        False,
    )
    assert list(row.lines.values_list("line", "quantity")) == [(line_of(order).pk, 2)]
    assert kinds(row) == ["return_requested"]
    mail = OutgoingMail.objects.get(key=f"return-requested:{row.pk}")
    assert (mail.recipient, mail.subject) == (order.email, f"We have your return {row.number}")
    assert f"2 x {line_of(order).name}" in mail.text_body
    assert "Send it to:\nPureLaka Ltd\n1 Mill Road\nLeeds LS1 1AA\n" in mail.text_body
    assert f"Write {row.number} on the parcel" in mail.text_body
    assert "You pay for sending it back." in mail.text_body
    assert AuditRecord.objects.filter(action__startswith="return.").count() == 0


def test_pressing_twice_is_one_return() -> None:
    order = sent()
    units = {line_of(order).pk: 3}

    first, again = (request_return(order.pk, units=units, **WHY) for _ in range(2))

    assert first == again
    assert (Return.objects.count(), mails()) == (1, ["return_requested"])


def test_the_same_key_of_another_order_is_another_return() -> None:
    one, two = sent(), sent()

    rows = [request_return(order.pk, units={line_of(order).pk: 1}, **WHY) for order in (one, two)]

    assert [row.order_id for row in rows] == [one.pk, two.pk]


@pytest.mark.parametrize(
    ("units", "sentence"),
    [
        ({}, "Choose at least one unit"),
        ({0: 0}, "Choose at least one unit"),
        ({0: 3}, "2 can be sent back, not 3"),
        ({0: -1}, "2 can be sent back, not -1"),
        ({0: 10**23}, "2 can be sent back, not 1"),
        ({999_999: 1}, "not part of this order"),
    ],
)
def test_units_that_cannot_come_back_are_refused(units: dict[int, int], sentence: str) -> None:
    order = sent(2, of=3)
    asked = {key or line_of(order).pk: quantity for key, quantity in units.items()}

    with pytest.raises(DomainError, match=sentence):
        request_return(order.pk, units=asked, **WHY)

    assert Return.objects.count() == 0


@pytest.mark.parametrize(
    ("change", "sentence"),
    [({"reason": "because"}, "Choose why"), ({"reason": ""}, "Choose why"), ({"note": "x" * 1001}, "at most 1,000")],
)
def test_a_reason_is_one_of_ours_and_a_note_is_short(change: dict[str, Any], sentence: str) -> None:
    order = sent()

    with pytest.raises(DomainError, match=sentence):
        request_return(order.pk, units={line_of(order).pk: 1}, **WHY | change)


def test_nothing_comes_back_before_it_was_sent() -> None:
    order = make_order({make_variant(): 1}, paid=True)

    with pytest.raises(NotAllowedInState, match="Nothing of this order has been sent yet"):
        request_return(order.pk, units={line_of(order).pk: 1}, **WHY)
    assert return_until(order) is None


def test_units_in_an_open_return_cannot_be_asked_for_again_until_it_is_over() -> None:
    order = sent()
    row = make_return(order, quantity=2)
    assert left(order) == 1

    withdraw_return(row.pk, order=order)

    assert left(order) == 3


def test_units_that_did_not_come_after_all_can_be_asked_for_again() -> None:
    order = sent()

    make_received(order, quantity=3, came=1, shelved=1, actor=staff())

    assert left(order) == 2


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ({"quantity_refunded": 1}, 1),  # one of two sent was refunded
        ({"quantity_canceled": 1, "quantity_refunded": 1}, 2),  # the third was canceled, never sent
        ({"quantity_canceled": 1, "quantity_refunded": 3}, 0),
        ({"quantity_refunded": 3}, 0),
    ],
)
def test_refunded_units_cannot_come_back(counts: dict[str, int], expected: int) -> None:
    order = sent(2, of=3)
    OrderLine.objects.filter(order=order).update(**counts)

    assert left(order) == expected


def test_the_days_count_from_the_last_parcel_and_staff_are_not_held_to_them() -> None:
    order = sent(1)
    ship(order.pk, lines={line_of(order).pk: 1})
    long_ago, days = timezone.now() - timedelta(days=400), StoreSetting.current().return_window_days
    first, last = Fulfilment.objects.filter(order=order).order_by("pk")
    Fulfilment.objects.filter(pk=first.pk).update(at=long_ago)
    make_return(order)

    Fulfilment.objects.filter(pk=last.pk).update(at=timezone.now() - timedelta(days=days + 1, hours=1))
    with pytest.raises(NotAllowedInState, match=r"This order could be returned until \d"):
        make_return(order)
    assert make_return(order, actor=staff()).status == "approved"


def test_the_last_day_is_still_in_time() -> None:
    order = sent()
    days = StoreSetting.current().return_window_days
    Fulfilment.objects.filter(order=order).update(at=timezone.now() - timedelta(days=days))

    assert make_return(order).status == "requested"


def test_a_shopper_withdraws_what_nobody_has_decided_on_once() -> None:
    row = make_return()

    for _ in range(2):
        withdraw_return(row.pk, order=row.order)

    row.refresh_from_db()
    assert (row.status, row.closed_at is not None) == ("withdrawn", True)
    assert kinds(row) == ["return_requested", "return_withdrawn"]


def test_a_decided_return_and_another_orders_cannot_be_withdrawn() -> None:
    row, other = make_return(), sent()
    decide_return(row.pk, decision="approved", answer="", actor=staff())

    with pytest.raises(NotAllowedInState, match="is approved; it cannot be withdrawn"):
        withdraw_return(row.pk, order=row.order)
    with pytest.raises(Return.DoesNotExist):
        withdraw_return(row.pk, order=other)


def test_approving_tells_the_shopper_once_and_is_audited() -> None:
    row, actor = make_return(reason="damaged"), staff()

    for _ in range(2):
        decide_return(row.pk, decision="approved", answer="We send you a label.", actor=actor)

    row.refresh_from_db()
    assert (row.status, row.answer, row.decided_by_id, row.closed_at) == (
        "approved",
        "We send you a label.",
        actor.pk,
        None,
    )
    assert mails() == ["return_requested", "return_approved"]
    text = OutgoingMail.objects.get(kind="return_approved").text_body
    assert "We send you a label." in text
    assert "We pay for sending it back" in text
    act = AuditRecord.objects.get(action="return.decided")
    assert (act.actor_id, act.subject_id, act.changes["status"], act.outcome) == (
        actor.pk,
        str(row.pk),
        "approved",
        "done",
    )


def test_rejecting_needs_an_answer_that_the_shopper_gets() -> None:
    row, actor = make_return(), staff()

    with pytest.raises(DomainError, match="Tell the shopper why"):
        decide_return(row.pk, decision="rejected", answer=" \n", actor=actor)
    decide_return(row.pk, decision="rejected", answer="It was opened & used.", actor=actor)

    row.refresh_from_db()
    assert (row.status, row.closed_at is not None) == ("rejected", True)
    mail = OutgoingMail.objects.get(kind="return_rejected")
    assert "It was opened & used." in mail.text_body
    assert "It was opened &amp; used." in mail.html_body
    assert AuditRecord.objects.filter(action="return.decided", outcome="refused").count() == 1


@pytest.mark.parametrize("decision", ["received", "refunded", "requested", "", "x"])
def test_a_decision_is_yes_or_no(decision: str) -> None:
    row = make_return()

    with pytest.raises(DomainError, match="Approve the return, or reject it"):
        decide_return(row.pk, decision=decision, answer="", actor=staff())


def test_two_people_decide_and_the_second_is_refused() -> None:
    row = make_return()
    decide_return(row.pk, decision="rejected", answer="No.", actor=staff())

    with pytest.raises(NotAllowedInState, match="is rejected; it cannot be approved"):
        decide_return(row.pk, decision="approved", answer="", actor=staff())
    with pytest.raises(NotAllowedInState, match="is rejected; it cannot be rejected"):
        decide_return(row.pk, decision="rejected", answer="Still no.", actor=staff())


def test_staff_ask_for_a_shopper_and_approve_in_one_act() -> None:
    actor = staff()

    row = make_return(actor=actor)

    row.refresh_from_db()
    assert (row.status, row.is_by_staff, row.decided_by_id) == ("approved", True, actor.pk)
    assert mails() == ["return_approved"]
    assert kinds(row) == ["return_requested", "return_approved"]
    assert set(AuditRecord.objects.filter(actor_id=actor.pk).values_list("action", flat=True)) == {
        "return.requested",
        "return.decided",
    }


def test_a_refusal_to_staff_is_audited_and_one_to_shoppers_is_not() -> None:
    order, actor = sent(), staff()

    for who in (actor, None):
        with pytest.raises(DomainError):
            make_return(order, quantity=9, actor=who)

    assert list(AuditRecord.objects.filter(action="return.requested").values_list("actor_id", "outcome")) == [
        (actor.pk, "refused")
    ]


def test_an_order_without_an_address_gets_no_mail() -> None:
    order = sent()
    Order.objects.filter(pk=order.pk).update(email="")

    make_return(order)

    assert mails() == []
