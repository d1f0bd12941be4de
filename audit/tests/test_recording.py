import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.test import RequestFactory

from accounts.tests.factories import make_user
from audit.models import AuditOrigin, AuditRecord
from audit.recording import record, recording_refusal, without_personal_data
from core.errors import NotAllowedInState
from core.models import NumberSeries

pytestmark = pytest.mark.django_db


def make_request(user=None, **meta):
    request = RequestFactory().post("/", **meta)
    request.user = user or AnonymousUser()
    request.request_id = "request-12345678"
    return request


def test_a_record_says_who_did_what_to_what_and_from_where():
    alice = make_user("ops")
    series = NumberSeries.objects.create(name="invoice")
    row = record(
        "series.reset", subject=series, request=make_request(alice, REMOTE_ADDR="192.0.2.7"), changes={"last": [7, 0]}
    )
    row.refresh_from_db()
    assert (row.action, row.outcome, row.actor_id, row.actor_role) == ("series.reset", "done", alice.pk, "ops")
    assert (row.subject_type, row.subject_id) == ("core.numberseries", "invoice")
    assert (row.changes, row.request_id) == ({"last": [7, 0]}, "request-12345678")
    assert AuditOrigin.objects.get().address == "192.0.2.7"


def test_the_role_is_that_of_the_moment():
    alice = make_user("ops")
    row = record("act", actor=alice)
    alice.groups.clear()
    row.refresh_from_db()
    assert row.actor_role == "ops"


def test_an_act_of_the_system_has_no_actor():
    row = record("order.expired", reason="unpaid for 45 minutes")
    assert (row.actor_id, row.actor_role, row.request_id) == (None, "", "")
    assert AuditOrigin.objects.count() == 0


def test_a_visitor_who_is_not_signed_in_is_nobody():
    assert record("act", request=make_request()).actor_id is None


@pytest.mark.parametrize("address", ["", "unix:", "999.1.1.1", "x" * 100])
def test_an_address_that_is_none_is_left_out(address):
    record("act", request=make_request(REMOTE_ADDR=address))
    assert AuditOrigin.objects.count() == 0


def test_behind_a_trusted_proxy_the_address_is_the_one_it_saw(settings):
    settings.TRUSTED_PROXY_COUNT = 1
    forwarded = "198.51.100.9, 203.0.113.7"
    record("act", request=make_request(REMOTE_ADDR="10.0.0.2", HTTP_X_FORWARDED_FOR=forwarded))
    assert AuditOrigin.objects.get().address == "203.0.113.7"


def test_a_record_vanishes_with_the_act_that_failed():
    @transaction.atomic
    def act():
        record("act")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        act()
    assert AuditRecord.objects.count() == 0


def test_a_refusal_survives_the_rollback_of_the_act():
    @transaction.atomic
    def cancel():
        record("order.canceled")
        raise NotAllowedInState("It is paid.")

    with pytest.raises(NotAllowedInState), recording_refusal("order.canceled", actor=make_user("ops")):
        cancel()
    assert list(AuditRecord.objects.values_list("action", "outcome", "reason")) == [
        ("order.canceled", "refused", "NotAllowedInState")
    ]


def test_a_bug_is_not_a_refusal():
    with pytest.raises(RuntimeError), recording_refusal("order.canceled"):
        raise RuntimeError
    assert AuditRecord.objects.count() == 0


def test_no_personal_data_gets_in():
    assert without_personal_data(["name", "email"]) == {"name": "changed", "email": "changed"}
    assert without_personal_data(
        {
            "status": ["pending", "paid"],
            "price_minor": [100, 200],
            "is_open": True,
            "day": None,
            "email": "alice@example.com",
            "name": ["Alice Archer", "Alice Bow"],
            "address": {"line1": "1 Green Lane"},
            "text": "x" * 61,
            "word": "naïve",
        }
    ) == {
        "status": ["pending", "paid"],
        "price_minor": [100, 200],
        "is_open": True,
        "day": None,
        "email": "changed",
        "name": ["changed", "changed"],
        "address": "changed",
        "text": "changed",
        "word": "changed",
    }


def test_long_values_are_cut_to_what_the_table_holds():
    row = record("act", reason="r" * 1_000, request=make_request(REMOTE_ADDR="2001:db8::1"))
    row.refresh_from_db()
    assert len(row.reason) == 300
    assert AuditOrigin.objects.get().address == "2001:db8::1"
