"""What monitoring knows of the figures of some days: open issues about money, or about the days themselves."""

from django.db.models import Q

from analytics.dashboards.troubles import Troubles, register
from analytics.figures.windows import Window
from analytics.rows.issues import Trouble
from monitoring.models import Issue, Severity
from monitoring.registry import CHECKS

MOST = 500  # issues looked at; more are a flood, and the page of issues shows it
SHOWN = 4
AREAS = ("data.", "order.", "pay.", "refund.", "dispute.", "stripe.", "snap.")  # checks of what figures are made of
OF_DAYS = (
    *("day", "product_day", "customer_day", "stripe_day", "stripe_fact_day"),
    *("payment_day", "payout_day", "cohort_month"),
    *("country_segment_day", "code_segment_day", "customer_segment_day"),
)


@register
def open_issues_of_figures(window: Window, currency: str) -> Troubles:
    """Return the open issues that touch the figures of a window, the worst first: one query."""
    areas = Q()
    for area in AREAS:
        areas |= Q(check_id__startswith=area)
    issues = Issue.objects.open().filter(areas, currency__in=("", currency)).order_by("-last_seen_at", "pk")[:MOST]
    found = [issue for issue in issues if _touches(issue, window)]
    found.sort(key=lambda issue: -Severity(issue.severity).rank)
    return Troubles(len(found), [_trouble(issue) for issue in found[:SHOWN]])


def _touches(issue: Issue, window: Window) -> bool:
    if issue.entity_type not in OF_DAYS:
        return True
    return str(window.start) <= issue.entity_pk[:10] <= str(window.end)


def _trouble(issue: Issue) -> Trouble:
    check = CHECKS.get(issue.check_id)
    return Trouble(
        subject=issue.subject or issue.fingerprint,
        text=check.title if check else issue.check_id,
        severity=issue.severity,
        url=issue.get_absolute_url(),
    )
