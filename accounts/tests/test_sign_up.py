"""Signing up: the mail, the confirmation, and the join to what was ordered before."""

import pytest
from allauth.account.models import EmailAddress
from django.test import Client
from django.urls import reverse

from accounts.models import Customer, User
from accounts.tests.factories import PASSWORD, make_customer, make_user
from accounts.tests.letters import letters_to, link_in
from audit.models import AuditRecord

pytestmark = pytest.mark.django_db
ALICE = "alice@example.com"


def sign_up(client: Client, **values):
    form = {"name": "Alice Archer", "email": ALICE, "password1": PASSWORD} | values
    return client.post(reverse("account_signup"), form)


def test_sign_up_sends_a_link_and_signs_nobody_in(client):
    response = sign_up(client)

    assert (response.status_code, response.url) == (302, reverse("account_email_verification_sent"))
    assert "_auth_user_id" not in client.session
    assert User.objects.get().name == "Alice Archer"
    assert [(mail.kind, mail.recipient) for mail in letters_to(ALICE)] == [("email_confirmation", ALICE)]
    assert Customer.objects.count() == 0


def test_confirming_signs_in_joins_the_customer_and_is_recorded(client):
    buyer = make_customer(ALICE)
    sign_up(client)
    link = link_in(letters_to(ALICE)[0])

    assert client.get(link).status_code == 200
    assert EmailAddress.objects.get().verified is False
    response = client.post(link)

    user = User.objects.get()
    assert (response.status_code, response.url) == (302, reverse("accounts:landing"))
    assert client.session["_auth_user_id"] == str(user.pk)
    buyer.refresh_from_db()
    assert buyer.user == user
    verified = AuditRecord.objects.get(action="email.verified")
    assert (verified.subject_id, verified.actor_role) == (str(user.pk), "customer")


def test_confirming_in_another_browser_joins_but_signs_nobody_in(client):
    sign_up(client)
    other = Client()

    response = other.post(link_in(letters_to(ALICE)[0]))

    assert (response.status_code, response.url) == (302, reverse("account_login"))
    assert "_auth_user_id" not in other.session
    assert Customer.objects.get().user == User.objects.get()


def test_opening_somebody_elses_link_signs_nobody_out(client):
    sign_up(Client())
    bob = make_user()
    client.force_login(bob)

    client.get(link_in(letters_to(ALICE)[0]))

    assert client.session["_auth_user_id"] == str(bob.pk)


def test_a_used_or_forged_link_says_so(client):
    sign_up(client)
    link = link_in(letters_to(ALICE)[0])
    client.post(link)

    for path in (link, reverse("account_confirm_email", args=["MQ:forged:signature"])):
        response = Client().get(path)
        assert response.status_code == 200
        assert "This link no longer works" in response.content.decode()


def test_sign_up_with_a_known_address_answers_alike_and_writes_to_its_owner(client):
    owner = make_user(email=ALICE)
    fresh = sign_up(Client(), email="bob@example.com")

    response = sign_up(client)

    assert (response.status_code, response.url) == (fresh.status_code, fresh.url)
    assert client.get(response.url).content == Client().get(fresh.url).content
    assert [mail.kind for mail in letters_to(ALICE)] == ["account_already_exists"]
    assert User.objects.filter(email=ALICE).get() == owner
    owner.refresh_from_db()
    assert owner.check_password(PASSWORD)


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("email", "not an address", "Enter an e-mail address, such as name@example.com."),
        ("email", "a" * 250 + "@example.com", "An e-mail address has at most 254 characters."),
        ("email", "al\x00ice@example.com", "Null characters are not allowed."),
        ("password1", "short", "This password is too short."),
        ("password1", "password12345", "This password is too common."),
        ("password1", "alice@example.com", "The password is too similar to the e-mail."),
        ("name", "x" * 1_000_000, "Ensure this value has at most 120 characters"),
        ("email", "", "Enter your e-mail address."),
    ],
)
def test_bad_input_is_refused_with_a_sentence(client, field, value, sentence):
    response = sign_up(client, **{field: value})

    if response.status_code == 400:  # a NUL is turned away at the door
        assert "\x00" in value
    else:
        assert response.status_code == 200
        assert sentence in response.content.decode()
    assert User.objects.count() == 0


def test_markup_in_a_name_is_shown_as_text(client):
    user = make_user(name="<script>alert(1)</script>")
    client.force_login(user)

    page = client.get(reverse("accounts:account")).content.decode()

    assert "<script>alert(1)</script>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_too_many_sign_ups_from_one_network_are_told_to_wait(client):
    for _ in range(20):
        assert sign_up(client, email="nonsense").status_code == 200

    response = sign_up(client, email="nonsense")

    assert response.status_code == 429
    assert "That was too often" in response.content.decode()
    assert sign_up(Client(REMOTE_ADDR="203.0.113.9"), email="nonsense").status_code == 200
