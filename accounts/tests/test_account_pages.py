"""The account page and the address book."""

import pytest
from django.urls import reverse

from accounts.forms import MAX_ADDRESSES
from accounts.models import Address
from accounts.tests.factories import make_address, make_user

pytestmark = pytest.mark.django_db
FORM = {"name": "Alice Archer", "line1": "1 Green Lane", "city": "Leeds", "postcode": "LS1 4AP", "country": "GB"}


@pytest.fixture
def alice(client):
    user = make_user()
    client.force_login(user)
    return user


def test_account_shows_ones_own_addresses_and_nobody_elses(client, alice):
    make_address(alice.customer, line1="1 Green Lane")
    make_address(make_user().customer, line1="2 Hidden Road")

    page = client.get(reverse("accounts:account")).content.decode()

    assert alice.email in page
    assert "1 Green Lane" in page
    assert "2 Hidden Road" not in page


def test_account_costs_the_same_whatever_the_address_book_holds(client, alice, django_assert_max_num_queries):
    make_address(alice.customer)
    with django_assert_max_num_queries(6) as one:
        client.get(reverse("accounts:account"))
    for _ in range(10):
        make_address(alice.customer)
    with django_assert_max_num_queries(len(one)):
        client.get(reverse("accounts:account"))


def test_details_change_the_name(client, alice):
    response = client.post(reverse("accounts:details"), {"name": "Alice Baker", "email": "evil@example.com"})

    alice.refresh_from_db()
    assert response.url == reverse("accounts:account")
    assert (alice.name, alice.email != "evil@example.com") == ("Alice Baker", True)


def test_an_address_is_added_changed_and_deleted(client, alice):
    client.post(reverse("accounts:address_create"), FORM)
    address = Address.objects.get()
    assert (address.customer, address.lines) == (
        alice.customer,
        ["Alice Archer", "1 Green Lane", "Leeds LS1 4AP", "United Kingdom"],
    )

    client.post(reverse("accounts:address_edit", args=[address.pk]), FORM | {"line1": "3 Green Lane"})
    address.refresh_from_db()
    assert address.line1 == "3 Green Lane"

    client.post(reverse("accounts:address_delete", args=[address.pk]))
    assert Address.objects.count() == 0


@pytest.mark.parametrize("act", ["address_edit", "address_delete"])
def test_somebody_elses_address_does_not_exist(client, alice, act):
    address = make_address(make_user().customer)

    response = client.post(reverse(f"accounts:{act}", args=[address.pk]), FORM | {"line1": "3 Evil Road"})

    address.refresh_from_db()
    assert (response.status_code, address.line1) == (404, "1 Green Lane")


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("line1", "", "Enter the first line of the address."),
        ("line1", "x" * 1_000_000, "Ensure this value has at most 160 characters"),
        ("country", "ZZ", "Select a valid choice."),
        ("postcode", "1" * 21, "Ensure this value has at most 20 characters"),
    ],
)
def test_a_bad_address_is_refused_and_the_rest_kept(client, alice, field, value, sentence):
    response = client.post(reverse("accounts:address_create"), FORM | {field: value})

    page = response.content.decode()
    assert response.status_code == 200
    assert sentence in page
    assert "Leeds" in page
    assert Address.objects.count() == 0


def test_the_address_book_has_a_limit(client, alice):
    for _ in range(MAX_ADDRESSES):
        make_address(alice.customer)

    response = client.post(reverse("accounts:address_create"), FORM)

    assert f"You can keep {MAX_ADDRESSES} addresses." in response.content.decode()
    assert Address.objects.count() == MAX_ADDRESSES


@pytest.mark.parametrize(
    ("wanted", "leads_to"), [("/bag/", "/bag/"), ("//evil.example", None), ("https://evil.example", None)]
)
def test_next_after_adding_an_address_stays_on_the_site(client, alice, wanted, leads_to):
    response = client.post(reverse("accounts:address_create"), FORM | {"next": wanted})

    assert response.url == (leads_to or reverse("accounts:account"))


def test_address_delete_takes_a_post(client, alice):
    address = make_address(alice.customer)

    assert client.get(reverse("accounts:address_delete", args=[address.pk])).status_code == 405
    assert Address.objects.count() == 1
