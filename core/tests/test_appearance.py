import pytest
from django.test import Client
from django.urls import reverse

pytestmark = pytest.mark.django_db
URL = "/appearance/"


def test_the_choice_is_kept_and_leads_back(client):
    response = client.post(URL, {"theme": "dark", "next": "/shop/?page=2"})
    assert (response.status_code, response["Location"]) == (302, "/shop/?page=2")
    cookie = response.cookies["theme"]
    assert (cookie.value, cookie["samesite"], cookie["max-age"]) == ("dark", "Lax", 365 * 24 * 3600)
    assert cookie["httponly"]
    assert "density" not in response.cookies
    assert client.post(URL, {"density": "compact"}).cookies["density"].value == "compact"
    assert reverse("core:appearance") == URL


def test_a_choice_that_does_not_exist_changes_nothing(client):
    response = client.post(URL, {"theme": "<b>", "density": "", "next": "//evil.example"})
    assert (response.status_code, response["Location"]) == (302, "/")
    assert response.cookies == {}


def test_it_takes_a_form_with_its_token():
    assert Client().get(URL).status_code == 405
    assert Client(enforce_csrf_checks=True).post(URL, {"theme": "dark"}).status_code == 403
