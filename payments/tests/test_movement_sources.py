"""The console's page of a variant says in words what each movement came from, and begins and ends its counting."""

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.tests.factories import make_user
from orders.tests.factories import line_of, make_order
from payments.models import RefundLine
from payments.refunding import RefundChoice, request_refund
from payments.tests.factories import make_paid
from products import stock
from products.models import StockItem, StockMovement, Variant
from products.movement_sources import Source, sources_of
from products.tests.factories import make_variant

pytestmark = pytest.mark.django_db


@pytest.fixture
def ops(client: Client) -> Client:
    user = make_user("ops")
    client.force_login(user)
    client.user = user
    return client


def address(variant: Variant) -> str:
    return reverse("products:console_stock_item", args=[variant.pk])


def count(client: Client, variant: Variant, value: str) -> str:
    url = reverse("products:console_stock_tracking", args=[variant.pk])
    return client.post(url, {"count": value}, follow=True).content.decode()


def test_sales_and_refunds_name_their_order_and_link_to_it(ops: Client) -> None:
    variant = make_variant(stock=9)
    order, _ = make_paid(lines={variant: 2})
    choice = RefundChoice(units={line_of(order).pk: 1}, restock=RefundLine.Restock.RETURNED, reason="Came back")
    request_refund(order.pk, choice=choice, actor=ops.user, request_key="k" * 20)
    stock.receive(variant.pk, quantity=3, source_type="delivery", source_id="D-7")

    html = ops.get(address(variant)).content.decode()

    page = reverse("orders:console_detail", args=[order.pk])
    assert f'<a href="{page}">Order {order.number}</a>' in html
    assert f'<a href="{page}">Refund of order {order.number}</a>' in html
    assert "Delivery D-7" in html
    assert "Opening count" in html
    assert "order_line" not in html


@pytest.mark.parametrize(
    ("source_type", "source_id", "text"),
    [
        ("console", "k" * 20, ""),
        ("history", "abc", "Imported history"),
        ("order_line", "999999", "Order line 999999"),
        ("refund_line", "x", "Refund line x"),
        ("stock_take", "7", "Stock take 7"),
    ],
)
def test_a_source_that_leads_nowhere_is_words_alone(source_type: str, source_id: str, text: str) -> None:
    variant = make_variant(stock=None)
    stock.receive(variant.pk, quantity=1, source_type=source_type, source_id=source_id)
    movement = StockMovement.objects.get()

    assert sources_of(variant, [movement]) == {movement.pk: Source(text)}


def test_sources_cost_the_same_however_many_there_are(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    variant = make_variant(stock=30)
    for _ in range(5):
        make_order({variant: 1}, paid=True)
    movements = list(StockMovement.objects.all())

    with django_assert_num_queries(1):  # nothing was refunded, so that is not asked
        assert len(sources_of(variant, movements)) == 6


def test_counting_ends_and_begins_with_what_unpaid_orders_hold(ops: Client) -> None:
    variant = make_variant(stock=5)

    assert "is not counted any more" in count(ops, variant, "off")
    make_order({variant: 2})
    assert "is counted from now on" in count(ops, variant, "on")

    item = StockItem.objects.get()
    assert (item.tracked, item.on_hand, item.reserved) == (True, 5, 2)


def test_counting_is_refused_in_a_sentence_where_orders_hold_more(ops: Client) -> None:
    variant = make_variant(stock=None)
    make_order({variant: 2})

    assert "Unpaid orders hold 2 of this variant, and there are only 0." in count(ops, variant, "on")
    assert not StockItem.objects.filter(tracked=True).exists()
