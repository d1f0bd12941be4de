"""The page of people and roles."""

import pytest
from django.urls import reverse

from accounts.models import User
from accounts.tests.factories import make_user
from accounts.tests.letters import letters_to
from audit.models import AuditRecord

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(client):
    user = make_user("admin")
    client.force_login(user)
    return user


def test_people_lists_the_staff_and_no_customers(client, admin):
    ops, customer = make_user("ops"), make_user()

    page = client.get(reverse("rbac:people")).content.decode()

    assert ops.email in page
    assert admin.email in page
    assert customer.email not in page


def test_people_costs_the_same_however_many_work_here(client, admin, django_assert_max_num_queries):
    with django_assert_max_num_queries(11) as few:
        client.get(reverse("rbac:people"))
    for _ in range(10):
        make_user("ops")
    with django_assert_max_num_queries(len(few)):
        client.get(reverse("rbac:people"))


def test_a_role_is_changed_and_recorded(client, admin):
    person = make_user("ops")

    response = client.post(reverse("rbac:change_role", args=[person.pk]), {"role": "analyst"})

    assert response.url == reverse("rbac:people")
    assert User.objects.get(pk=person.pk).role == "analyst"
    assert AuditRecord.objects.get(action="role.assigned").actor_id == admin.pk


def test_the_last_administrator_reads_why_not(client, admin):
    response = client.post(reverse("rbac:change_role", args=[admin.pk]), {"role": "ops"}, follow=True)

    assert "This is the last administrator." in response.content.decode()
    assert User.objects.get(pk=admin.pk).role == "admin"


def test_an_administrator_who_steps_down_is_led_out(client, admin):
    make_user("admin")

    response = client.post(reverse("rbac:change_role", args=[admin.pk]), {"role": "customer"})

    assert response.url == reverse("accounts:landing")
    assert client.get(reverse("rbac:landing")).status_code == 404


@pytest.mark.parametrize("role", ["", "boss", "x" * 100_000])
def test_an_unusable_role_changes_nothing(client, admin, role):
    person = make_user("ops")

    response = client.post(reverse("rbac:change_role", args=[person.pk]), {"role": role}, follow=True)

    assert "Choose one of the roles in the list." in response.content.decode()
    assert User.objects.get(pk=person.pk).role == "ops"


def test_the_role_of_nobody_is_not_found(client, admin):
    assert client.post(reverse("rbac:change_role", args=[10**17]), {"role": "ops"}).status_code == 404


def test_an_invitation_makes_an_account_and_mails_a_link(client, admin):
    response = client.post(reverse("rbac:invite"), {"email": "Ada@example.com", "role": "ops"}, follow=True)

    assert "ada@example.com is now Operations." in response.content.decode()
    assert User.objects.get(email="ada@example.com").role == "ops"
    assert [mail.kind for mail in letters_to("ada@example.com")] == ["staff_invitation"]


@pytest.mark.parametrize(
    "values", [{"email": "ada", "role": "ops"}, {"email": "ada@example.com", "role": "customer"}, {}]
)
def test_an_unusable_invitation_invites_nobody(client, admin, values):
    response = client.post(reverse("rbac:invite"), values)

    assert response.status_code == 422
    assert 'role="alert"' in response.content.decode()
    assert User.objects.get() == admin


def test_changes_take_a_post(client, admin):
    assert client.get(reverse("rbac:change_role", args=[admin.pk])).status_code == 405
    assert client.get(reverse("rbac:invite")).status_code == 405
