"""Order pages: whose they are, what they say in each state, the invoice, and the receipt."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.tests.factories import make_user
from core.models import NumberSeries, StoreSetting
from mail.models import OutgoingMail
from orders.fulfilment import ship
from orders.invoices import issue_invoice
from orders.lifecycle import cancel_unpaid, expire
from orders.links import guest_path, guest_signature, guest_url
from orders.models import Invoice, Order
from orders.tests.factories import line_of, make_cart, make_order, pay, place
from products.tests.factories import make_product, make_variant

pytestmark = pytest.mark.django_db
TODAY = timezone.now()


def page(client: Client, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200
    return response.content.decode()


def signed_in(client: Client) -> object:
    user = make_user()
    client.force_login(user)
    return user


def test_the_owner_sees_their_orders_newest_first_and_nobody_elses(client: Client) -> None:
    user = signed_in(client)
    mine = [place(make_cart(), user=user, now=TODAY - timedelta(days=days)) for days in (2, 1)]
    other = make_order()

    shown = page(client, reverse("orders:list"))

    assert shown.index(mine[1].number) < shown.index(mine[0].number)
    assert other.number not in shown


@pytest.mark.parametrize("query", ["?page=-1", "?page=x", "?page=99999999999999999999", "?sort=x"])
def test_a_page_that_does_not_exist_shows_one_that_does(client: Client, query: str) -> None:
    order = place(make_cart(), user=signed_in(client))

    assert order.number in page(client, reverse("orders:list") + query)


def test_the_list_costs_the_same_whatever_its_length(
    client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    user = signed_in(client)
    for _ in range(25):
        place(make_cart(), user=user)

    with django_assert_max_num_queries(8):
        page(client, reverse("orders:list"))


def test_an_empty_list_says_what_will_appear(client: Client) -> None:
    signed_in(client)

    assert "No orders yet" in page(client, reverse("orders:list"))


def test_another_shoppers_order_does_not_exist(client: Client) -> None:
    order = place(make_cart(), user=make_user(), email="alice@example.com")
    signed_in(client)

    assert [
        client.get(url).status_code
        for url in (order.get_absolute_url(), reverse("orders:invoice", args=[order.public_id]))
    ] == [404, 404]


def test_a_visitor_is_asked_to_sign_in_for_an_order(client: Client) -> None:
    response = client.get(make_order().get_absolute_url())

    assert response.status_code == 302
    assert response["Location"].startswith(reverse("account_login"))


def test_a_guest_sees_the_order_by_its_signed_address_only(client: Client) -> None:
    order, other = make_order(), make_order()
    tampered = [
        reverse("orders:guest", args=[order.public_id, guest_signature(other)]),
        reverse("orders:guest", args=[other.public_id, guest_signature(order)]),
        reverse("orders:guest", args=[order.public_id, guest_signature(order)[:-1] + "x"]),
        reverse("orders:guest", args=[order.public_id, "é" * 20]),
        reverse("orders:guest", args=["unknown", guest_signature(order)]),
        reverse("orders:guest_invoice", args=[order.public_id, guest_signature(other)]),
    ]

    assert order.number in page(client, guest_path(order))
    assert {client.get(url).status_code for url in tampered} == {404}


def test_a_pending_order_is_honest_and_offers_to_pay(client: Client) -> None:
    shown = page(client, guest_path(make_order()))

    assert "This order has not been paid yet" in shown
    assert "Pay £13.50" in shown
    assert "Payment received" not in shown


def test_a_payment_that_the_bank_still_works_on_offers_nothing_to_press(client: Client) -> None:
    order = make_order()
    order.payments.create(amount_minor=1350, currency="GBP", status="processing")

    shown = page(client, guest_path(order))

    assert "Your bank is still working on it" in shown
    assert "Pay £13.50" not in shown


def test_a_paid_order_says_what_happens_next_and_shows_its_payment(client: Client) -> None:
    order = make_order({make_variant(make_product("Night Cream", variants=())): 2}, paid=True)
    order.payments.create(
        amount_minor=2350,
        captured_minor=2350,
        currency="GBP",
        status="succeeded",
        disposition="applied",
        card_brand="visa",
        card_last4="4242",
    )

    shown = page(client, guest_path(order))

    assert "Thank you, it is paid" in shown
    assert "Visa ending 4242" in shown
    assert "Night Cream" in shown
    assert "Pay £" not in shown


def test_a_refund_is_shown_beside_the_status(client: Client) -> None:
    order = make_order(paid=True)
    payment = order.payments.create(amount_minor=1350, captured_minor=1350, currency="GBP", status="succeeded")
    payment.refunds.create(amount_minor=350, currency="GBP", status="succeeded", refunded_at=TODAY)
    Order.objects.update(refunded_minor=350)

    shown = page(client, guest_path(order))

    assert "£3.50 back to you" in shown
    assert "Part refunded" in shown


def test_an_expired_order_says_that_nothing_was_charged(client: Client) -> None:
    order = make_order()
    expire(order.pk, now=order.expires_at + timedelta(seconds=1))

    shown = page(client, guest_path(order))

    assert "This order was canceled" in shown
    assert "it was not paid in time. Nothing was charged" in shown


def test_a_canceled_order_leads_back_to_the_bag(client: Client) -> None:
    order = make_order()
    cancel_unpaid(order.pk, reason="shopper")

    assert "Back to your bag" in page(client, guest_path(order))


def test_a_parcel_shows_its_tracking_number(client: Client) -> None:
    order = make_order(paid=True)
    ship(order.pk, carrier="Royal Mail", tracking="RM123")

    shown = page(client, guest_path(order))

    assert "tracking number" in shown
    assert "RM123" in shown
    assert "It has been sent" in shown
    assert "Part of your order has been sent" not in shown


def test_the_invoice_is_printed_for_owner_and_guest_with_the_seller_as_it_was(client: Client) -> None:
    StoreSetting.objects.create(seller_name="PureLaka Ltd", vat_number="GB123")
    user = make_user()
    order = pay(place(make_cart({make_variant(price_minor=1000): 2}), user=user))
    StoreSetting.objects.update(seller_name="Somebody Else")
    client.force_login(user)

    for url in (
        reverse("orders:invoice", args=[order.public_id]),
        reverse("orders:guest_invoice", args=[order.public_id, guest_signature(order)]),
    ):
        shown = page(client, url)
        assert "Invoice INV-000001" in shown
        assert "PureLaka Ltd" in shown
        assert "GB123" in shown
        assert "£3.91" in shown  # of £23.50 at 20 %: 3.33 on the goods, 0.58 on delivery


def test_an_unpaid_order_has_no_invoice(client: Client) -> None:
    order = make_order()
    url = reverse("orders:guest_invoice", args=[order.public_id, guest_signature(order)])

    assert client.get(url).status_code == 404


def test_numbers_of_invoices_follow_each_other_and_one_order_has_one() -> None:
    orders = [make_order(paid=True) for _ in range(3)]

    assert list(Invoice.objects.order_by("number").values_list("order", "number")) == [
        (order.pk, number) for number, order in enumerate(orders, start=1)
    ]
    assert NumberSeries.objects.get(name="invoice").last == 3


def test_a_number_is_given_back_when_the_sale_is_rolled_back() -> None:
    first, second = make_order(paid=True), make_order()

    with pytest.raises(IntegrityError), transaction.atomic():
        issue_invoice(first, list(first.lines.all()), at=TODAY)  # it has one
    pay(second)

    assert sorted(Invoice.objects.values_list("number", flat=True)) == [1, 2]


def test_the_receipt_holds_lines_sums_tax_and_the_signed_address() -> None:
    cream = make_variant(make_product("Night Cream", variants=()), price_minor=1500, name="50 ml")
    order = make_order({cream: 3}, paid=True, email="alice@example.com")

    mail = OutgoingMail.objects.get(kind="order_receipt")

    assert mail.subject == f"Your receipt for order {order.number}"
    for body in (mail.text_body, mail.html_body):
        assert "Night Cream" in body
        assert all(amount in body for amount in ("£45.00", "£3.50", "£48.50", "£8.08"))
        assert guest_url(order) in body
        assert "INV-000001" in body


def test_a_name_with_markup_is_text_in_the_receipt_and_on_the_page(client: Client) -> None:
    variant = make_variant(make_product("<script>x</script>", slug="x", variants=()))
    order = make_order({variant: 1}, paid=True)

    mail = OutgoingMail.objects.get(kind="order_receipt")

    assert "<script>x" not in mail.html_body
    assert "<script>x" in mail.text_body
    assert "<script>x" not in page(client, guest_path(order))
    assert line_of(order).name == "<script>x</script>"


@pytest.mark.parametrize("name", ["list", "detail", "guest", "invoice", "guest_invoice"])
def test_order_pages_take_no_post(client: Client, name: str) -> None:
    order = pay(place(make_cart(), user=signed_in(client)))
    arguments = {"list": [], "detail": [order.public_id], "invoice": [order.public_id]}
    url = reverse(f"orders:{name}", args=arguments.get(name, [order.public_id, guest_signature(order)]))

    assert client.post(url).status_code == 405
