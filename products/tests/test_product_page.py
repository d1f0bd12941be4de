import json
import re

import pytest

from core.models import StoreSetting
from products.models import Product, StockItem
from products.tests.factories import make_category, make_image, make_product, make_variant

pytestmark = pytest.mark.django_db
MARKUP = "</script><b onmouseover='x()'>Cream & \"Co\""


def structured(response) -> list[dict]:
    (block,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', response.content.decode(), re.DOTALL)
    return json.loads(block)


def radios(response) -> list[tuple[str, bool, bool]]:
    """Each radio button as (value, is checked, is disabled)."""
    found = re.findall(r'<input type="radio" name="variant" value="(\d+)"([^>]*)>', response.content.decode())
    return [(value, " checked" in rest, " disabled" in rest) for value, rest in found]


def test_variants_are_radio_buttons_with_price_and_stock(client):
    product = make_product("Cream", variants=())
    gone = make_variant(product, name="30 ml", stock=0, position=0)
    few = make_variant(product, name="50 ml", stock=3, position=1, price_minor=2600, compare_at_minor=3000)
    many = make_variant(product, name="100 ml", stock=50, position=2)
    make_variant(product, name="old", is_active=False)

    response = client.get("/products/cream/")

    assert radios(response) == [(str(gone.pk), False, True), (str(few.pk), True, False), (str(many.pk), False, False)]
    options = response.context["options"]
    assert [(option["label"], option["stock"]) for option in options] == [
        ("30 ml", "Sold out"),
        ("50 ml", "Only 3 left"),
        ("100 ml", "In stock"),
    ]
    assert '<form class="form" id="buy" method="post" action="/bag/add/"' in response.content.decode()


@pytest.mark.parametrize(
    ("on_hand", "reserved", "cap", "text"),
    [
        (6, 0, 0, "In stock"),
        (5, 0, 0, "Only 5 left"),
        (5, 4, 0, "Only 1 left"),
        (5, 5, 0, "Sold out"),
        (0, 0, 3, "On back order, sent when it arrives"),
    ],
)
def test_the_stock_line_says_what_can_still_be_promised(client, on_hand, reserved, cap, text):
    product = make_product("Cream", variants=[{"stock": on_hand}])
    StockItem.objects.filter(variant__product=product).update(backorder_cap=cap, reserved=reserved)

    response = client.get("/products/cream/")

    assert response.context["page"].offers[0].stock_text == text
    assert text in response.content.decode()


def test_low_is_what_the_store_settings_say(client):
    StoreSetting.objects.create(low_stock_threshold=2)
    make_product("Cream", variants=[{"stock": 3}])

    assert client.get("/products/cream/").context["page"].offers[0].stock_text == "In stock"


def test_a_plain_product_needs_no_choice(client):
    product = make_product("Cream")

    content = client.get("/products/cream/").content.decode()

    assert f'<input type="hidden" name="variant" value="{product.variants.get().pk}">' in content
    assert 'type="radio" name="variant"' not in content


def test_a_sold_out_product_keeps_its_page_without_a_way_to_buy(client):
    make_product("Cream", variants=[{"stock": 0}, {"stock": 0}])

    response = client.get("/products/cream/")

    content = response.content.decode()
    assert [disabled for _, _, disabled in radios(response)] == [True, True]
    assert "Add to bag" not in content
    assert structured(response)[0]["offers"][0]["availability"] == "https://schema.org/OutOfStock"


def test_nobody_is_offered_more_than_there_is(client):
    make_product("Cream", variants=[{"stock": 3}, {"stock": 7}])
    make_product("Oil", variants=[{"stock": None}])

    assert client.get("/products/cream/").context["page"].most_at_once == 7
    assert client.get("/products/oil/").context["page"].most_at_once == 99


def test_photographs_stand_in_their_order_whatever_they_say(client):
    product = make_product("Cream", variants=[{}, {}])
    odd = 'Two lines\nand a "quote",\u2028a separator and a \\ backslash'
    make_image(product, position=2, alt="last")
    make_image(product, position=0, alt=odd, widths=[960, 480])
    make_image(product, position=1, alt="second")

    pictures = client.get("/products/cream/").context["page"].pictures

    assert [picture.alt for picture in pictures] == [odd, "second", "last"]
    assert pictures[0].webp_srcset == "/media/products/cream-480.webp 480w, /media/products/cream-960.webp 960w"


def test_a_product_without_photographs_has_a_page(client):
    make_product("Cream")

    assert client.get("/products/cream/").context["page"].pictures == []


def test_structured_data_names_product_offers_and_trail(client):
    category = make_category("Care")
    make_product(
        "Cream",
        category=category,
        seo_description="Soft.",
        images=1,
        variants=[{"sku": "A", "name": "50 ml", "price_minor": 1999}],
    )

    product, trail = structured(client.get("/products/cream/"))

    assert (product["@type"], product["name"], product["description"]) == ("Product", "Cream", "Soft.")
    assert product["image"] == ["http://127.0.0.1:8000/media/products/cream-960.webp"]
    assert product["offers"] == [
        {
            "@type": "Offer",
            "name": "50 ml",
            "sku": "A",
            "url": "http://127.0.0.1:8000/products/cream/",
            "price": "19.99",
            "priceCurrency": "GBP",
            "availability": "https://schema.org/LimitedAvailability",
            "itemCondition": "https://schema.org/NewCondition",
        }
    ]
    assert [item["name"] for item in trail["itemListElement"]] == ["Home", "Shop", "Care", "Cream"]


def test_markup_in_a_name_stays_text_everywhere(client):
    category = make_category(MARKUP, slug="care")
    for slug in ("cream", "other"):
        make_product(
            MARKUP,
            slug=slug,
            category=category,
            summary=MARKUP,
            description=MARKUP,
            seo_title=MARKUP,
            images=1,
            variants=[{"name": MARKUP}, {"name": MARKUP}],
        )

    pages = [client.get(address) for address in ("/", "/shop/", "/shop/care/", "/products/cream/")]
    pages.append(client.get("/search/", {"q": MARKUP}))

    for page in pages:
        content = page.content.decode()
        assert "</script><b" not in content
        assert "<b " not in content
        assert "&lt;/script&gt;&lt;b" in content
    assert structured(pages[3])[0]["name"] == MARKUP


def test_related_products_come_from_the_same_shelf_then_the_same_concern(client):
    care, sun = make_category("Care"), make_category("Sun")
    make_product("Cream", category=care, concerns=["dry"])
    make_product("Elsewhere", category=sun, concerns=["barrier"])
    make_product("Same concern", category=sun, concerns=["dry"])
    make_product("Same shelf", category=care)
    make_product("Sold out", category=care, variants=[{"stock": 0}])

    page = client.get("/products/cream/").context["page"]

    assert [card.name for card in page.related] == ["Same shelf", "Same concern", "Sold out"]


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (Product.Status.ARCHIVED, "Cream is no longer sold"),
        (Product.Status.DRAFT, "We cannot find this product"),
    ],
)
def test_a_withdrawn_product_is_not_found_and_others_are_suggested(client, status, sentence):
    make_product("Cream", status=status)
    make_product("Oil")

    response = client.get("/products/cream/")

    assert response.status_code == 404
    assert f"<h1>{sentence}</h1>" in response.content.decode()
    assert [card.name for card in response.context["cards"]] == ["Oil"]
    assert '<meta name="robots" content="noindex">' in response.content.decode()


@pytest.mark.parametrize("slug", ["nothing", "a" * 2000, "%00", "..%2f..%2fetc"])
def test_an_address_that_was_never_a_product_is_not_found(client, slug):
    assert client.get(f"/products/{slug}/").status_code in (400, 404)
