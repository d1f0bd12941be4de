"""Stock and catalogue in the console: what runs out first, counts that change with a reason, prices, and status."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.tests.factories import make_user
from audit.models import AuditRecord
from products.models import PriceChange, Product, StockItem, StockMovement, Variant
from products.stock import reserve
from products.tests.factories import make_product, make_variant

pytestmark = pytest.mark.django_db
STOCK, PRODUCTS = "/console/stock/", "/console/products/"
KEY = "k" * 20


@pytest.fixture
def ops(client: Client) -> Client:
    user = make_user("ops", name="Priya Raman")
    client.force_login(user)
    client.user = user
    return client


def html_of(response: Any) -> str:
    assert response.status_code in (200, 422)
    return response.content.decode()


def move(client: Client, variant: Variant, **fields: str) -> str:
    sent = {"kind": "received", "units": "1", "reason": "Delivery", "key": KEY} | fields
    return html_of(client.post(reverse("products:console_stock_item", args=[variant.pk]), sent, follow=True))


def post(client: Client, name: str, pk: int, **fields: str) -> str:
    return html_of(client.post(reverse(f"products:console_{name}", args=[pk]), fields, follow=True))


def test_what_runs_out_first_is_at_the_top(ops: Client) -> None:
    many, few, none = (make_variant(sku=f"V-{units}", stock=units) for units in (90, 2, 0))
    archived = make_variant(make_product(status="archived", variants=()), sku="V-OLD", stock=0)

    html = html_of(ops.get(STOCK))

    assert [html.index(f">{variant.sku}<") for variant in (none, few, many, archived)] == sorted(
        html.index(f">{variant.sku}<") for variant in (none, few, many, archived)
    )
    assert [f'data-status="{state}"' in html for state in ("out", "low", "in")] == [True] * 3


def test_stock_is_found_by_sku_product_and_state(ops: Client) -> None:
    make_variant(make_product("Night Cream", variants=()), sku="NC-50", stock=50)
    make_variant(make_product("Day Oil", variants=()), sku="DO-30", stock=1)

    def shown(**query: str) -> list[bool]:
        html = html_of(ops.get(STOCK, query))
        return [sku in html for sku in ("NC-50", "DO-30")]

    assert shown() == [True, True]
    assert shown(q="nc-") == [True, False]
    assert shown(q="day oil") == [False, True]
    assert shown(show="low") == [False, True]
    assert shown(show="out") == [False, False]
    assert shown(show="x", page="x") == [True, True]
    assert shown(q="%") == [False, False]


def test_reserved_units_are_not_available(ops: Client) -> None:
    variant = make_variant(stock=5)
    reserve({variant.pk: 2})

    html = html_of(ops.get(reverse("products:console_stock_item", args=[variant.pk])))

    assert [f'<p class="stat-value">{n}</p>' in html for n in (5, 2, 3)] == [True] * 3


@pytest.mark.parametrize(
    ("fields", "on_hand", "kind", "action"),
    [
        ({"kind": "received", "units": "7"}, 12, "received", "stock.received"),
        ({"kind": "adjusted", "units": "-3"}, 2, "adjusted", "stock.adjusted"),
        ({"kind": "adjusted", "units": "2"}, 7, "adjusted", "stock.adjusted"),
        ({"kind": "damaged", "units": "1"}, 4, "damaged", "stock.damaged"),
    ],
)
def test_a_count_changes_once_with_its_reason(
    ops: Client, fields: dict[str, str], on_hand: int, kind: str, action: str
) -> None:
    variant = make_variant(stock=5)

    for _ in range(2):
        html = move(ops, variant, **fields)

    assert "Delivery" in html
    assert "Priya Raman" in html
    assert StockItem.objects.get(variant=variant).on_hand == on_hand
    assert StockMovement.objects.filter(source_type="console", kind=kind).count() == 1
    act = AuditRecord.objects.get(action=action)
    assert (act.actor_id, act.outcome, act.changes) == (ops.user.pk, "done", {"delta": on_hand - 5})


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"units": "0"}, "Enter how many units, not 0."),
        ({"units": "-1"}, "Enter the number of units without a minus."),
        ({"units": "１"}, "Enter a whole number in figures, such as 2."),
        ({"units": "1" + "0" * 23}, "Enter 1,000,000 or fewer."),
        ({"units": ""}, "Units: This field is required."),
        ({"reason": " "}, "Reason: This field is required."),
        ({"kind": "stolen"}, "Select a valid choice."),
        ({"key": "x"}, "Enter a valid value."),
        ({"kind": "damaged", "units": "6"}, "are left."),
    ],
)
def test_a_count_that_cannot_be_is_refused_in_words(ops: Client, fields: dict[str, str], sentence: str) -> None:
    variant = make_variant(stock=5)

    assert sentence in move(ops, variant, **fields)
    assert StockItem.objects.get(variant=variant).on_hand == 5


def test_units_that_unpaid_orders_hold_cannot_be_written_off(ops: Client) -> None:
    variant = make_variant(stock=5)
    reserve({variant.pk: 4})

    assert "Only 1 of" in move(ops, variant, kind="damaged", units="2")


def test_goods_of_an_uncounted_variant_begin_its_count(ops: Client) -> None:
    variant = make_variant(stock=None)

    move(ops, variant, units="3")

    assert StockItem.objects.get(variant=variant).on_hand == 3


def test_a_price_is_changed_and_kept(ops: Client) -> None:
    variant = make_variant(price_minor=1000)

    html = post(ops, "variant_price", variant.pk, price="£12.50")

    assert f"The price of {variant.sku} is saved." in html
    assert PriceChange.objects.values_list("old_minor", "new_minor", "actor_id").get() == (1000, 1250, ops.user.pk)
    assert AuditRecord.objects.get(action="price.changed").changes == {"old_minor": 1000, "new_minor": 1250}


@pytest.mark.parametrize(
    ("price", "sentence"),
    [
        ("", "This field is required."),
        ("-1", "A price is at least zero"),
        ("1.234", "GBP has 2 decimal places"),
        ("12,50", "is not an amount"),
        ("１２", "is not an amount"),
        ("1" + "0" * 23, "is not an amount"),
        ("1000000", "A price is at least zero and at most"),
    ],
)
def test_a_price_that_cannot_be_charged_is_refused_in_words(ops: Client, price: str, sentence: str) -> None:
    variant = make_variant(price_minor=1000)

    html = post(ops, "variant_price", variant.pk, price=price)

    assert sentence in html
    assert Variant.objects.get(pk=variant.pk).price_minor == 1000


def test_a_product_is_taken_off_sale_and_put_back(ops: Client) -> None:
    product = make_product("Night Cream")
    url = reverse("products:console_product_status", args=[product.pk])

    assert "Night Cream is now archived." in html_of(ops.post(url, {"status": "archived"}, follow=True))
    ops.post(url, {"status": "archived"})
    assert "Night Cream is now active." in html_of(ops.post(url, {"status": "active"}, follow=True))
    assert "Choose one of the statuses" in html_of(ops.post(url, {"status": "gone"}, follow=True))

    acts = AuditRecord.objects.filter(action="product.status").order_by("pk").values_list("outcome", "changes")
    assert list(acts) == [
        ("done", {"status": ["active", "archived"]}),
        ("done", {"status": ["archived", "active"]}),
        ("refused", {}),
    ]


def test_a_product_without_a_variant_is_not_put_on_sale(ops: Client) -> None:
    product = make_product("Empty Box", variants=(), status="draft")

    html = post(ops, "product_status", product.pk, status="active")

    assert "Empty Box has no variant on sale, so there is nothing to sell." in html
    assert Product.objects.get().status == "draft"


def test_products_are_found_by_name_sku_and_status(ops: Client) -> None:
    make_product("Night Cream", variants=[{"sku": "NC-50"}])
    make_product("Day Oil", status="draft")

    def shown(**query: str) -> list[bool]:
        html = html_of(ops.get(PRODUCTS, query))
        return [f">{name}</a>" in html for name in ("Night Cream", "Day Oil")]

    assert shown() == [True, True]
    assert shown(q="nc-50") == [True, False]
    assert shown(q="day") == [False, True]
    assert shown(status="draft") == [False, True]
    assert shown(status="x", page="0") == [True, True]


def test_the_lists_cost_the_same_however_long_they_are(
    ops: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(55):
        make_variant(stock=3)

    for url in (STOCK, PRODUCTS):
        with django_assert_max_num_queries(12):
            ops.get(url)
        assert "51–55 of 55" in html_of(ops.get(url, {"page": 2}))


@pytest.mark.parametrize(("role", "status"), [("analyst", 403), ("customer", 404)])
def test_who_may_not_touch_stock_and_catalogue(client: Client, role: str, status: int) -> None:
    user = make_user(role)
    client.force_login(user)
    variant = make_variant(stock=5)

    answers = [
        client.get(STOCK),
        client.post(reverse("products:console_stock_item", args=[variant.pk]), {"units": "1"}),
        client.get(PRODUCTS),
        client.get(reverse("products:console_product", args=[variant.product_id])),
        client.post(reverse("products:console_product_status", args=[variant.product_id]), {"status": "archived"}),
        client.post(reverse("products:console_variant_price", args=[variant.pk]), {"price": "1"}),
    ]

    assert [answer.status_code for answer in answers] == [status] * 6
    assert AuditRecord.objects.filter(action="access.refused", actor_id=user.pk).count() == 6
