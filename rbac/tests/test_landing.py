"""Where staff arrive, and the sidebar of the console."""

import pytest
from django.test import RequestFactory
from django.urls import reverse
from django.utils.html import escape

from accounts.tests.factories import make_user
from core import navigation
from rbac.matrix import permissions_of
from rbac.navigation import current_url, sidebar

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("role", "name", "linked", "not_linked"),
    [
        ("analyst", "Analyst", [], ["mail:list", "rbac:people"]),
        ("ops", "Operations", ["mail:list"], ["rbac:people"]),
        ("admin", "Administrator", ["mail:list", "rbac:people"], []),
    ],
)
def test_each_role_sees_what_it_may_do_and_only_pages_it_may_open(client, role, name, linked, not_linked):
    client.force_login(make_user(role))

    page = client.get(reverse("rbac:landing")).content.decode()

    assert f"Your role is {name}." in page
    for permission in permissions_of(role):
        assert escape(permission.meaning) in page
    for url_name in linked:
        assert f'href="{reverse(url_name)}"' in page
        assert client.get(reverse(url_name)).status_code == 200
    for url_name in not_linked:
        assert f'href="{reverse(url_name)}"' not in page


@pytest.mark.parametrize("role", ["analyst", "ops", "admin"])
def test_every_place_in_the_sidebar_opens(client, role):
    user = make_user(role)
    client.force_login(user)
    request = RequestFactory().get("/")
    request.user = user

    for section in sidebar(request):
        for item in section["items"]:
            assert client.get(item["url"]).status_code == 200


def test_the_sidebar_marks_where_one_is():
    request = RequestFactory().get(reverse("rbac:people"))
    request.user = make_user("admin")

    current = [item["label"] for section in sidebar(request) for item in section["items"] if item["current"]]

    assert current == ["People and roles"]


def test_a_page_below_a_place_belongs_to_it():
    urls = ["/console/", "/console/mail/", "/console/people/"]

    assert current_url("/console/mail/7/", urls) == "/console/mail/"
    assert current_url("/console/elsewhere/", urls) == "/console/"
    assert current_url("/shop/", urls) == ""


def test_a_section_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match="'Fun' is no section"):
        navigation.register("Fun", "Games", "rbac:landing", "console", "gift")
