"""Returns whose parcel has come: what is counted, closed without a refund, refunded, and open again."""

import pytest
from django.db import DatabaseError, transaction

from accounts.models import User
from accounts.tests.factories import make_user
from audit.models import AuditRecord
from core.errors import DomainError, NotAllowedInState
from mail.models import OutgoingMail
from orders.models import ReturnLine
from orders.returns import close_refunded, decide_return, receive_return, reopen_refunded
from orders.tests.factories import line_of, make_received, make_return

pytestmark = pytest.mark.django_db


def staff() -> User:
    return make_user("ops")


def mails() -> list[str]:
    kinds = OutgoingMail.objects.filter(kind__startswith="return_").order_by("pk").values_list("kind", flat=True)
    return list(kinds)


def test_what_came_is_counted_by_line_and_the_shopper_is_told() -> None:
    actor = staff()
    row = make_return(quantity=3, actor=actor)
    line_id = row.lines.get().line_id

    for _ in range(2):
        receive_return(row.pk, came={line_id: 2}, shelved={line_id: 1}, actor=actor)

    row.refresh_from_db()
    assert (row.status, row.received_at is not None) == ("received", True)
    assert list(row.lines.values_list("quantity", "received_quantity", "restock_quantity")) == [(3, 2, 1)]
    assert mails() == ["return_approved", "return_received"]
    assert "\n2 x " in OutgoingMail.objects.get(kind="return_received").text_body
    assert AuditRecord.objects.filter(action="return.received", outcome="done").count() == 1
    assert line_of(row.order).quantity_restocked == 0  # the shelf follows with the refund


@pytest.mark.parametrize(
    ("came", "shelved", "sentence"),
    [
        (0, 0, "Enter what came back"),
        (4, 0, "3 were to come back, not 4"),
        (-1, 0, "3 were to come back, not -1"),
        (2, 3, "2 came back; 3 cannot go on the shelf"),
        (2, -1, "-1 cannot go on the shelf"),
    ],
)
def test_counts_that_cannot_be_are_refused(came: int, shelved: int, sentence: str) -> None:
    actor = staff()
    row = make_return(quantity=3, actor=actor)
    line_id = row.lines.get().line_id

    with pytest.raises(DomainError, match=sentence):
        receive_return(row.pk, came={line_id: came}, shelved={line_id: shelved}, actor=actor)

    row.refresh_from_db()
    assert (row.status, row.lines.get().received_quantity) == ("approved", 0)


def test_what_nobody_approved_cannot_come_and_what_came_is_not_counted_twice() -> None:
    row, actor = make_return(), staff()
    line_id = row.lines.get().line_id

    with pytest.raises(NotAllowedInState, match="is requested; it cannot be marked as received"):
        receive_return(row.pk, came={line_id: 1}, shelved={}, actor=actor)
    decide_return(row.pk, decision="approved", answer="", actor=actor)
    receive_return(row.pk, came={line_id: 1}, shelved={}, actor=actor)
    with pytest.raises(NotAllowedInState, match="is received; it cannot be marked as received"):
        receive_return(row.pk, came={line_id: 1}, shelved={line_id: 1}, actor=actor)


def test_a_received_return_is_closed_without_a_refund_in_words_that_fit() -> None:
    actor = staff()
    row = make_received(actor=actor)

    decide_return(row.pk, decision="rejected", answer="We send it back to you.", actor=actor)

    row.refresh_from_db()
    assert row.status == "rejected"
    assert "we have closed return" in OutgoingMail.objects.get(kind="return_rejected").text_body


def test_only_a_received_return_is_refunded_and_one_whose_refund_failed_is_open_again() -> None:
    actor = staff()
    row = make_return(actor=actor)
    with pytest.raises(NotAllowedInState, match="is approved; it cannot be refunded"):
        close_refunded(row.order, row.pk)
    received = make_received(actor=actor)

    close_refunded(received.order, received.pk)
    received.refresh_from_db()
    assert (received.status, received.closed_at is not None) == ("refunded", True)
    for _ in range(2):
        reopen_refunded(received.order, received.pk)
    received.refresh_from_db()
    assert (received.status, received.closed_at) == ("received", None)


def test_a_closed_return_is_not_opened_by_a_refund_that_fails_late() -> None:
    actor = staff()
    row = make_received(actor=actor)
    decide_return(row.pk, decision="rejected", answer="Sent back.", actor=actor)

    reopen_refunded(row.order, row.pk)

    row.refresh_from_db()
    assert row.status == "rejected"


@pytest.mark.parametrize(
    "change", [{"received_quantity": 4}, {"received_quantity": 1, "restock_quantity": 2}, {"quantity": 0}]
)
def test_the_database_itself_refuses_impossible_counts(change: dict[str, int]) -> None:
    row = make_return(quantity=3)

    with pytest.raises(DatabaseError), transaction.atomic():
        ReturnLine.objects.filter(return_request=row).update(**change)
