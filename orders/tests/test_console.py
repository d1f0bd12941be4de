"""Staff pages of orders: finding one, what can be done with it, what is refused and in which words."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.tests.factories import make_user
from audit.models import AuditRecord
from orders.fulfilment import ship
from orders.holding import hold
from orders.models import Fulfilment, Order, OrderLine, OrderNote
from orders.tests.factories import line_of, make_order
from products.tests.factories import make_variant

pytestmark = pytest.mark.django_db
LIST = "/console/orders/"


@pytest.fixture
def ops(client: Client) -> Client:
    user = make_user("ops", name="Priya Raman")
    client.force_login(user)
    client.user = user
    return client


def page(client: Client, url: str, status: int = 200, **query: Any) -> str:
    response = client.get(url, query)
    assert response.status_code == status
    return response.content.decode()


def shown(client: Client, *orders: Order, **query: Any) -> list[bool]:
    response = client.get(LIST, query)
    assert response.status_code == 200
    html = response.content.decode()
    return [f">{order.number}</a>" in html for order in orders]


def post(client: Client, name: str, order: Order, **fields: Any) -> str:
    """Post to an act of an order and return the page that it leads to."""
    response = client.post(reverse(f"orders:console_{name}", args=[order.pk]), fields, follow=True)
    assert response.status_code in (200, 422)
    return response.content.decode()


def test_the_list_shows_both_conditions_of_each_order(ops: Client) -> None:
    order = make_order({make_variant(): 2, make_variant(): 1}, paid=True, customer_name="Charlie <b>Clay</b>")
    ship(order.pk, lines={line_of(order).pk: 1})

    html = page(ops, LIST)

    assert "Charlie &lt;b&gt;Clay&lt;/b&gt;" in html
    assert 'data-status="paid"' in html
    assert 'data-status="part_sent"' in html
    assert f'<td class="num">{sum(line.quantity for line in order.lines.all())}</td>' in html


def test_an_order_is_found_by_whatever_is_pasted(ops: Client) -> None:
    order = make_order(email="dana@example.com", customer_name="Dana Fox")
    other = make_order()

    for text in (
        order.number,
        order.number.lower(),
        str(10_000 + order.pk),
        order.public_id,
        "DANA@",
        "fox",
        f"  {order.number} ",
    ):
        assert shown(ops, order, other, q=text) == [True, False], text
    for text in ("%", "PL-99999999", "pi_nothing", "９９９", "x" * 200):
        assert shown(ops, order, other, q=text) == [False, False], text


def test_tabs_hold_what_waits_for_somebody(ops: Client) -> None:
    pending, paid, late, held, sent = (make_order(paid=paid) for paid in (False, True, True, True, True))
    Order.objects.filter(pk=late.pk).update(paid_at=timezone.now() - timedelta(hours=49))
    hold(held.pk, reason="looks wrong", actor=ops.user)
    ship(sent.pk)
    orders = (pending, paid, late, held, sent)

    assert shown(ops, *orders, tab="all") == [True] * 5
    assert shown(ops, *orders, tab="to_fulfil") == [False, True, True, False, False]
    assert shown(ops, *orders, tab="late") == [False, False, True, False, False]
    assert shown(ops, *orders, tab="pending") == [True, False, False, False, False]
    assert shown(ops, *orders, tab="held") == [False, False, False, True, False]
    assert shown(ops, *orders, tab="canceled") == [False] * 5
    assert 'To fulfil <span class="pill" data-tone="neutral">2</span>' in page(ops, LIST)


def test_filters_narrow_by_status_day_and_test(ops: Client) -> None:
    old, new, test = make_order(paid=True), make_order(), make_order()
    Order.objects.filter(pk=old.pk).update(placed_at=timezone.now() - timedelta(days=10))
    Order.objects.filter(pk=test.pk).update(is_test=True)
    week = (timezone.now() - timedelta(days=7)).date().isoformat()

    assert shown(ops, old, new, test, status="paid") == [True, False, False]
    assert shown(ops, old, new, test, since=week) == [False, True, True]
    assert shown(ops, old, new, test, until=week) == [True, False, False]
    assert shown(ops, old, new, test, test="only") == [False, False, True]
    assert shown(ops, old, new, test, test="no", status="pending") == [False, True, False]


@pytest.mark.parametrize(
    "query",
    [
        {"tab": "x' OR 1=1"}, {"status": "sold"}, {"since": "yesterday"}, {"until": "2024-02-31"}, {"page": "-1"},
        {"page": "1e9"}, {"sort": "secret"}, {"test": "1"}, {"q": "y" * 300},
        {"since": "2030-01-02", "until": "2030-01-01"}, {"since": "0001-01-01", "until": "9999-12-31"},
    ],
)  # fmt: skip
def test_a_query_that_makes_no_sense_narrows_nothing(ops: Client, query: dict[str, str]) -> None:
    order = make_order()

    expected = [False] if query.get("since") == "2030-01-02" else [True]

    assert shown(ops, order, **query) == expected


def test_days_the_wrong_way_round_are_named(ops: Client) -> None:
    html = page(ops, LIST, since="2030-01-02", until="2030-01-01")

    assert "This day is before the first one." in html


def test_the_list_sorts_by_time_and_total(ops: Client) -> None:
    small, large = make_order({make_variant(price_minor=100): 1}), make_order({make_variant(price_minor=9900): 1})

    def order_of(**query: str) -> list[str]:
        html = page(ops, LIST, **query)
        return sorted((small.number, large.number), key=lambda number: html.index(f">{number}</a>"))

    assert order_of() == [large.number, small.number]
    assert order_of(sort="placed") == [small.number, large.number]
    assert order_of(sort="total") == [small.number, large.number]
    assert order_of(sort="-total") == [large.number, small.number]


def test_the_list_costs_the_same_however_long_it_is(
    ops: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    variant = make_variant(stock=100)
    for _ in range(30):
        make_order({variant: 1}, paid=True)

    for query in ({}, {"tab": "refund_failed"}, {"q": "guest", "tab": "to_fulfil", "page": "2"}, {"q": "pi_1"}):
        with django_assert_max_num_queries(13):
            page(ops, LIST, **query)
    assert "26–30 of 30 orders" in page(ops, LIST, page=2)


def test_the_order_page_costs_the_same_however_much_happened(
    ops: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    order = make_order({make_variant(): 1 for _ in range(12)}, paid=True)
    for line in order.lines.all()[:8]:
        ship(order.pk, lines={line.pk: 1}, actor=ops.user)

    with django_assert_max_num_queries(32):
        html = page(ops, reverse("orders:console_detail", args=[order.pk]))
    assert html.count("1 unit sent") == 8


def test_an_empty_list_says_what_will_appear(ops: Client) -> None:
    assert "No orders here" in page(ops, LIST)
    assert "No order matches" in page(ops, LIST, q="nobody")


def test_previous_and_next_keep_the_filter(ops: Client) -> None:
    first, skipped, second, third = (make_order(paid=paid) for paid in (True, False, True, True))

    html = page(ops, reverse("orders:console_detail", args=[second.pk]), tab="to_fulfil", page="3")

    def link(order: Order) -> str:
        return f'href="{reverse("orders:console_detail", args=[order.pk])}?tab=to_fulfil"'

    assert f'{link(third)} rel="prev"' in html
    assert f'{link(first)} rel="next"' in html
    assert link(skipped) not in html
    assert f'href="{LIST}?tab=to_fulfil"' in html


def test_the_order_page_offers_one_thing_to_do_next(ops: Client) -> None:
    paid, held, sent = (make_order(paid=True) for _ in range(3))
    hold(held.pk, reason="looks wrong", actor=ops.user)
    ship(sent.pk)

    def primary(order: Order) -> list[str]:
        html = page(ops, reverse("orders:console_detail", args=[order.pk]))
        return [part.split("</span>")[0].split("<span>")[1] for part in html.split('data-kind="primary"')[1:]]

    assert [primary(order) for order in (make_order(), paid, held, sent)] == [[], ["Fulfil"], ["Release from hold"], []]


def test_a_parcel_is_recorded_in_part_and_then_in_full(ops: Client) -> None:
    order = make_order({make_variant(): 2, make_variant(): 1}, paid=True)
    first, second = order.lines.all()

    part = post(
        ops,
        "ship",
        order,
        **{f"line_{first.pk}": "1", f"line_{second.pk}": "0"},
        parcels="0",
        carrier="DPD",
        tracking="X1",
    )
    whole = post(ops, "ship", order, **{f"line_{first.pk}": "1", f"line_{second.pk}": "1"}, parcels="1")

    assert "The rest is still to be sent." in part
    assert "1 unit sent, DPD X1" in part
    assert "Nothing is left to send." in whole
    assert Order.objects.get(pk=order.pk).status == "fulfilled"
    acts = AuditRecord.objects.filter(action="order.ship", outcome="done")
    assert [(act.actor_id, act.subject_id) for act in acts] == [(ops.user.pk, str(order.pk))] * 2


@pytest.mark.parametrize(
    ("units", "sentence"),
    [
        ("0", "Choose at least one unit to send."),
        ("3", "Enter 2 or fewer."),
        ("-1", "Enter 0 or more."),
        ("１", "Enter a whole number in figures, such as 2."),
        ("1" + "0" * 23, "Enter 2 or fewer."),
        ("1.5", "Enter a whole number in figures, such as 2."),
        ("", "This field is required."),
    ],
)
def test_a_parcel_that_cannot_be_is_refused_in_words(ops: Client, units: str, sentence: str) -> None:
    order = make_order({make_variant(): 2}, paid=True)

    html = post(ops, "ship", order, **{f"line_{line_of(order).pk}": units}, parcels="0")

    assert sentence in html
    assert Fulfilment.objects.count() == 0


def test_pressing_twice_records_one_parcel(ops: Client) -> None:
    order = make_order({make_variant(): 3}, paid=True)
    fields = {f"line_{line_of(order).pk}": "1", "parcels": "0"}

    post(ops, "ship", order, **fields)
    again = post(ops, "ship", order, **fields)

    assert "Another parcel of this order has been recorded meanwhile." in again
    assert line_of(order).quantity_fulfilled == 1
    assert AuditRecord.objects.filter(action="order.ship", outcome="refused").count() == 1


def test_a_held_order_is_only_sent_with_a_reason(ops: Client) -> None:
    order = make_order(paid=True)
    hold(order.pk, reason="open dispute", actor=ops.user)
    fields = {f"line_{line_of(order).pk}": "1", "parcels": "0"}

    assert "Why it is sent although it is on hold: This field is required." in post(ops, "ship", order, **fields)
    assert "Nothing is left to send." in post(ops, "ship", order, **fields, override_reason="won by phone")


def test_an_unpaid_order_is_not_sent(ops: Client) -> None:
    order = make_order()

    html = post(ops, "ship", order, **{f"line_{line_of(order).pk}": "1"}, parcels="0")

    assert f"Order {order.number} is pending; it cannot be sent." in html


def test_holding_and_releasing_need_a_reason_and_are_recorded(ops: Client) -> None:
    order = make_order(paid=True)

    assert "Say why the order is held." in post(ops, "hold", order, reason="  ")
    assert "The order is on hold." in post(ops, "hold", order, reason="Odd address")
    assert "is on hold already" in post(ops, "hold", order, reason="again")
    html = post(ops, "release", order, reason="Customer answered")
    assert "The order is released." in html
    assert "is not on hold" in post(ops, "release", order, reason="again")

    assert "Note: On hold: Odd address" in html
    assert "Priya Raman" in html
    acts = AuditRecord.objects.filter(action__in=["order.hold", "order.release"]).order_by("pk")
    assert [(act.action, act.outcome) for act in acts] == [
        ("order.hold", "refused"),
        ("order.hold", "done"),
        ("order.hold", "refused"),
        ("order.release", "done"),
        ("order.release", "refused"),
    ]
    assert Order.objects.get(pk=order.pk).held_at is None


def test_an_order_that_is_over_cannot_be_held(ops: Client) -> None:
    order = make_order(paid=True)
    ship(order.pk)

    assert "is fulfilled; it cannot be held." in post(ops, "hold", order, reason="too late")


@pytest.mark.parametrize(
    ("text", "sentence"), [(" ", "Write something first."), ("x" * 2001, "Use at most 2,000 characters.")]
)
def test_a_note_without_words_is_not_kept(ops: Client, text: str, sentence: str) -> None:
    order = make_order()

    assert sentence in post(ops, "note", order, text=text)
    assert OrderNote.objects.count() == 0


def test_a_note_stands_in_the_timeline_escaped(ops: Client) -> None:
    order = make_order()

    html = post(ops, "note", order, text="Rang <script>alert(1)</script>")

    assert "Note: Rang &lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert AuditRecord.objects.get(action="order.note").changes == {}


def test_the_page_shows_the_customers_other_orders(ops: Client) -> None:
    first, second = (make_order(email="dana@example.com") for _ in range(2))
    stranger = make_order()

    html = page(ops, reverse("orders:console_detail", args=[first.pk]))

    assert f">{second.number}</a>" in html
    assert stranger.number not in html


@pytest.mark.parametrize("name", ["detail", "ship", "hold", "release", "note"])
def test_an_order_that_does_not_exist_is_not_found(ops: Client, name: str) -> None:
    for url in (reverse(f"orders:console_{name}", args=[99]), f"{LIST}{10**30}/"):
        assert ops.post(url, {"reason": "x", "text": "x"}).status_code in (404, 405)
        assert ops.get(url).status_code in (404, 405)


@pytest.mark.parametrize(("role", "status"), [("admin", 200), ("analyst", 403), ("customer", 404)])
def test_who_may_act_on_orders(client: Client, role: str, status: int) -> None:
    user = make_user(role)
    client.force_login(user)
    order = make_order(paid=True)

    for url in (
        LIST,
        reverse("orders:console_detail", args=[order.pk]),
        reverse("orders:console_ship", args=[order.pk]),
    ):
        page(client, url, status=status)
    for name in ("ship", "hold", "release", "note"):
        answer = client.post(reverse(f"orders:console_{name}", args=[order.pk]), {"reason": "x", "text": "x"})
        assert answer.status_code in ((302, 422) if status == 200 else (status,))
    refused = AuditRecord.objects.filter(action="access.refused", actor_id=user.pk).count()
    assert refused == (0 if status == 200 else 7)
    assert OrderLine.objects.get(order=order).quantity_fulfilled == 0
