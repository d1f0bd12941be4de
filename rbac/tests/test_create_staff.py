"""`create_staff`: the first administrator, from the command line."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from accounts.models import User
from accounts.tests.factories import PASSWORD, make_user
from accounts.tests.letters import letters_to, link_in
from audit.models import AuditRecord

pytestmark = pytest.mark.django_db
ADA = "ada@example.com"


def create_staff(email: str, role: str) -> str:
    out = StringIO()
    call_command("create_staff", email, "--role", role, stdout=out)
    return out.getvalue()


def test_the_first_administrator_sets_a_password_by_the_printed_link_and_signs_in(client):
    printed = create_staff(" Ada@Example.com ", "admin")

    (mail,) = letters_to(ADA)
    path = link_in(mail)
    assert path in printed
    form = client.get(path, follow=True)
    client.post(form.request["PATH_INFO"], {"password1": PASSWORD})
    client.post(reverse("account_login"), {"login": ADA, "password": PASSWORD})
    assert client.get(reverse("rbac:people")).status_code == 200
    assert AuditRecord.objects.get(action="role.assigned").changes == {"role": ["customer", "admin"]}


def test_running_it_again_changes_nothing_but_the_link():
    create_staff(ADA, "ops")
    create_staff(ADA, "ops")

    user = User.objects.get()
    assert user.role == "ops"
    assert user.emailaddress_set.count() == 1
    assert AuditRecord.objects.filter(action="role.assigned").count() == 1
    assert {mail.kind for mail in letters_to(ADA)} == {"staff_invitation"}


def test_somebody_with_a_password_keeps_it_and_gets_no_link():
    user = make_user(email=ADA)

    printed = create_staff(ADA, "analyst")

    user = User.objects.get(pk=user.pk)
    assert (user.role, user.check_password(PASSWORD), letters_to(ADA)) == ("analyst", True, [])
    assert "They have a password already" in printed


def test_whoever_signed_up_with_somebody_elses_address_does_not_become_staff():
    make_user(email=ADA, verified=False, password="the password of Mallory")

    create_staff(ADA, "admin")

    client = Client()
    client.post(reverse("account_login"), {"login": ADA, "password": "the password of Mallory"})
    assert "_auth_user_id" not in client.session
    assert len(letters_to(ADA)) == 1


@pytest.mark.parametrize(
    ("email", "role", "sentence"),
    [
        (ADA, "boss", "There is no staff role “boss”; the roles are analyst, ops, admin."),
        (ADA, "customer", "There is no staff role “customer”; the roles are analyst, ops, admin."),
        ("ada", "admin", "“ada” is not an e-mail address."),
        ("", "admin", "“” is not an e-mail address."),
        ("a" * 250 + "@example.com", "admin", "An e-mail address has at most 254 characters."),
    ],
)
def test_bad_input_is_refused_with_a_sentence(email, role, sentence):
    with pytest.raises(CommandError, match=r"e-mail|staff role") as refused:
        create_staff(email, role)

    assert sentence in str(refused.value)
    assert refused.value.returncode == 1
    assert User.objects.count() == 0


def test_the_last_administrator_is_not_demoted_from_the_command_line():
    make_user("admin", email=ADA)

    with pytest.raises(CommandError, match="last administrator"):
        create_staff(ADA, "ops")

    assert User.objects.get().role == "admin"
