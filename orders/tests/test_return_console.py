"""Returns in the console: the list, one return with its next step, asking for a shopper, and the order's page."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.tests.factories import make_user
from orders.fulfilment import ship
from orders.models import Return
from orders.returns import withdraw_return
from orders.tests.factories import line_of, make_order, make_received, make_return
from products.tests.factories import make_variant

pytestmark = pytest.mark.django_db
LIST = "/console/returns/"
KEY = "k" * 20


@pytest.fixture
def ops(client: Client) -> Client:
    user = make_user("ops", name="Priya Raman")
    client.force_login(user)
    client.user = user
    return client


def text(response: object) -> str:
    return response.content.decode()  # type: ignore[attr-defined]


def main(response: object) -> str:
    """What stands beside the sidebar."""
    return text(response).split("<main", 1)[1].split("</main>")[0]


def page(client: Client, row: Return) -> str:
    return main(client.get(reverse("orders:console_return", args=[row.pk])))


def act(client: Client, name: str, row: Return, status: int = 200, **fields: str) -> str:
    response = client.post(reverse(f"orders:console_return_{name}", args=[row.pk]), fields, follow=True)
    assert response.status_code == status
    return main(response)


def counts(row: Return, came: str, shelf: str) -> dict[str, str]:
    line_id = row.lines.get().line_id
    return {f"came_{line_id}": came, f"shelf_{line_id}": shelf}


def aged(days: int, **fields: object) -> Return:
    row = make_return(**fields)
    Return.objects.filter(pk=row.pk).update(requested_at=timezone.now() - timedelta(days=days))
    return row


def order_of_list(client: Client, **query: str) -> list[str]:
    found = re.findall(r">(RET-\d+)</a>", main(client.get(LIST, query)))
    return [number for number in found if number]


def test_open_returns_stand_with_the_oldest_first_and_the_rest_is_a_filter_away(ops: Client) -> None:
    new, old = aged(1), aged(5)
    came = make_received(actor=ops.user)
    gone = aged(9)
    withdraw_return(gone.pk, order=gone.order)
    approved = make_return(actor=ops.user)

    assert order_of_list(ops) == [old.number, new.number, came.number, approved.number]
    assert order_of_list(ops, show="waiting") == [old.number, new.number, came.number]
    assert order_of_list(ops, show="approved") == [approved.number]
    assert order_of_list(ops, show="withdrawn") == [gone.number]
    assert order_of_list(ops, show="all") == [approved.number, came.number, new.number, old.number, gone.number]
    assert order_of_list(ops, show="x", page="x") == order_of_list(ops)


def test_returns_are_found_by_order_and_by_their_own_number(ops: Client) -> None:
    one, two = make_return(), make_return()

    assert order_of_list(ops, q=one.order.number) == [one.number]
    assert order_of_list(ops, q=f" {two.number.lower()} ") == [two.number]
    assert order_of_list(ops, q=two.order.email) == [two.number]
    assert order_of_list(ops, q="RET-999999") == []
    assert "No return matches" in main(ops.get(LIST, {"q": "%"}))


def test_an_empty_list_says_what_will_appear(ops: Client) -> None:
    assert "No open returns" in main(ops.get(LIST))


def test_the_list_costs_the_same_whatever_its_length(
    ops: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    make_return()
    with CaptureQueriesContext(connection) as few:
        order_of_list(ops)
    for _ in range(11):
        make_return()

    with django_assert_num_queries(len(few)):
        assert len(order_of_list(ops)) == 12


def test_the_sidebar_counts_what_waits_for_us(ops: Client) -> None:
    make_return()
    make_return(actor=ops.user)
    make_received(actor=ops.user)

    html = text(ops.get(LIST))

    entry = html.split(f'href="{LIST}"', 1)[1].split("</a>")[0]
    assert re.search(r">\s*2\s*<", entry)


def test_a_requested_return_is_approved_with_an_answer(ops: Client) -> None:
    row = make_return(note="It <smells>")
    html = page(ops, row)
    assert "It &lt;smells&gt;" in html
    assert [label in html for label in ("Approve", "Reject", "Mark as received", ">Refund<")] == [
        True,
        True,
        False,
        False,
    ]

    html = act(ops, "decide", row, decision="approved", answer="Please send it tracked.")

    assert "Please send it tracked." in html
    assert "Priya Raman" in html
    assert "Mark as received" in html
    assert Return.objects.get().status == "approved"


def test_a_rejection_without_an_answer_keeps_the_page_and_says_so(ops: Client) -> None:
    row = make_return()

    html = act(ops, "decide", row, 422, decision="rejected", answer=" ")

    assert "Tell the shopper why the return is rejected." in html
    assert Return.objects.get().status == "requested"
    assert "Approved" not in act(ops, "decide", row, 422, answer="Fine")
    assert act(ops, "decide", row, 422, decision="x", answer="Fine").count("Select a valid choice") >= 1
    assert "is rejected, and the shopper is told why" in act(ops, "decide", row, decision="rejected", answer="Used.")


def test_what_came_is_recorded_and_the_refund_is_next(ops: Client) -> None:
    row = make_return(quantity=3, actor=ops.user)

    html = act(ops, "receive", row, **counts(row, "2", "1"))

    assert reverse("payments:console_return_refund", args=[row.pk]) in html
    assert list(row.lines.values_list("received_quantity", "restock_quantity")) == [(2, 1)]


@pytest.mark.parametrize(
    ("came", "shelf", "sentence"),
    [
        ("4", "0", "Enter 3 or fewer."),
        ("-1", "0", "Enter 0 or more."),
        ("", "0", "This field is required."),
        ("x", "0", "Enter a whole number in figures"),
        ("1", "2", "1 came back; 2 cannot go on the shelf."),
        ("0", "0", "Enter what came back."),
        ("1" + "0" * 23, "0", "Enter 3 or fewer."),
    ],
)
def test_counts_that_make_no_sense_are_said(ops: Client, came: str, shelf: str, sentence: str) -> None:
    row = make_return(quantity=3, actor=ops.user)

    assert sentence in act(ops, "receive", row, 422, **counts(row, came, shelf))
    assert Return.objects.get().status == "approved"


@pytest.mark.parametrize(("reason", "shelf"), [("unwanted", "2"), ("damaged", "0")])
def test_only_what_was_not_wanted_is_offered_for_the_shelf(ops: Client, reason: str, shelf: str) -> None:
    row = make_return(quantity=2, reason=reason, actor=ops.user)

    tag = re.search(rf'<input[^>]*name="shelf_{row.lines.get().line_id}"[^>]*>', page(ops, row))[0]

    assert f'value="{shelf}"' in tag


@pytest.mark.parametrize("is_received", [False, True])
def test_an_approved_or_received_return_is_closed_without_a_refund(ops: Client, is_received: bool) -> None:
    row = make_received(actor=ops.user) if is_received else make_return(actor=ops.user)
    assert "Close it without a refund" in page(ops, row)

    act(ops, "decide", row, decision="rejected", answer="Nothing came.")

    assert Return.objects.get().status == "rejected"


def test_staff_ask_for_a_shopper_from_the_order(ops: Client) -> None:
    order = ship(make_order({make_variant(stock=9): 3}, paid=True).pk)
    create = reverse("orders:console_return_create", args=[order.pk])
    assert create in main(ops.get(reverse("orders:console_detail", args=[order.pk])))
    fields = {f"line_{line_of(order).pk}": "2", "reason": "other", "request_key": KEY}

    answers = [ops.post(create, fields, follow=True) for _ in range(2)]

    row = Return.objects.get()
    assert (row.status, row.is_by_staff, row.decided_by_id) == ("approved", True, ops.user.pk)
    assert {answer.redirect_chain[-1][0] for answer in answers} == {reverse("orders:console_return", args=[row.pk])}
    html = main(ops.get(reverse("orders:console_detail", args=[order.pk])))
    assert f">{row.number}</a>" in html
    assert f"Return asked for: {row.number}, 2 units" in html
    assert f"Mail “Your return {row.number} is approved”" in html


def test_staff_are_told_what_cannot_come_back(ops: Client) -> None:
    unsent = make_order({make_variant(): 1}, paid=True)
    create = reverse("orders:console_return_create", args=[unsent.pk])

    assert "Nothing can be sent back" in main(ops.get(create))
    assert ops.post(create, {"reason": "other", "request_key": KEY}).status_code == 422
    assert "Return for the shopper" not in main(ops.get(reverse("orders:console_detail", args=[unsent.pk])))
    assert Return.objects.count() == 0


def test_what_does_not_exist_is_not_found(ops: Client) -> None:
    names = ["return", "return_decide", "return_receive", "return_create"]
    addresses = [reverse(f"orders:console_{name}", args=[999_999]) for name in names]

    assert [ops.post(url).status_code for url in addresses] == [405, 404, 404, 404]
    assert ops.get(addresses[0]).status_code == 404


def test_a_refused_act_stands_in_the_orders_timeline(ops: Client) -> None:
    row = make_return()
    act(ops, "decide", row, 422, decision="rejected", answer="")

    html = main(ops.get(reverse("orders:console_detail", args=[row.order_id])))

    assert "Deciding on a return was refused" in html


def test_the_orders_page_costs_the_same_however_many_returns_it_has(
    ops: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    order = ship(make_order({make_variant(stock=30): 20}, paid=True).pk)
    url = reverse("orders:console_detail", args=[order.pk])
    make_return(order)
    with CaptureQueriesContext(connection) as few:
        ops.get(url)
    for _ in range(6):
        make_return(order)

    with django_assert_num_queries(len(few)):
        ops.get(url)
