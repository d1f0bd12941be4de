"""Which open issues the executive page names: those that touch its figures, the worst first."""

from datetime import UTC, date, datetime

import pytest
from django.urls import reverse

from accounts.tests.factories import make_user
from analytics.dashboards.troubles import troubles_of
from analytics.figures.windows import Window
from monitoring.models import Issue, Severity
from monitoring.tests.factories import make_issue

pytestmark = pytest.mark.django_db

MOMENT = datetime(2026, 6, 5, 12, tzinfo=UTC)
WINDOW = Window(date(2026, 6, 1), date(2026, 6, 7))


def subjects(currency: str = "GBP") -> list[str]:
    return [trouble.subject for trouble in troubles_of(WINDOW, currency).worst]


@pytest.mark.parametrize(
    ("facts", "is_named"),
    [
        ({"check_id": "pay.surplus_open"}, True),
        ({"check_id": "pay.surplus_open", "currency": "GBP"}, True),
        ({"check_id": "pay.surplus_open", "currency": "EUR"}, False),
        ({"check_id": "pay.surplus_open", "state": Issue.State.RESOLVED, "resolved_at": MOMENT}, False),
        ({"check_id": "mail.failed"}, False),
        ({"check_id": "snap.drift", "entity_type": "day", "entity_pk": "2026-06-07"}, True),
        ({"check_id": "snap.drift", "entity_type": "day", "entity_pk": "2026-06-08"}, False),
        ({"check_id": "stripe.day_drift", "entity_type": "stripe_day", "entity_pk": "2026-05-31/GBP/charge"}, False),
    ],
)
def test_an_issue_is_named_if_it_touches_the_figures_of_these_days(facts, is_named):
    make_issue(subject="This one", **facts)

    assert subjects() == (["This one"] if is_named else [])


def test_the_worst_come_first_and_the_page_names_four_and_counts_all(client):
    for number in range(5):
        make_issue(check_id="pay.surplus_open", subject=f"Warning {number}", severity=Severity.MEDIUM)
    make_issue(check_id="refund.over_refund", subject="Too much given back", severity=Severity.CRITICAL)
    client.force_login(make_user("analyst"))

    page = client.get(reverse("analytics:dashboard")).content.decode()

    assert subjects()[0] == "Too much given back"
    assert (len(subjects()), troubles_of(WINDOW, "GBP").count) == (4, 6)
    assert "All 6<span" in page
    assert page.index("Too much given back") < page.index("Warning")
