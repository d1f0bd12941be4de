"""The door for Stripe's events: what gets in, what is turned away, and that a stored event is stored once."""

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from core.testing import run_tasks
from payments.errors import BadSignature
from payments.inbox import verify_signature
from payments.models import WebhookEvent

SECRET = "whsec_purelaka_simulator"
URL = "/payments/webhook/"


def make_event(**overrides: Any) -> dict[str, Any]:
    return {
        "id": "evt_1",
        "object": "event",
        "type": "checkout.session.completed",
        "created": int(timezone.now().timestamp()),
        "livemode": False,
        "api_version": "2026-05-27.dahlia",
        "data": {"object": {"id": "cs_test_unknown", "object": "checkout.session"}},
        **overrides,
    }


def sign(body: bytes, *, secret: str = SECRET, at: datetime | None = None) -> str:
    stamp = int((at or timezone.now()).timestamp())
    return f"t={stamp},v1={hmac.new(secret.encode(), f'{stamp}.'.encode() + body, hashlib.sha256).hexdigest()}"


def post(client: Client, body: bytes, header: str) -> Any:
    return client.post(URL, body, content_type="application/json", headers={"Stripe-Signature": header})


@pytest.mark.django_db
def test_signed_event_is_stored_once_and_answered_each_time(client: Client) -> None:
    body = json.dumps(make_event()).encode()

    answers = [post(client, body, sign(body)).status_code for _ in range(3)]

    assert answers == [200, 200, 200]
    event = WebhookEvent.objects.get()
    assert (event.stripe_event_id, event.state, event.object_id) == ("evt_1", "received", "cs_test_unknown")


@pytest.mark.django_db
def test_event_needs_no_csrf_token_and_no_get() -> None:
    client = Client(enforce_csrf_checks=True)
    body = json.dumps(make_event()).encode()

    assert reverse("payments:webhook") == URL
    assert client.get(URL).status_code == 405
    assert post(client, body, sign(body)).status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize(
    "header",
    [
        "",
        "nonsense",
        "t=,v1=",
        "t=１,v1=aa",
        "t=1,t=2,v1=aa",
        "t=99999999999999999999,v1=aa",
        "t=1732400000,v0=aa",
        "v1=é",
    ],
)
def test_unreadable_signature_is_refused(client: Client, header: str) -> None:
    assert post(client, json.dumps(make_event()).encode(), header.encode().decode("latin-1")).status_code == 400
    assert WebhookEvent.objects.count() == 0


@pytest.mark.django_db
def test_signature_of_another_secret_or_of_another_body_is_refused(client: Client) -> None:
    body = json.dumps(make_event()).encode()

    assert post(client, body, sign(body, secret="whsec_other")).status_code == 400
    assert post(client, body + b" ", sign(body)).status_code == 400
    assert WebhookEvent.objects.count() == 0


@pytest.mark.parametrize(
    ("seconds", "is_accepted"), [(-301, False), (-300, True), (0, True), (300, True), (301, False), (86_400, False)]
)
def test_stamp_may_be_five_minutes_away_either_way(seconds: int, is_accepted: bool) -> None:
    now = datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
    body = b"{}"
    header = sign(body, at=now + timedelta(seconds=seconds))

    if is_accepted:
        verify_signature(body, header, now=now)
    else:
        with pytest.raises(BadSignature):
            verify_signature(body, header, now=now)


def test_older_secret_still_opens_while_it_is_being_rotated(settings: Any) -> None:
    settings.STRIPE_WEBHOOK_SECRETS = ["whsec_new", "whsec_old"]
    now = datetime(2026, 3, 29, 1, 0, tzinfo=UTC)

    verify_signature(b"{}", sign(b"{}", secret="whsec_old", at=now), now=now)
    with pytest.raises(BadSignature):
        verify_signature(b"{}", sign(b"{}", secret="whsec_gone", at=now), now=now)


@pytest.mark.django_db
def test_both_secrets_open_the_door_while_one_replaces_the_other(client: Client, settings: Any) -> None:
    settings.STRIPE_WEBHOOK_SECRETS = ["whsec_new", "whsec_old"]
    bodies = {name: json.dumps(make_event(id=f"evt_{name}")).encode() for name in ("new", "old", "both", "gone")}
    at = timezone.now()
    both = f"{sign(bodies['both'], secret='whsec_gone', at=at)},{sign(bodies['both'], secret='whsec_new', at=at)[13:]}"

    answers = {name: post(client, bodies[name], sign(bodies[name], secret=f"whsec_{name}")) for name in bodies}
    answers["both"] = post(client, bodies["both"], both)
    settings.STRIPE_WEBHOOK_SECRETS = ["whsec_new"]
    late = json.dumps(make_event(id="evt_late")).encode()
    answers["late"] = post(client, late, sign(late, secret="whsec_old"))

    assert {name: answer.status_code for name, answer in answers.items()} == {
        "new": 200,
        "old": 200,
        "both": 200,
        "gone": 400,
        "late": 400,
    }


@pytest.mark.django_db
@pytest.mark.parametrize("scheme", ["v0", "V1", "v1 ", " v2"])
def test_only_the_scheme_v1_counts(client: Client, scheme: str) -> None:
    body = json.dumps(make_event()).encode()

    status = post(client, body, sign(body).replace("v1", scheme)).status_code

    assert status == (200 if scheme.strip() == "v1" else 400)


@pytest.mark.django_db
def test_exactly_a_mebibyte_is_taken(client: Client) -> None:
    body = json.dumps(make_event()).encode()
    body += b" " * (1_048_576 - len(body))

    assert post(client, body, sign(body)).status_code == 200
    assert post(client, body + b" ", sign(body + b" ")).status_code == 413


@pytest.mark.django_db
def test_event_sent_again_keeps_what_it_was(client: Client) -> None:
    first = json.dumps(make_event()).encode()
    other = json.dumps(make_event(type="refund.created")).encode()

    post(client, first, sign(first))
    WebhookEvent.objects.update(state="processed")
    before = WebhookEvent.objects.values().get()
    assert post(client, other, sign(other)).status_code == 200

    assert WebhookEvent.objects.values().get() == before


@pytest.mark.django_db
def test_one_wake_up_call_waits_however_many_events_come(client: Client) -> None:
    bodies = [json.dumps(make_event(id=f"evt_{number}")).encode() for number in range(5)]

    for body in bodies:
        post(client, body, sign(body))

    assert DBTaskResult.objects.ready().count() == 1
    assert run_tasks() == 1
    assert set(WebhookEvent.objects.values_list("state", flat=True)) == {"processed"}
    post(client, json.dumps(make_event(id="evt_next")).encode(), "")
    assert DBTaskResult.objects.ready().count() == 0
    last = json.dumps(make_event(id="evt_last")).encode()
    post(client, last, sign(last))
    assert DBTaskResult.objects.ready().count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{",
        b"\xff\xfe",
        json.dumps(make_event(id=5)).encode(),
        json.dumps(make_event(id="evt_\x00")).encode(),
        json.dumps(make_event(api_version="\x00")).encode(),
        json.dumps(make_event(data=None)).encode(),
        json.dumps(make_event(data={"object": None})).encode(),
        json.dumps(make_event(data={"object": {"id": "cs_\x00"}})).encode(),
        json.dumps(make_event(created="now")).encode(),
        json.dumps(make_event(created=True)).encode(),
        json.dumps(make_event(created=10**30)).encode(),
        json.dumps(make_event(livemode="no")).encode(),
        json.dumps(make_event(object="charge")).encode(),
    ],
)
def test_signed_body_that_is_no_event_is_refused(client: Client, body: bytes) -> None:
    assert post(client, body, sign(body)).status_code == 400
    assert WebhookEvent.objects.count() == 0


@pytest.mark.django_db
def test_body_over_a_mebibyte_is_refused_without_being_kept(client: Client) -> None:
    body = b"x" * (10 * 1_048_576)

    assert post(client, body, sign(body)).status_code == 413
    assert WebhookEvent.objects.count() == 0


@pytest.mark.django_db
def test_unknown_type_is_stored_and_ignored(client: Client) -> None:
    body = json.dumps(make_event(type="issuing_card.created")).encode()

    assert post(client, body, sign(body)).status_code == 200
    assert WebhookEvent.objects.get().state == "ignored"


@pytest.mark.django_db
def test_event_of_the_other_mode_is_put_into_quarantine(client: Client) -> None:
    body = json.dumps(make_event(livemode=True)).encode()

    assert post(client, body, sign(body)).status_code == 200
    assert WebhookEvent.objects.get().state == "quarantined"
