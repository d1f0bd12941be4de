"""The hosted payment page, driven as a browser without scripts would."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from django.test import Client

from stripe_simulator import control
from stripe_simulator.models import Resource
from stripe_simulator.tests.simulated import SHOP, make_client, make_session

pytestmark = pytest.mark.django_db

PAID, DECLINED, SECURE = "4242424242424242", "4000000000000002", "4000002500003155"


def page_of(session_id: str) -> str:
    return f"/stripe-simulator/pay/{session_id}/"


def text_of(response) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def success_url(session_id: str) -> str:
    return f"{SHOP}/checkout/return/?session_id={session_id}"


def charges() -> int:
    return Resource.objects.filter(kind="charge").count()


def test_page_shows_lines_total_and_email(client: Client) -> None:
    session = make_session(amount=123_456)

    response = client.get(page_of(session.id))

    shown = text_of(response)
    assert response.status_code == 200
    assert "Pay £1,234.56" in shown
    assert "Barrier cream" in shown
    assert "ada@example.com" in shown
    assert "no-store" in response["Cache-Control"]


def test_what_the_shop_sends_is_escaped(client: Client) -> None:
    price = {"currency": "gbp", "unit_amount": 500, "product_data": {"name": "<script>alert(1)</script>"}}
    session = make_session(line_items=[{"price_data": price, "quantity": 1}])

    body = client.get(page_of(session.id)).content.decode()

    assert "<script" not in body
    assert "&lt;script&gt;" in body


def test_get_changes_nothing(client: Client) -> None:
    session = make_session()
    before = list(Resource.objects.values())

    client.get(page_of(session.id))
    client.get(f"{page_of(session.id)}authenticate/")
    client.head(page_of(session.id))

    assert list(Resource.objects.values()) == before


@pytest.mark.parametrize("method", ["put", "delete", "patch"])
def test_other_methods_are_refused(client: Client, method: str) -> None:
    assert getattr(client, method)(page_of(make_session().id)).status_code == 405


@pytest.mark.parametrize(
    "session_id", ["cs_test_forged", "cs_live_1", "cs_test_", "cs_test_" + "a" * 500, "pi_3abc", "１"]
)
def test_forged_session_is_not_found(client: Client, session_id: str) -> None:
    assert client.get(page_of(session_id)).status_code == 404
    assert client.post(page_of(session_id), {"card": PAID}).status_code == 404
    assert client.post(f"{page_of(session_id)}authenticate/", {"result": "complete"}).status_code == 404


def test_another_kind_of_object_has_no_page(client: Client) -> None:
    control.pay(make_session().id)
    intent = Resource.objects.get(kind="payment_intent").stripe_id

    assert client.get(page_of(intent)).status_code == 404


def test_paying_leads_to_the_shop_and_twice_pays_once(client: Client) -> None:
    session = make_session()

    first = client.post(page_of(session.id), {"card": PAID})
    second = client.post(page_of(session.id), {"card": PAID})
    later = client.get(page_of(session.id))

    assert (first.status_code, first["Location"]) == (303, success_url(session.id))
    assert (second.status_code, second["Location"]) == (303, success_url(session.id))
    assert (later.status_code, later["Location"]) == (303, success_url(session.id))
    assert charges() == 1


def test_declined_card_stays_on_the_page_and_another_pays(client: Client) -> None:
    session = make_session()

    declined = client.post(page_of(session.id), {"card": DECLINED}, follow=True)

    assert declined.redirect_chain == [(page_of(session.id), 303)]
    assert "The payment did not go through Your card was declined." in text_of(declined)
    assert "<title>Problem: Pay £28.00" in declined.content.decode()
    paid = client.post(page_of(session.id), {"card": PAID})
    assert paid["Location"] == success_url(session.id)


def test_3d_secure_by_its_own_page(client: Client) -> None:
    session = make_session()
    bank = f"{page_of(session.id)}authenticate/"

    asked = client.post(page_of(session.id), {"card": SECURE})
    assert (asked.status_code, asked["Location"]) == (303, bank)
    assert "£28.00" in text_of(client.get(bank))
    failed = client.post(bank, {"result": "fail"}, follow=True)
    assert failed.redirect_chain == [(page_of(session.id), 303)]
    assert "We are unable to authenticate your payment method." in text_of(failed)
    client.post(page_of(session.id), {"card": SECURE})
    done = client.post(bank, {"result": "complete"})
    again = client.post(bank, {"result": "complete"})

    assert (done["Location"], again["Location"]) == (success_url(session.id), success_url(session.id))
    assert charges() == 1


def test_bank_page_without_a_waiting_payment_leads_back_and_pays_nothing(client: Client) -> None:
    session = make_session()
    bank = f"{page_of(session.id)}authenticate/"

    assert client.get(bank)["Location"] == page_of(session.id)
    assert client.post(bank, {"result": "complete"})["Location"] == page_of(session.id)
    assert not charges()


def test_unclear_answer_on_the_bank_page_is_a_failure(client: Client) -> None:
    session = make_session()
    client.post(page_of(session.id), {"card": SECURE})

    client.post(f"{page_of(session.id)}authenticate/", {})

    assert Resource.objects.get(kind="checkout.session").data["status"] == "open"
    assert not charges()


def test_bank_debit_leads_to_the_shop_unpaid(client: Client) -> None:
    session = make_session()

    response = client.post(page_of(session.id), {"card": "bank_debit_succeeds"})

    assert response["Location"] == success_url(session.id)
    assert make_client().v1.checkout.sessions.retrieve(session.id).payment_status == "unpaid"


def test_another_test_card_is_taken_by_number(client: Client) -> None:
    session = make_session()

    response = client.post(page_of(session.id), {"card": "other", "number": "5555 5555 5555 4444"})

    assert response["Location"] == success_url(session.id)


def test_email_is_asked_for_if_the_shop_gave_none(client: Client) -> None:
    session = make_session(customer_email=None)

    missing = client.post(page_of(session.id), {"card": PAID})
    wrong = client.post(page_of(session.id), {"card": PAID, "email": "nobody"})
    paid = client.post(page_of(session.id), {"card": PAID, "email": "new@example.com"})

    assert (missing.status_code, wrong.status_code) == (422, 422)
    assert "Enter your e-mail address." in text_of(missing)
    assert 'value="nobody"' in wrong.content.decode()
    assert paid.status_code == 303
    details = make_client().v1.checkout.sessions.retrieve(session.id).customer_details
    assert details.email == "new@example.com"


def test_email_of_the_shop_cannot_be_replaced(client: Client) -> None:
    session = make_session()

    client.post(page_of(session.id), {"card": PAID, "email": "eve@example.com"})

    details = make_client().v1.checkout.sessions.retrieve(session.id).customer_details
    assert details.email == "ada@example.com"


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({}, "Choose how to pay."),
        ({"card": "free"}, "Choose one of the ways to pay below."),
        ({"card": "x" * 100_000}, "Choose one of the ways to pay below."),
        ({"card": "other"}, "Enter the number of the test card."),
        ({"card": "other", "number": "4" * 31}, "Ensure this value has at most 30 characters"),
    ],
)
def test_unfit_choice_is_refused_with_a_sentence(client: Client, sent: dict, sentence: str) -> None:
    session = make_session()

    response = client.post(page_of(session.id), sent or {"nothing": "1"})

    assert response.status_code == 422
    assert sentence in text_of(response)
    assert not charges()


def test_expired_page_says_so_and_leads_back(client: Client) -> None:
    session = make_session()
    make_client().v1.checkout.sessions.expire(session.id)

    shown = client.get(page_of(session.id))
    paid = client.post(page_of(session.id), {"card": PAID})

    assert (shown.status_code, paid.status_code) == (410, 410)
    assert "This payment page has expired" in text_of(shown)
    assert f'href="{SHOP}/bag/"' in shown.content.decode()
    assert not charges()


def test_overdue_page_says_so_before_anyone_has_noted_it(client: Client) -> None:
    noon = datetime(2026, 11, 2, 12, tzinfo=UTC)
    with time_machine.travel(noon, tick=False) as clock:
        session = make_session(expires_at=int(noon.timestamp()) + 1800)
        clock.shift(timedelta(minutes=31))

        assert client.get(page_of(session.id)).status_code == 410
        assert client.post(page_of(session.id), {"card": PAID}).status_code == 410

    assert Resource.objects.get(stripe_id=session.id).data["status"] == "open"


def test_paying_needs_the_forms_token() -> None:
    session = make_session()
    strict = Client(enforce_csrf_checks=True)

    assert strict.post(page_of(session.id), {"card": PAID}).status_code == 403
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', strict.get(page_of(session.id)).content.decode())
    assert token
    sent = {"card": PAID, "csrfmiddlewaretoken": token[1]}
    assert strict.post(page_of(session.id), sent).status_code == 303


def test_pages_have_no_inline_style_or_script() -> None:
    templates = Path(__file__).parents[1] / "templates" / "stripe_simulator"

    for template in templates.glob("*.html"):
        assert not re.search(r"<script|<style|\sstyle=|\son[a-z]+=", template.read_text()), template.name
