"""Who a buyer is, and when a login is joined to one."""

import threading

import pytest
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts.customers import customer_for, join
from accounts.models import Customer, canonical_email
from accounts.tests.factories import make_customer, make_user

EMAILS = st.emails()
SPACES = st.text(" \t\n", max_size=3)


@settings(deadline=None)
@given(EMAILS, SPACES, SPACES)
def test_one_address_has_one_spelling(email, before, after):
    canonical = canonical_email(email)

    assert canonical_email(canonical) == canonical
    for spelling in (email.upper(), email.lower(), email.swapcase(), before + email + after):
        assert canonical_email(spelling) == canonical


def test_two_domains_that_case_folding_would_merge_stay_two():
    assert canonical_email("info@straße.de") != canonical_email("info@strasse.de")


@pytest.mark.django_db
def test_a_buyer_is_one_however_they_spell_their_address():
    first = customer_for(email="Charlie@Example.com", name="Charlie Clay")

    assert customer_for(email=" charlie@example.COM ") == first
    assert (first.email_canonical, first.name, first.user) == ("charlie@example.com", "Charlie Clay", None)
    assert Customer.objects.count() == 1


@pytest.mark.django_db
def test_a_users_own_customer_wins_over_the_address_they_type():
    alice = make_user()

    assert customer_for(email="present-for@example.com", user=alice) == alice.customer
    assert Customer.objects.count() == 1


@pytest.mark.django_db
def test_a_missing_name_is_filled_in_but_never_for_somebody_who_signs_in():
    guest = make_customer(name="")
    alice = make_user(name="")

    assert customer_for(email=guest.email_canonical, name="Charlie Clay").name == "Charlie Clay"
    assert customer_for(email=guest.email_canonical, name="Mallory").name == "Charlie Clay"
    assert customer_for(email=alice.email, name="Mallory").name == ""


@pytest.mark.django_db
def test_join_waits_for_the_address_to_be_verified():
    user = make_user(verified=False)
    buyer = make_customer(user.email)

    assert join(user) is None
    buyer.refresh_from_db()
    assert buyer.user is None


@pytest.mark.django_db
def test_join_is_safe_to_repeat():
    user = make_user(verified=False)
    user.emailaddress_set.update(verified=True)
    buyer = make_customer(user.email)

    assert join(user) == buyer
    assert join(user) == buyer
    assert Customer.objects.count() == 1


@pytest.mark.django_db
def test_join_never_takes_somebody_elses_customer():
    owner = make_user(email="alice@example.com")
    owner.email = "alice@elsewhere.example"
    owner.save()
    owner.emailaddress_set.update(email=owner.email)
    later = make_user(email="alice@example.com")

    assert join(later) is None
    assert Customer.objects.get().user == owner


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_the_same_buyer_at_the_same_moment_is_made_once():
    barrier, found = threading.Barrier(8), []

    def order() -> None:
        try:
            barrier.wait()
            found.append(customer_for(email="charlie@example.com").pk)
        finally:
            connection.close()

    threads = [threading.Thread(target=order) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found == [Customer.objects.get().pk] * 8
