"""The findings as a file: those that stood in the window, in the currency or about no money."""

import csv
import io
import json
from datetime import UTC, date, datetime

import pytest

from analytics.exports.datasets import DATASETS
from analytics.exports.exporting import export
from analytics.figures.windows import Window
from monitoring.models import Issue

pytestmark = pytest.mark.django_db

JUNE = Window(date(2026, 6, 1), date(2026, 6, 30))


def make_finding(subject, first, resolved=None, currency=""):
    return Issue.objects.create(
        check_id="orders.example", fingerprint=subject, entity_type="order", entity_pk="7", subject=subject,
        currency=currency, severity="high", state="resolved" if resolved else "open", first_seen_at=first,
        last_seen_at=first, resolved_at=resolved, details={"expected": {"total": 5}, "found": {"total": 4}},
    )  # fmt: skip


def test_issues_that_stood_in_the_window_are_exported():
    may, june, july = (datetime(2026, month, 30, 23, 30, tzinfo=UTC) for month in (4, 5, 6))
    make_finding("stands since May", may)
    make_finding("gone before June", may, resolved=datetime(2026, 5, 2, tzinfo=UTC))
    make_finding("began in July", july)
    make_finding("in pounds", june, currency="GBP", resolved=july)
    make_finding("in euros", june, currency="EUR")

    text = b"".join(export(DATASETS["issues"], JUNE, "GBP")).decode()
    found = list(csv.DictReader(io.StringIO(text)))

    assert [one["subject"] for one in found] == ["stands since May", "in pounds"]
    assert (found[1]["business_day"], found[1]["first_seen_at"]) == ("2026-05-31", "2026-05-30T23:30:00Z")
    assert (json.loads(found[0]["expected"]), json.loads(found[0]["found"])) == ({"total": 5}, {"total": 4})
    assert DATASETS["issues"].permission == "rbac.issues_view"
