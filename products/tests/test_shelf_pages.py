import re
from datetime import timedelta

import pytest
from django.utils import timezone

from products.models import Product, StockItem
from products.tests.factories import make_category, make_product

pytestmark = pytest.mark.django_db


def cards(response) -> list[str]:
    return [card.name for card in response.context["shelf"].cards]


def text_of(response) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


@pytest.fixture
def shop():
    """Five products, newest first: Toner, Serum, Cream, Balm, Wash."""
    cleansers, care = make_category("Cleansers", position=1), make_category("Care", position=2)
    night = make_category("Night", parent=care, position=3)
    now = timezone.now()
    rows = [
        ("Wash", cleansers, ["sensitive"], 800, 5),
        ("Balm", cleansers, ["dry", "barrier"], 1500, 0),
        ("Cream", night, ["dry"], 2500, 5),
        ("Serum", care, [], 3500, 5),
        ("Toner", care, ["sensitive", "dry"], 1200, 5),
    ]
    for age, (name, category, concerns, price, stock) in enumerate(reversed(rows)):
        make_product(
            name,
            category=category,
            concerns=concerns,
            variants=[{"price_minor": price, "stock": stock}],
            publish_at=now - timedelta(days=age + 1),
        )
    return {"cleansers": cleansers, "care": care, "night": night}


def test_the_listing_shows_newest_first_and_what_is_sold_out_last(client, shop):
    response = client.get("/shop/")

    assert cards(response) == ["Toner", "Serum", "Cream", "Wash", "Balm"]
    assert '<p role="status"><strong>5</strong> products</p>' in response.content.decode()


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("sort=price-up", ["Wash", "Toner", "Balm", "Cream", "Serum"]),
        ("sort=price-down", ["Serum", "Cream", "Balm", "Toner", "Wash"]),
        ("sort=name", ["Balm", "Cream", "Serum", "Toner", "Wash"]),
        ("sort=newest", ["Toner", "Serum", "Cream", "Balm", "Wash"]),
        ("category=cleansers", ["Wash", "Balm"]),
        ("category=care", ["Toner", "Serum", "Cream"]),
        ("category=night&category=cleansers", ["Cream", "Wash", "Balm"]),
        ("concern=dry", ["Toner", "Cream", "Balm"]),
        ("concern=barrier&concern=sensitive", ["Toner", "Wash", "Balm"]),
        ("price_from=12&price_to=25", ["Toner", "Cream", "Balm"]),
        ("price_to=£8.00", ["Wash"]),
        ("in_stock=on&category=cleansers", ["Wash"]),
        ("category=care&concern=sensitive&price_to=20&in_stock=on&sort=name", ["Toner"]),
    ],
)
def test_the_listing_is_narrowed_and_sorted_by_the_query_string(client, shop, query, names):
    response = client.get(f"/shop/?{query}")

    assert cards(response) == names
    assert response.context["shelf"].counts.total == len(names)


def test_a_count_says_what_another_choice_in_the_same_facet_would_leave(client, shop):
    counts = client.get("/shop/?category=cleansers&concern=dry").context["shelf"].counts

    assert counts.total == 1
    assert counts.categories == {"cleansers": 1, "care": 2, "night": 1}
    assert counts.concerns == {"sensitive": 1, "dry": 1, "barrier": 1}
    assert counts.in_stock == 0


def test_a_category_holds_the_products_of_its_children(client, shop):
    response = client.get("/shop/care/")

    assert cards(response) == ["Toner", "Serum", "Cream"]
    assert "<h1>Care</h1>" in response.content.decode()
    assert response.context["chips"] == []


def test_each_chip_leads_to_the_shelf_without_it(client, shop):
    response = client.get("/shop/?category=care&concern=dry&price_from=10&price_to=30.50&in_stock=on&sort=name")

    assert [(chip["label"], chip["url"]) for chip in response.context["chips"]] == [
        ("Care", "/shop/?concern=dry&price_from=10.00&price_to=30.50&in_stock=on&sort=name"),
        ("Dry skin", "/shop/?category=care&price_from=10.00&price_to=30.50&in_stock=on&sort=name"),
        ("From £10.00", "/shop/?category=care&concern=dry&price_to=30.50&in_stock=on&sort=name"),
        ("Up to £30.50", "/shop/?category=care&concern=dry&price_from=10.00&in_stock=on&sort=name"),
        ("In stock", "/shop/?category=care&concern=dry&price_from=10.00&price_to=30.50&sort=name"),
    ]
    assert response.context["clear_url"] == "/shop/?sort=name"


def test_a_search_finds_by_words_and_keeps_them_in_its_filters(client, shop):
    response = client.get("/search/?q=Crèam&concern=dry")

    assert cards(response) == ["Cream"]
    assert '<input type="hidden" name="q" value="Crèam">' in response.content.decode()
    assert response.context["chips"] == [{"label": "Dry skin", "url": "/search/?q=Cr%C3%A8am"}]


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("/search/?q=xyzzy", "Nothing found"),
        ("/search/", "What are you looking for?"),
        ("/search/?q=%25%25", "What are you looking for?"),
        ("/shop/?price_to=1", "Nothing fits all of these filters"),
    ],
)
def test_an_empty_shelf_says_why_and_suggests(client, shop, address, sentence):
    response = client.get(address)

    assert response.status_code == 200
    assert sentence in text_of(response)
    assert [card.name for card in response.context["suggestions"]] == ["Toner", "Serum", "Cream", "Wash"]


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("sort=x", "There is no such order of products."),
        ("sort=-price_minor", "There is no such order of products."),
        ("category=nowhere", "There is no such category."),
        ("concern=warts", "There is no such skin concern."),
        ("price_from=-1", "A price cannot be less than zero."),
        ("price_from=ten", "“ten” is not an amount. Write it like 12.50."),
        ("price_to=1.234", "GBP has 2 decimal places; “1.234” has more."),
        ("price_to=1e9", "is not an amount"),
        ("price_to=NaN", "is not an amount"),
        ("price_from=%EF%BC%91", "is not an amount"),
        ("price_from=" + "9" * 24, "A price has at most 12 characters."),
        ("price_from=30&price_to=10", "The lowest price is above the highest."),
    ],
)
def test_what_the_address_says_wrongly_is_left_out_and_explained(client, shop, query, sentence):
    response = client.get(f"/shop/?{query}&in_stock=1")

    assert response.status_code == 200
    assert sentence in text_of(response)
    assert cards(response)[:1] != []
    assert "Balm" not in cards(response)


@pytest.mark.parametrize("asked", ["-1", "0", "abc", "", "1e3", "９", "999999999999999999999999"])
def test_any_page_number_is_answered_with_a_page(client, asked):
    for number in range(26):
        make_product(f"Cream {number:02d}")

    response = client.get(f"/shop/?sort=name&page={asked}")

    assert (response.status_code, cards(response)[0]) == (200, "Cream 00")


def test_the_pages_of_a_shelf_link_to_each_other_and_lose_nothing(client):
    for number in range(50):
        make_product(f"Cream {number:02d}")

    pages = [client.get(f"/shop/?sort=name&page={number}") for number in (1, 2, 3, 4)]

    names = [cards(page) for page in pages]
    assert [len(page) for page in names] == [24, 24, 2, 2]
    assert [*names[0], *names[1], *names[2]] == [f"Cream {number:02d}" for number in range(50)]
    assert re.findall(r'<link rel="(\w+)" href="(\?[^"]+)">', pages[1].content.decode()) == [
        ("prev", "?sort=name&amp;page=1"),
        ("next", "?sort=name&amp;page=3"),
    ]
    assert re.findall(r'<a rel="(\w+)"', pages[1].content.decode()) == ["prev", "next"]


def test_a_query_of_a_megabyte_is_refused_with_a_sentence(client, shop):
    response = client.get("/search/", {"q": "a" * 1_048_576})

    assert response.status_code == 200
    assert "Search for at most 100 characters." in text_of(response)
    assert (response.context["search_query"], response.context["title"]) == ("", "Search")


@pytest.mark.parametrize("address", ["/search/?q=%00", "/shop/?category=%00", "/shop/?sort=%00&price_from=%00"])
def test_a_nul_is_never_an_error_of_the_server(client, shop, address):
    assert client.get(address).status_code in (200, 400)


@pytest.mark.parametrize(
    "change",
    [
        {"status": Product.Status.DRAFT},
        {"status": Product.Status.ARCHIVED},
        {"publish_at": timezone.now() + timedelta(days=1)},
    ],
)
def test_what_is_not_on_sale_is_on_no_shelf(client, change):
    make_product("Cream", **change)

    assert cards(client.get("/shop/")) == []
    assert cards(client.get("/search/?q=cream")) == []


@pytest.mark.parametrize("variant", [{"is_active": False}, {"currency": "USD"}])
def test_a_product_without_a_variant_on_sale_is_on_no_shelf(client, variant):
    make_product("Cream", variants=[variant])

    assert cards(client.get("/shop/")) == []


def test_a_card_shows_the_lowest_price_and_whether_there_are_others(client):
    product = make_product(
        "Cream",
        variants=[
            {"price_minor": 2600},
            {"price_minor": 1600, "compare_at_minor": 2000},
            {"price_minor": 100, "is_active": False},
        ],
        images=2,
    )
    StockItem.objects.filter(variant__product=product).update(reserved=5)

    (card,) = client.get("/shop/").context["shelf"].cards

    assert (card.price_minor, card.was_minor, card.from_price) == (1600, 2000, True)
    assert (card.sold_out, card.badge, card.image.alt) == (True, "Reduced", "A photograph of Cream")


@pytest.mark.parametrize(
    ("address", "canonical", "robots"),
    [
        ("/shop/", "/shop/", ""),
        ("/shop/cleansers/", "/shop/cleansers/", ""),
        ("/shop/?concern=dry", "/shop/", "noindex, follow"),
        ("/shop/?sort=name", "/shop/", "noindex, follow"),
        ("/search/?q=cream", "/search/", "noindex, follow"),
    ],
)
def test_only_whole_shelves_are_for_search_engines(client, shop, address, canonical, robots):
    meta = client.get(address).context["meta"]

    assert (meta["canonical"], meta["robots"]) == (f"http://127.0.0.1:8000{canonical}", robots)


def test_an_unknown_category_is_not_found_and_suggests(client, shop):
    response = client.get("/shop/nowhere/")

    assert response.status_code == 404
    assert "There is no such shelf" in text_of(response)
    assert len(response.context["cards"]) == 4


@pytest.mark.parametrize("address", ["/", "/shop/", "/shop/cleansers/", "/search/?q=a", "/products/wash/"])
def test_shop_pages_are_read_only_and_kept_by_no_shared_cache(client, shop, address):
    response = client.get(address)

    assert (response.status_code, response["Cache-Control"]) == (200, "private, no-cache")
    assert client.post(address).status_code == 405
    assert client.head(address).status_code == 200


def test_the_home_page_shows_the_newest_products_and_three_concerns(client, shop):
    response = client.get("/")

    assert [card.name for card in response.context["cards"]] == ["Toner", "Serum", "Cream", "Wash", "Balm"]
    content = response.content.decode()
    assert re.findall(r'href="/shop/\?concern=(\w+)"', content) == ["sensitive", "dry", "barrier"]


def test_an_empty_shop_still_has_all_its_pages(client):
    assert [client.get(address).status_code for address in ("/", "/shop/", "/search/?q=a")] == [200, 200, 200]
