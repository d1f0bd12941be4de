"""Signing in and out: where each role lands, what is locked out, and where `next` may lead."""

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from accounts.models import User
from accounts.tests.factories import PASSWORD, make_user
from accounts.tests.letters import letters_to
from core.models import CacheEntry

pytestmark = pytest.mark.django_db
WRONG = "The e-mail address or the password is not right."
LOCKED = "Too many attempts with this address."


def sign_in(client: Client, email: str, password: str = PASSWORD, **more):
    return client.post(reverse("account_login"), {"login": email, "password": password} | more)


@pytest.mark.parametrize(
    ("role", "lands_at"),
    [
        ("customer", "accounts:account"),
        ("analyst", "console:home"),
        ("ops", "console:home"),
        ("admin", "console:home"),
    ],
)
def test_each_role_lands_where_it_works(client, role, lands_at):
    user = make_user(role)

    response = sign_in(client, user.email)

    assert response.url == reverse("accounts:landing")
    assert client.get(response.url).url == reverse(lands_at)


def test_the_address_may_be_spelt_in_capitals(client):
    user = make_user(email="alice@example.com")

    sign_in(client, " Alice@EXAMPLE.com ")

    assert client.session["_auth_user_id"] == str(user.pk)


def test_an_unverified_user_is_sent_a_link_instead(client):
    user = make_user(verified=False)

    response = sign_in(client, user.email)

    assert response.url == reverse("account_email_verification_sent")
    assert "_auth_user_id" not in client.session
    assert [mail.kind for mail in letters_to(user.email)] == ["email_confirmation"]


def test_a_closed_account_is_told_so(client):
    user = make_user(is_active=False)

    response = sign_in(client, user.email)

    assert "_auth_user_id" not in client.session
    assert response.status_code == 200 or response.url == reverse("account_inactive")


def test_a_wrong_password_and_an_unknown_address_answer_alike(client):
    user = make_user()

    wrong = sign_in(client, user.email, "wrong").content.decode()
    unknown = sign_in(client, "nobody@example.com", "wrong").content.decode()

    assert WRONG in wrong
    assert WRONG in unknown


def test_five_wrong_passwords_lock_the_address_out_everywhere_but_not_others(client):
    user, other = make_user(), make_user()
    for _ in range(5):
        assert WRONG in sign_in(Client(REMOTE_ADDR="198.51.100.1"), user.email, "wrong").content.decode()

    response = sign_in(Client(REMOTE_ADDR="203.0.113.9"), user.email, PASSWORD)

    assert LOCKED in response.content.decode()
    sign_in(client, other.email)
    assert client.session["_auth_user_id"] == str(other.pk)


def test_visitors_behind_one_trusted_proxy_do_not_share_its_limit(settings):
    settings.TRUSTED_PROXY_COUNT = 1
    known = make_user()
    for number in range(11):  # the eleventh strike in a minute from one network is refused, whatever it names
        guesser = Client(REMOTE_ADDR="10.0.0.2", headers={"X-Forwarded-For": f"192.0.2.{number}, 203.0.113.7"})
        page = sign_in(guesser, f"guess-{number}@example.com", "wrong").content.decode()
    assert WRONG not in page

    other = Client(REMOTE_ADDR="10.0.0.2", headers={"X-Forwarded-For": "198.51.100.1"})
    sign_in(other, known.email)
    assert other.session["_auth_user_id"] == str(known.pk)


def test_a_right_password_is_no_strike(client):
    user = make_user()
    for _ in range(7):
        fresh = Client()
        sign_in(fresh, user.email)
        assert "_auth_user_id" in fresh.session


def test_the_lock_out_is_kept_where_every_process_sees_it(client):
    sign_in(client, make_user().email, "wrong")

    assert settings.CACHES["default"]["LOCATION"] == CacheEntry._meta.db_table
    assert CacheEntry.objects.filter(cache_key__contains="login_failed").count() == 2  # per address, per network
    assert cache._max_entries == 50_000


@pytest.mark.parametrize(
    "target",
    ["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:alert(1)", "http:///evil.example", ""],
)
def test_next_never_leads_off_the_site(client, target):
    user = make_user()

    response = sign_in(client, user.email, next=target)

    assert response.url == reverse("accounts:landing")
    assert Client().get(reverse("account_login"), {"next": target}).status_code == 200


def test_next_leads_back_to_the_page_that_asked(client):
    user = make_user()
    page = client.get(reverse("accounts:details"))
    assert page.url == f"{reverse('account_login')}?next={reverse('accounts:details')}"

    response = sign_in(client, user.email, next=reverse("accounts:details"))

    assert response.url == reverse("accounts:details")


def test_sign_out_takes_a_post(client):
    user = make_user()
    client.force_login(user)

    page = client.get(reverse("account_logout"))
    assert "Sign out?" in page.content.decode()
    assert client.session["_auth_user_id"] == str(user.pk)
    response = client.post(reverse("account_logout"), {"next": "//evil.example"})

    assert response.url == "/"
    assert "_auth_user_id" not in client.session


def test_sign_in_without_a_token_is_refused():
    user = make_user()
    client = Client(enforce_csrf_checks=True)

    assert sign_in(client, user.email).status_code == 403
    assert "_auth_user_id" not in client.session


def test_a_users_address_is_theirs_whatever_its_case():
    make_user(email="alice@example.com")

    assert User.objects.create_user(" BOB@Example.com ").email == "bob@example.com"
    assert User.objects.get_by_natural_key("ALICE@example.com").email == "alice@example.com"
