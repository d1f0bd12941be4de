"""A shopper's pages of returns: whose they are, what is typed, and what the order page says; all without scripts."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from accounts.tests.factories import make_user
from orders.fulfilment import ship
from orders.links import guest_path, guest_signature
from orders.models import Fulfilment, Order, Return
from orders.returns import decide_return, withdraw_return
from orders.tests.factories import line_of, make_cart, make_order, make_return, pay, place
from products.tests.factories import make_variant

pytestmark = pytest.mark.django_db
KEY = "k" * 20


def sent(quantity: int = 3, **changes: object) -> Order:
    order = place(make_cart({make_variant(stock=9): quantity}), **changes)
    return ship(pay(order).pk)


@pytest.fixture
def owner(client: Client) -> User:
    user = make_user()
    client.force_login(user)
    return user


def address(name: str, order: Order, *rest: int, guest: bool = False) -> str:
    if guest:
        return reverse(f"orders:guest_{name}", args=[order.public_id, guest_signature(order), *rest])
    return reverse(f"orders:{name}", args=[order.public_id, *rest])


def asked(order: Order, **fields: str) -> dict[str, str]:
    return {f"line_{line_of(order).pk}": "2", "reason": "damaged", "note": "Cracked", "request_key": KEY} | fields


def text(response: object) -> str:
    return response.content.decode()  # type: ignore[attr-defined]


@pytest.mark.parametrize("is_guest", [False, True])
def test_a_return_is_asked_for_and_taken_back(client: Client, owner: User, is_guest: bool) -> None:
    order = sent(user=owner)
    page = guest_path(order) if is_guest else order.get_absolute_url()
    ask = address("return_request", order, guest=is_guest)
    if is_guest:
        client.logout()
    assert ask in text(client.get(page))
    key = re.search(r'name="request_key" value="([^"]+)"', text(client.get(ask)))[1]

    done = client.post(ask, asked(order, request_key=key), follow=True)

    assert done.redirect_chain == [(page, 302)]
    row = Return.objects.get()
    assert (row.reason, row.shopper_note, row.lines.get().quantity) == ("damaged", "Cracked", 2)
    html = text(done)
    assert f"Return {row.number} is requested." in html
    assert 'data-status="requested"' in html
    assert "A return was asked for" in html
    withdraw = address("return_withdraw", order, row.pk, guest=is_guest)
    assert f'action="{withdraw}"' in html
    assert "is withdrawn. You keep the goods" in text(client.post(withdraw, follow=True))
    assert Return.objects.get().status == "withdrawn"


def test_pressing_twice_makes_one_return_and_shows_the_order(client: Client, owner: User) -> None:
    order = sent(user=owner)
    ask = address("return_request", order)

    answers = [client.post(ask, asked(order, **{f"line_{line_of(order).pk}": "3"})) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [302, 302]
    assert Return.objects.count() == 1


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"units": "0"}, "Choose at least one unit to send back."),
        ({"units": ""}, "This field is required."),
        ({"units": "4"}, "Enter 3 or fewer."),
        ({"units": "-1"}, "Enter 0 or more."),
        ({"units": "1" + "0" * 23}, "Enter 3 or fewer."),
        ({"units": "2.0"}, "Enter a whole number in figures"),
        ({"reason": ""}, "Choose why it comes back."),
        ({"reason": "theft"}, "Select a valid choice"),
        ({"note": "x" * 1001}, "at most 1000 characters"),
        ({"request_key": ""}, "required"),
        ({"request_key": "<script>"}, "Enter a valid value"),
    ],
)
def test_what_makes_no_sense_is_said_beside_what_was_typed(
    client: Client, owner: User, fields: dict[str, str], sentence: str
) -> None:
    order = sent(user=owner)
    named = {f"line_{line_of(order).pk}" if name == "units" else name: value for name, value in fields.items()}

    answer = client.post(address("return_request", order), asked(order, **named))

    assert answer.status_code == 422
    assert sentence in text(answer)
    assert "note" in fields or "Cracked" in text(answer)
    assert Return.objects.count() == 0


def test_only_whoever_owns_or_holds_the_order_may_ask(client: Client, owner: User) -> None:
    order, other = sent(user=make_user(), email="alice@example.com"), sent()
    tampered = reverse("orders:guest_return_request", args=[order.public_id, guest_signature(other)])
    addresses = [
        address("return_request", order),
        tampered,
        address("return_withdraw", order, make_return(order).pk),
        reverse("orders:guest_return_withdraw", args=[order.public_id, "x", 1]),
    ]

    assert [client.post(url, asked(order)).status_code for url in addresses] == [404] * 4
    client.logout()
    assert client.post(address("return_request", order), asked(order)).url.startswith(reverse("account_login"))
    assert Return.objects.count() == 1


def test_a_return_of_another_order_cannot_be_withdrawn_through_ones_own(client: Client, owner: User) -> None:
    order, other = sent(user=owner), sent()
    row = make_return(other)

    assert client.post(address("return_withdraw", order, row.pk)).status_code == 404
    assert client.get(address("return_withdraw", order, row.pk)).status_code == 405
    assert client.post(address("return_withdraw", order, 999_999)).status_code == 404
    row.refresh_from_db()
    assert row.status == "requested"


def test_a_decided_return_says_so_instead_of_being_withdrawn(client: Client, owner: User) -> None:
    order = sent(user=owner)
    row = make_return(order)
    decide_return(row.pk, decision="rejected", answer="It was <opened>.", actor=make_user("ops"))

    html = text(client.post(address("return_withdraw", order, row.pk), follow=True))

    assert "is rejected; it cannot be withdrawn" in html
    assert "It was &lt;opened&gt;." in html
    assert ">Withdraw<" not in html


@pytest.mark.parametrize("state", ["unsent", "late", "nothing left"])
def test_where_nothing_can_come_back_the_order_does_not_offer_it_and_the_page_says_why(
    client: Client, owner: User, state: str
) -> None:
    order = make_order({make_variant(): 1}, paid=True, user=owner) if state == "unsent" else sent(user=owner)
    if state == "late":
        Fulfilment.objects.update(at=timezone.now() - timedelta(days=400))
    if state == "nothing left":
        make_return(order, quantity=3)
    why = {
        "unsent": "Nothing has been sent yet",
        "late": "The time for returns is over",
        "nothing left": "Nothing is left to send back",
    }[state]
    ask = address("return_request", order)

    assert ask not in text(client.get(order.get_absolute_url()))
    html = text(client.get(ask))
    assert why in html
    assert "Ask to return" not in html
    assert client.post(ask, asked(order)).status_code == 422


def test_an_order_without_returns_shows_no_such_section(client: Client, owner: User) -> None:
    order = make_order({make_variant(): 1}, paid=True, user=owner)

    assert "Returns" not in text(client.get(order.get_absolute_url())).split("<main", 1)[1].split("</main>")[0]


def test_two_returns_stand_with_the_newest_first(client: Client, owner: User) -> None:
    order = sent(user=owner)
    first = make_return(order)
    withdraw_return(first.pk, order=order)
    second = make_return(order)

    html = text(client.get(order.get_absolute_url()))

    assert html.index(second.number) < html.index(first.number)
