"""The hearts and the wishlist's page as shoppers and visitors use them."""

from urllib.parse import urlencode

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from accounts.tests.factories import PASSWORD, make_customer, make_user
from core.tests.rendering import Elements
from orders.models import CartLine
from products.models import Product, Variant
from products.tests.factories import make_product, make_variant
from wishlist.models import Wish, WishEvent
from wishlist.sign_in import MOST_KEPT
from wishlist.tests.factories import make_wish

pytestmark = pytest.mark.django_db
LIST, WISH, UNWISH = "/account/wishlist/", "/account/wishlist/add/", "/account/wishlist/remove/"


@pytest.fixture
def alice(client):
    user = make_user()
    client.force_login(user)
    return user.customer


def said(response) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


def heart_buttons(html: str) -> list[dict[str, str]]:
    return [button for button in Elements(html).all("button") if "aria-pressed" in button and is_heart(button)]


def is_heart(button: dict[str, str]) -> bool:
    """The buttons for light and dark can be pressed as well."""
    return button.get("class") == "icon-button" or button.get("formaction") in (WISH, UNWISH)


def hearts(html: str) -> list[str]:
    """Whether each heart of a page is pressed."""
    return [button["aria-pressed"] for button in heart_buttons(html)]


def sign_in(client, user, **where):
    form = {"login": user.email, "password": PASSWORD}
    return client.post(f"{reverse('account_login')}?{urlencode(where)}", form)


def test_pressing_the_heart_leads_back_to_it(client, alice):
    serum = make_product("Serum")

    answer = client.post(WISH, {"product": serum.pk, "next": f"/shop/?sort=name#product-{serum.pk}"})

    assert (answer.status_code, answer.url) == (302, f"/shop/?sort=name#product-{serum.pk}")
    assert said(answer) == ["Serum is on your wishlist."]
    assert Wish.objects.values_list("customer", "product").get() == (alice.pk, serum.pk)


def test_pressing_it_again_takes_the_product_off(client, alice):
    serum = make_product("Serum")
    make_wish(alice, serum)

    answer = client.post(UNWISH, {"product": serum.pk, "next": "/shop/"})

    assert (answer.url, said(answer)) == ("/shop/", ["Serum is off your wishlist."])
    assert not Wish.objects.exists()


@pytest.mark.parametrize("address", [WISH, UNWISH])
def test_nobody_is_led_to_another_site(client, alice, address):
    answer = client.post(address, {"product": make_product().pk, "next": "//evil.example/"})

    assert answer.url in ("/shop/", LIST)


@pytest.mark.parametrize("address", ["/", "/shop/", "/search/?q=serum", "/products/serum/"])
def test_hearts_show_what_is_wished_for(client, alice, address):
    serum, other = make_product("Serum"), make_product("Other serum")
    unpressed = hearts(client.get(address).content.decode())
    make_wish(alice, serum)
    make_wish(make_customer(), other)

    pressed = hearts(client.get(address).content.decode())

    assert set(unpressed) == {"false"}
    assert pressed.count("true") == 1


def test_the_heart_of_a_product_page_takes_the_chosen_version_with_it(client, alice):
    serum = make_product("Serum", variants=[{"name": "Small"}, {"name": "Large"}])
    (heart,) = heart_buttons(client.get("/products/serum/").content.decode())
    large = Variant.objects.get(name="Large")

    answer = client.post(
        heart["formaction"],
        {"product": serum.pk, "variant": large.pk, "quantity": 2, heart["name"]: heart["value"]},
    )

    assert answer.url == "/products/serum/"
    assert Wish.objects.values_list("product", "variant").get() == (serum.pk, large.pk)


@pytest.mark.parametrize("typed", ["", "x", "-1", "1.5", "9" * 40, "１", "1 OR 1=1"])
@pytest.mark.parametrize("field", ["product", "variant"])
def test_nonsense_is_refused_with_a_sentence(client, alice, typed, field):
    if field == "variant" and not typed:
        return
    answer = client.post(WISH, {"product": make_product().pk, field: typed})

    assert (answer.status_code, said(answer)) == (302, ["Choose a product first."])
    assert not WishEvent.objects.exists()


def test_nonsense_takes_nothing_off(client, alice):
    make_wish(alice, make_product())

    answer = client.post(UNWISH, {"product": "x"})

    assert (answer.url, said(answer)) == (LIST, ["Choose a product first."])
    assert Wish.objects.exists()


def test_a_product_that_left_the_shop_meanwhile(client, alice):
    serum = make_product()
    Product.objects.update(status=Product.Status.ARCHIVED)

    answer = client.post(WISH, {"product": serum.pk})

    assert (answer.url, said(answer)) == ("/shop/", ["That product is no longer sold."])


@pytest.mark.parametrize("address", [WISH, UNWISH])
def test_a_get_changes_nothing(client, alice, address):
    assert client.get(address, {"product": make_product().pk}).status_code == 405
    assert not WishEvent.objects.exists()


@pytest.mark.parametrize("address", [WISH, UNWISH])
def test_a_post_needs_its_token(address):
    user, serum = make_user(), make_product()
    make_wish(user.customer, serum)
    client = Client(enforce_csrf_checks=True)
    client.force_login(user)

    assert client.post(address, {"product": serum.pk}).status_code == 403
    assert WishEvent.objects.count() == 1


def test_anothers_wish_stays(client, alice):
    serum = make_product()
    make_wish(make_customer(), serum)

    client.post(UNWISH, {"product": serum.pk})

    assert Wish.objects.count() == 1
    assert "Your wishlist is empty" in client.get(LIST).content.decode()


def test_somebody_whose_address_is_not_verified_has_no_list(client):
    client.force_login(make_user(verified=False))

    answer = client.post(WISH, {"product": make_product().pk})

    assert said(answer) == ["Confirm your e-mail address first; then you can keep a wishlist."]
    assert not Wish.objects.exists()


def test_a_visitors_wish_waits_until_they_sign_in(client):
    serum, user = make_product("Serum"), make_user()

    answer = client.post(WISH, {"product": serum.pk, "next": "/products/serum/"})
    assert answer.url == f"{reverse('account_login')}?next=%2Fproducts%2Fserum%2F"
    assert "Sign in, and Serum is on your wishlist." in client.get(answer.url).content.decode()
    assert not Wish.objects.exists()

    answer = sign_in(client, user, next="/products/serum/")

    assert answer.url == "/products/serum/"
    assert Wish.objects.values_list("customer", "product").get() == (user.customer.pk, serum.pk)
    assert hearts(client.get("/products/serum/").content.decode()) == ["true"]


def test_what_waited_is_wished_for_once(client):
    serum, user = make_product(), make_user()
    make_wish(user.customer, serum)
    client.post(WISH, {"product": serum.pk})

    sign_in(client, user)
    client.post(reverse("account_logout"))
    client.post(UNWISH, {"product": serum.pk})
    sign_in(client, user)

    assert WishEvent.objects.count() == 1


def test_a_sign_in_outlives_wishes_that_cannot_be_kept(client):
    first, *others = [make_product() for _ in range(MOST_KEPT + 1)]
    for product in (first, *others):
        client.post(WISH, {"product": product.pk})
    Product.objects.filter(pk=others[0].pk).update(status=Product.Status.ARCHIVED)

    answer = sign_in(client, make_user())

    assert answer.status_code == 302
    assert set(Wish.objects.values_list("product", flat=True)) == {product.pk for product in others[1:]}


def test_a_visitor_cannot_wish_for_what_is_not_sold(client):
    draft = make_product(status=Product.Status.DRAFT)

    assert said(client.post(WISH, {"product": draft.pk})) == ["That product is no longer sold."]
    assert "wishes" not in client.session


def test_the_list_tells_what_each_costs_and_whether_it_can_be_had(client, alice):
    many = make_product("Cream", variants=[{"stock": 3}, {"price_minor": 1500}])
    last = make_product("Serum", variants=[{"stock": 2, "price_minor": 6500, "compare_at_minor": 8400}])
    gone = make_product("Toner", variants=[{"stock": 0}])
    for product in (many, last, gone):
        make_wish(alice, product)
    old = make_product("Old balm")
    make_wish(alice, old)
    Product.objects.filter(pk=old.pk).update(status=Product.Status.ARCHIVED)

    answer = client.get(LIST)

    rows = [(row.name, row.stock_text if row.card else "gone") for row in answer.context["rows"]]
    assert rows == [
        ("Old balm", "gone"),
        ("Toner", "Sold out"),
        ("Serum", "Only 2 left"),
        ("Cream", "2 versions to choose from"),
    ]
    html = answer.content.decode()
    assert "£65.00" in html
    assert "£84.00" in html
    assert "No longer sold" in html
    sold = [field["value"] for field in Elements(html).all("input") if field.get("name") == "variant"]
    assert sold == [str(last.variants.get().pk)]


def test_the_version_that_was_chosen_is_what_goes_into_the_bag(client, alice):
    cream = make_product("Cream", variants=[{"name": "Small"}])
    large = make_variant(cream, name="Large", stock=4)
    make_wish(alice, cream, variant_id=large.pk)

    row = client.get(LIST).context["rows"][0]
    assert (row.offer.variant, row.stock_text) == (large, "Large · Only 4 left")
    client.post(reverse("orders:bag_add"), {"variant": row.offer.variant.pk, "next": LIST})

    assert CartLine.objects.get().variant == large


def test_a_version_that_left_the_shop_leaves_the_others(client, alice):
    cream = make_product("Cream", variants=[{"name": "Small"}])
    large = make_variant(cream, name="Large", stock=None)
    make_wish(alice, cream, variant_id=large.pk)
    Variant.objects.filter(pk=large.pk).update(is_active=False)

    assert client.get(LIST).context["rows"][0].offer.variant.name == "Small"


def test_taking_off_can_be_undone(client, alice):
    serum = make_product("Serum")
    make_wish(alice, serum)

    page = client.post(UNWISH, {"product": serum.pk}, follow=True)
    undo = page.context["undo"]
    assert undo["text"] == "Serum is off your wishlist."
    client.post(undo["url"], {field["name"]: field["value"] for field in undo["fields"]})

    assert [row.name for row in client.get(LIST).context["rows"]] == ["Serum"]
    assert list(WishEvent.objects.order_by("pk").values_list("kind", flat=True)) == ["wish", "unwish", "wish"]


@pytest.mark.parametrize("removed", ["x", "-1", "9" * 40, "1"])
def test_nothing_is_offered_back_that_is_not_there(client, alice, removed):
    answer = client.get(LIST, {"removed": removed})

    assert (answer.status_code, answer.context["undo"]) == (200, None)


@pytest.mark.parametrize(("asked", "shown"), [("1", 24), ("2", 1), ("99", 1), ("-1", 24), ("x", 24)])
def test_a_long_list_has_pages(client, alice, asked, shown):
    for _ in range(25):
        make_wish(alice, make_product())

    assert len(client.get(LIST, {"page": asked}).context["rows"]) == shown


def test_the_list_costs_the_same_however_long_it_is(client, alice, django_assert_num_queries):
    def look():
        with django_assert_num_queries(9):
            assert client.get(LIST).status_code == 200

    for _ in range(2):
        make_wish(alice, make_product(images=2))
    look()
    for number in range(20):
        product = make_product(images=2, variants=[{"stock": number}, {"stock": None}])
        make_wish(alice, product)
    look()


def test_a_visitor_without_an_account_costs_no_query_for_the_hearts(client, django_assert_num_queries):
    make_product()

    with django_assert_num_queries(4):
        assert hearts(client.get("/shop/").content.decode()) == ["false"]


def test_the_list_belongs_to_whoever_is_signed_in(client):
    answer = client.get(LIST)

    assert answer.url == f"{reverse('account_login')}?next=/account/wishlist/"


def test_account_and_header_lead_to_it(client, alice):
    links = [link.get("href") for link in Elements(client.get("/account/").content.decode()).all("a")]

    assert links.count(LIST) == 2
