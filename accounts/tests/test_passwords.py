"""Resetting and changing a password."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Customer
from accounts.tests.factories import PASSWORD, make_user
from accounts.tests.letters import letters_to, link_in
from audit.models import AuditRecord

pytestmark = pytest.mark.django_db
NEW = "a quite different secret"


def ask_for_reset(client: Client, email: str):
    return client.post(reverse("account_reset_password"), {"email": email})


def set_by_link(client: Client, link: str, password: str):
    form = client.get(link, follow=True)
    return client.post(form.request["PATH_INFO"], {"password1": password})


def test_reset_by_the_mailed_link(client):
    user = make_user()

    ask_for_reset(client, user.email)
    response = set_by_link(client, link_in(letters_to(user.email)[0]), NEW)

    user.refresh_from_db()
    assert response.url == reverse("account_reset_password_from_key_done")
    assert user.check_password(NEW)
    assert [mail.kind for mail in letters_to(user.email)] == ["password_reset", "password_changed"]
    assert AuditRecord.objects.get(action="password.set").subject_id == str(user.pk)


def test_the_link_works_once(client):
    user = make_user()
    ask_for_reset(client, user.email)
    link = link_in(letters_to(user.email)[0])
    set_by_link(client, link, NEW)

    page = Client().get(link, follow=True).content.decode()

    assert "This link no longer works" in page


def test_a_forged_link_changes_nothing(client):
    user = make_user()
    for key in ("abc-123", "set-password", "x" * 300):
        path = reverse("account_reset_password_from_key", kwargs={"uidb36": "1", "key": key})
        assert "This link no longer works" in client.get(path).content.decode()
        assert "This link no longer works" in client.post(path, {"password1": NEW}).content.decode()

    user.refresh_from_db()
    assert user.check_password(PASSWORD)


def test_a_weak_new_password_is_refused(client):
    user = make_user()
    ask_for_reset(client, user.email)

    response = set_by_link(client, link_in(letters_to(user.email)[0]), "12345678901")

    assert "This password is entirely numeric." in response.content.decode()
    user.refresh_from_db()
    assert user.check_password(PASSWORD)


def test_reset_answers_alike_for_known_and_unknown_addresses(client):
    user = make_user()

    known = ask_for_reset(client, user.email)
    unknown = ask_for_reset(client, "nobody@example.com")

    assert (known.status_code, known.url) == (unknown.status_code, unknown.url)
    assert [mail.kind for mail in letters_to("nobody@example.com")] == ["unknown_account"]


def test_an_address_longer_than_any_column_is_refused(client):
    response = ask_for_reset(client, "a" * 60 + "@" + "b." * 100 + "example.com")

    assert "An e-mail address has at most 254 characters." in response.content.decode()


def test_opening_a_reset_link_signs_nobody_else_out(client):
    alice, bob = make_user(), make_user()
    ask_for_reset(Client(), alice.email)
    client.force_login(bob)

    client.get(link_in(letters_to(alice.email)[0]), follow=True)

    assert client.session["_auth_user_id"] == str(bob.pk)


def test_reset_lifts_the_lock_out(client):
    user = make_user()
    for _ in range(6):
        client.post(reverse("account_login"), {"login": user.email, "password": "wrong"})
    ask_for_reset(client, user.email)
    set_by_link(client, link_in(letters_to(user.email)[0]), NEW)

    fresh = Client(REMOTE_ADDR="203.0.113.9")
    fresh.post(reverse("account_login"), {"login": user.email, "password": NEW})

    assert fresh.session["_auth_user_id"] == str(user.pk)


def test_an_unverified_user_who_resets_has_proved_the_address_at_their_next_sign_in(client):
    user = make_user(verified=False)
    ask_for_reset(client, user.email)
    set_by_link(client, link_in(letters_to(user.email)[0]), NEW)

    client.post(reverse("account_login"), {"login": user.email, "password": NEW})
    link = next(link_in(mail) for mail in letters_to(user.email) if mail.kind == "email_confirmation")
    client.post(link)

    assert Customer.objects.get(user=user).email_canonical == user.email


def test_change_needs_the_present_password_and_keeps_the_session(client):
    user = make_user()
    client.force_login(user)
    path = reverse("account_change_password")

    wrong = client.post(path, {"oldpassword": "wrong", "password1": NEW})
    assert "That is not your present password." in wrong.content.decode()
    right = client.post(path, {"oldpassword": PASSWORD, "password1": NEW})

    user.refresh_from_db()
    assert right.status_code == 302
    assert user.check_password(NEW)
    assert client.get(reverse("accounts:account")).status_code == 200
    assert [mail.kind for mail in letters_to(user.email)] == ["password_changed"]


def test_change_without_any_password_leads_to_the_reset(client):
    user = make_user()
    user.set_unusable_password()
    user.save()
    client.force_login(user)

    assert client.get(reverse("account_change_password")).url == reverse("account_reset_password")
