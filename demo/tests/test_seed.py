"""`seed_demo`: a shop with its past, four logins, and nothing changed by a second run."""

import io
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.urls import reverse

from accounts.models import User
from core.models import StoreSetting
from core.uploads import A_YEAR, cache_control
from demo.catalogue import load_products
from demo.logins import address, demo_password, make_logins
from demo.seeding import Plan, seed_demo
from history.models import ImportedRecord
from history.tests.checks import assert_consistent
from mail.models import OutgoingMail
from orders.models import DiscountCode, Order, OrderEvent, OrderLine, SalesEntry, ShippingMethod, TaxRate
from orders.tests.factories import make_order
from payments.models import Payment
from products.models import Category, Product, ProductImage, StockItem, StockMovement, Variant

pytestmark = pytest.mark.django_db
TABLES = (
    Category, DiscountCode, ImportedRecord, Order, OrderEvent, OrderLine, Payment, Product, ProductImage, SalesEntry,
    ShippingMethod, StockItem, StockMovement, TaxRate, User, Variant,
)  # fmt: skip
PRODUCTS = load_products()


def run(**options):
    out = io.StringIO()
    call_command("seed_demo", stdout=out, **options)
    return out.getvalue()


def counts():
    return {model.__name__: model.objects.count() for model in TABLES}


@pytest.fixture
def seeded():
    return seed_demo(orders=60, seed=3)


def test_a_second_run_notices_and_changes_nothing():
    first = run(orders=60, seed=3)
    before = counts()
    files = {path: path.stat().st_mtime_ns for path in Path(settings.MEDIA_ROOT).rglob("*.avif")}
    assert "60 order" in first
    assert "Nothing was changed" in run(orders=60, seed=3)
    assert "The demo is there already: 60 orders" in run()
    assert counts() == before
    assert {path: path.stat().st_mtime_ns for path in Path(settings.MEDIA_ROOT).rglob("*.avif")} == files


def test_the_shop_is_filled(seeded):
    made = {model.__name__: model.objects.count() for model in (Product, Category, ProductImage, Variant)}
    assert made == {"Product": 24, "Category": 6, "ProductImage": 48, "Variant": 42}
    assert Order.objects.count() == 60
    assert StoreSetting.objects.get().seller_name == "PureLaka Ltd"
    assert set(DiscountCode.objects.values_list("code", flat=True)) >= {"WELCOME10", "SPRING15", "THANKS5"}
    assert OutgoingMail.objects.count() == 0
    assert_consistent()


def test_stock_ends_as_the_catalogue_says(seeded):
    ends = {v.sku: v.ends_at for product in PRODUCTS for v in product.variants if v.ends_at is not None}
    on_hand = StockItem.objects.filter(variant__sku__in=ends).values_list("variant__sku", "on_hand")
    assert dict(on_hand) == ends
    assert not StockMovement.objects.filter(reason="opening correction").exists()


def test_photographs_are_served_and_may_be_kept_for_good(seeded, client):
    image = ProductImage.objects.select_related("product").first()
    for width in image.widths:
        for kind in ("avif", "webp"):
            path = Path(settings.MEDIA_ROOT) / f"{image.stem}-{width}.{kind}"
            assert path.stat().st_size > 0
            assert cache_control(path) == A_YEAR
    page = client.get(image.product.get_absolute_url())
    assert f"{image.stem}-960.webp" in page.content.decode()


def test_the_shop_lists_what_was_seeded(seeded, client):
    for category in Category.objects.all():
        page = client.get(category.get_absolute_url()).content.decode()
        for product in category.products.all():
            assert product.get_absolute_url() in page


@pytest.mark.parametrize("role", ["customer", "analyst", "ops", "admin"])
def test_every_login_signs_in_with_the_printed_password(seeded, client, role):
    printed = {login.role: login for login in seeded.logins}[role]
    assert printed.password == demo_password()
    form = {"login": printed.email, "password": printed.password}
    answer = client.post(reverse("account_login"), form)
    assert answer.status_code == 302
    assert client.session["_auth_user_id"] == str(User.objects.get(email=f"{role}@purelaka.test").pk)
    assert User.objects.get(email=printed.email).role == role


def test_the_customer_has_orders_on_their_account(client):
    seed_demo(orders=300, seed=3)
    user = User.objects.get(email=address("customer"))
    own = Order.objects.owned_by(user)
    assert 5 <= own.count() <= 9
    client.force_login(user)
    page = client.get(reverse("orders:list")).content.decode()
    assert own.first().number in page


def test_a_changed_password_is_not_printed(seeded):
    user = User.objects.get(email=address("ops"))
    user.set_password("something else")
    user.save()
    assert [login.password == "" for login in make_logins()] == [False, False, True, False]
    assert "(the password is no longer the demo's)" in run()


def test_the_password_is_of_this_installation(settings):
    before = demo_password()
    settings.SECRET_KEY = "another"
    assert demo_password() != before
    assert len(before) == 14


def test_a_run_that_was_cut_short_goes_on(monkeypatch):
    def stop(_outcome, _lines):
        raise KeyboardInterrupt

    monkeypatch.setattr("history.importing.batch_size", lambda: 100)
    with pytest.raises(KeyboardInterrupt):
        seed_demo(orders=60, seed=3, progress=stop)
    begun = Plan.kept("seed")
    made = Order.objects.count()
    assert 0 < made < 60
    done = seed_demo(orders=60, seed=3)
    assert (done.plan, done.outcome.bad, Order.objects.count()) == (begun, [], 60)
    assert done.outcome.new["order"] == 60 - made


def test_the_same_seed_at_the_same_moment_is_the_same_trade(seeded):
    again = Plan(3, 60, seeded.plan.now)
    assert list(again.lines()) == list(seeded.plan.lines())
    assert list(Plan(4, 60, seeded.plan.now).lines()) != list(seeded.plan.lines())


def test_real_orders_are_never_mixed_with_invented_ones():
    make_order()
    with pytest.raises(CommandError, match="holds orders that are not the demo's"):
        run(orders=60)
    assert not ImportedRecord.objects.exists()


def test_orders_placed_in_the_demo_do_not_stop_a_second_run(seeded):
    make_order()
    assert "Nothing was changed" in run()


@pytest.mark.parametrize("other", [{"seed": 4}, {"orders": 61}])
def test_another_demo_needs_another_database(seeded, other):
    with pytest.raises(CommandError, match="holds the demo of seed 3 with 60 orders"):
        run(**other)


@pytest.mark.parametrize("how", [{"SETTINGS_MODULE": "purelaka.settings_prod"}, {"STRIPE_SECRET_KEY": "sk_live_x"}])
def test_a_shop_that_takes_payments_refuses(settings, how):
    settings.PAYMENTS_USE_STRIPE = True
    for name, value in how.items():
        setattr(settings, name, value)
    with pytest.raises(CommandError, match="takes payments through Stripe"):
        run(orders=60)
    assert not Product.objects.exists()


def test_a_shop_in_another_currency_refuses(settings):
    settings.STORE_CURRENCY = "EUR"
    with pytest.raises(CommandError, match="priced in GBP, and this shop sells in EUR"):
        run(orders=60)


@pytest.mark.parametrize("wrong", [{"orders": 0}, {"orders": -5}, {"orders": 1_000_001}, {"seed": -1}])
def test_nonsense_is_a_sentence(wrong):
    with pytest.raises(CommandError, match=r"The (number of orders lies between|seed is a whole number)"):
        run(**wrong)
