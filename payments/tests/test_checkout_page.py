"""The checkout page: what a shopper sees, what is refused with a sentence, and that nothing typed is lost."""

from typing import Any

import pytest
from django.test import Client

from accounts.tests.factories import make_user
from orders.links import guest_path
from orders.models import Cart, Order
from orders.tests.factories import make_discount, make_shipping_method, make_tax_rate
from payments.models import Payment
from products.models import Product, StockItem, Variant
from products.tests.factories import make_variant
from stripe_simulator import control
from stripe_simulator.models import Resource

pytestmark = pytest.mark.django_db


@pytest.fixture
def variant() -> Variant:
    make_shipping_method(countries=["GB"])
    make_tax_rate()
    return make_variant(price_minor=2000, stock=5)


def fill_bag(client: Client, variant: Variant, quantity: int = 1) -> None:
    client.post("/bag/add/", {"variant": variant.pk, "quantity": quantity})


def form_of(client: Client, **changes: Any) -> dict[str, Any]:
    """Read the hidden fields off the page and fill in the rest."""
    page = client.get("/checkout/").context["page"]
    return {
        "action": "pay",
        "email": "ada@example.com",
        "name": "Ada Field",
        "line1": "1 Mill Lane",
        "line2": "",
        "city": "Leeds",
        "region": "",
        "postcode": "LS1 1AA",
        "country": "GB",
        "phone": "",
        "method": page.priced.method.pk,
        "checkout_key": page.checkout_key,
        "expected_total": page.priced.quote.total_minor,
        **changes,
    }


def test_empty_bag_is_sent_back_to_the_bag(client: Client) -> None:
    assert client.get("/checkout/").headers["Location"] == "/bag/"


def test_page_names_the_exact_amount(client: Client, variant: Variant) -> None:
    fill_bag(client, variant, 2)

    page = client.get("/checkout/")

    assert page.status_code == 200
    assert "Pay £43.50" in page.content.decode()


def test_pay_places_the_order_and_leads_to_the_payment_page(client: Client, variant: Variant) -> None:
    fill_bag(client, variant)

    answer = client.post("/checkout/", form_of(client))

    order = Order.objects.get()
    assert answer.status_code == 303
    assert answer.headers["Location"] == Payment.objects.get(order=order).checkout_url
    assert (order.email, order.total_minor, order.address.city) == ("ada@example.com", 2350, "Leeds")
    assert StockItem.objects.get().reserved == 1


def test_pressing_pay_twice_makes_one_order_and_one_session(client: Client, variant: Variant) -> None:
    fill_bag(client, variant)
    form = form_of(client)

    answers = [client.post("/checkout/", form).headers["Location"] for _ in range(2)]

    assert answers[0] == answers[1]
    assert Order.objects.count() == 1
    assert Resource.objects.filter(kind="checkout.session").count() == 1


def test_second_tab_is_led_to_the_order_that_waits(client: Client, variant: Variant) -> None:
    fill_bag(client, variant)
    first, second = form_of(client), form_of(client)
    client.post("/checkout/", first)

    answer = client.post("/checkout/", second)

    assert Order.objects.count() == 1
    assert answer.headers["Location"] == guest_path(Order.objects.get())
    assert client.get("/checkout/").headers["Location"] == guest_path(Order.objects.get())


def test_whole_journey_to_the_receipt(client: Client, variant: Variant) -> None:
    fill_bag(client, variant)
    client.post("/checkout/", form_of(client))
    payment = Payment.objects.get()
    control.pay(payment.stripe_session_id or "")
    session = Resource.objects.get(kind="checkout.session").data
    success = (
        session["success_url"].replace("{CHECKOUT_SESSION_ID}", session["id"]).removeprefix("http://127.0.0.1:8000")
    )

    answer = client.get(success)

    order = Order.objects.get()
    assert order.status == "paid"
    assert answer.headers["Location"] == guest_path(order)
    assert client.get(answer.headers["Location"]).status_code == 200


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("email", "", "Enter your e-mail address."),
        ("email", "not-an-address", "Enter an e-mail address like name@example.com."),
        ("name", "", "Enter your full name."),
        ("line1", "x" * 161, "Address is longer than 160 characters."),
        ("postcode", "", "Enter your postcode."),
        ("country", "AQ", "We do not deliver to that country yet."),
        ("method", "99999", "That way of delivery does not go to this country. Choose another."),
        ("method", "", "Choose how it should be delivered."),
    ],
)
def test_bad_field_is_refused_with_a_sentence_and_the_rest_is_kept(
    client: Client, variant: Variant, field: str, value: str, sentence: str
) -> None:
    fill_bag(client, variant)

    page = client.post("/checkout/", form_of(client, **{field: value}))

    text = page.content.decode()
    assert page.status_code == 422
    assert sentence in text
    assert "Leeds" in text
    assert Order.objects.count() == 0


@pytest.mark.parametrize("field", ["checkout_key", "expected_total", "method", "email", "phone"])
@pytest.mark.parametrize("value", ["", "-1", "9" * 24, "１", "a\x00b", "x" * 100_000])
def test_unusable_input_is_never_a_crash(client: Client, variant: Variant, field: str, value: str) -> None:
    fill_bag(client, variant)

    page = client.post("/checkout/", form_of(client, **{field: value}))

    assert page.status_code in {303, 400, 422}
    assert Cart.objects.get().lines.count() == 1


def test_changed_price_is_shown_before_it_is_charged(client: Client, variant: Variant) -> None:
    fill_bag(client, variant)
    form = form_of(client)
    Variant.objects.update(price_minor=2500)

    page = client.post("/checkout/", form)

    text = page.content.decode()
    assert page.status_code == 422
    assert "The total has changed from £23.50 to £28.50" in text
    assert "Pay £28.50" in text
    assert 'name="expected_total" value="2850"' in text
    assert Order.objects.count() == 0


def test_product_withdrawn_or_sold_out_meanwhile_is_refused_with_a_sentence(client: Client, variant: Variant) -> None:
    fill_bag(client, variant)
    other = make_variant(price_minor=1000)
    fill_bag(client, other)
    form = form_of(client)
    Product.objects.filter(pk=other.product_id).update(status="archived")

    page = client.post("/checkout/", form)

    assert page.status_code == 422
    assert "no longer sold" in page.content.decode()
    assert Cart.objects.get().lines.count() == 2


def test_country_without_a_rate_of_tax_is_refused(client: Client, variant: Variant) -> None:
    make_shipping_method("Abroad", countries=["IE"])
    fill_bag(client, variant)

    page = client.post("/checkout/", {**form_of(client), "country": "IE", "action": "update"})

    assert page.status_code == 200
    assert "We cannot sell to Ireland yet" in page.content.decode()


def test_another_country_changes_delivery_and_keeps_what_was_typed(client: Client, variant: Variant) -> None:
    make_shipping_method("Abroad", countries=["IE"], price_minor=900)
    make_tax_rate("IE", 2300)
    fill_bag(client, variant)

    page = client.post("/checkout/", {**form_of(client), "country": "IE", "action": "update"})

    text = page.content.decode()
    assert "Pay £29.00" in text
    assert "Ada Field" in text
    assert "Standard" not in text


def test_total_below_what_stripe_takes_is_refused_with_a_sentence(client: Client, variant: Variant) -> None:
    make_shipping_method("Pick-up", price_minor=0, position=0)
    cheap = make_variant(price_minor=20)
    fill_bag(client, cheap)
    form = form_of(client)

    page = client.post("/checkout/", form)

    assert page.status_code == 422
    assert "The smallest card payment is £0.30" in page.content.decode()


def test_free_order_is_confirmed_without_a_payment_page(client: Client, variant: Variant) -> None:
    fill_bag(client, variant)
    client.post("/bag/code/", {"code": make_discount(percent_bps=10_000).code})
    make_shipping_method("Pick-up", price_minor=0, position=0)

    answer = client.post("/checkout/", form_of(client))

    order = Order.objects.get()
    assert (order.total_minor, order.status) == (0, "paid")
    assert answer.headers["Location"] == guest_path(order)


def test_signed_in_shopper_finds_their_address_filled_in_and_owns_the_order(client: Client, variant: Variant) -> None:
    user = make_user(email="ada@example.com")
    client.force_login(user)
    fill_bag(client, variant)

    form = form_of(client, email="other@example.com")
    client.post("/checkout/", form)

    assert Order.objects.get().customer.user == user


def test_payment_page_that_cannot_be_opened_loses_nothing(client: Client, variant: Variant) -> None:
    fill_bag(client, variant)
    form = form_of(client)
    control.fail_next("checkout.sessions.create", "timeout")

    answer = client.post("/checkout/", form, follow=True)

    assert "try again in a minute" in answer.content.decode()
    assert Order.objects.get().status == "pending"
    assert client.post("/checkout/", form).status_code == 303


def test_state_never_changes_by_get_or_without_a_token(variant: Variant) -> None:
    client = Client(enforce_csrf_checks=True)
    assert client.post("/checkout/", {"action": "pay"}).status_code == 403
    for path in ("pay", "cancel"):
        assert client.get(f"/orders/x/y/{path}/").status_code == 405
    assert Order.objects.count() == 0
