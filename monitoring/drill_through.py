"""What monitoring knows of the rows behind a figure: open issues about their orders, their days, or their area."""

from collections.abc import Iterable

from django.db.models import Q

from analytics.rows.asking import Asked
from analytics.rows.issues import Trouble, register
from analytics.rows.reading import RowSet
from monitoring.dashboard_issues import OF_DAYS
from monitoring.models import Issue, Severity
from monitoring.registry import CHECKS
from payments.models import Dispute, Payment, Refund

MOST = 500  # issues looked at; more are a flood, and the page of issues shows it
SHOWN = 10
DAYS = (*OF_DAYS, "snapshots")
AREAS = {  # checks that look at what a kind of row is made of, whichever rows they are
    "attempts": ("pay.",),
    "intents": ("pay.",),
    "disputes": ("dispute.",),
    "movements": ("stripe.",),
    "payouts": ("stripe.",),
    "variant_days": ("stock.",),
}
PARENTS = {  # from the key of a thing to that of its order
    "payment": Payment.objects.values_list("pk", "order_id"),
    "refund": Refund.objects.values_list("pk", "payment__order_id"),
    "dispute": Dispute.objects.values_list("pk", "payment__order_id"),
}


@register
def open_issues(found: RowSet) -> list[Trouble]:
    """Return the open issues about an order among the rows, one of their days, or their area; the worst first."""
    currency = found.asked.currency
    issues = Issue.objects.open().filter(Q() if currency is None else Q(currency__in=("", currency)))[:MOST]
    orders = _orders_of(issues)
    touched = found.among("order_id", set(orders.values()))
    mine = [issue for issue in issues if _touches(issue, found.asked, orders.get(issue.pk) in touched)]
    mine.sort(key=lambda issue: -Severity(issue.severity).rank)
    return [_trouble(issue) for issue in mine[:SHOWN]]


def _touches(issue: Issue, asked: Asked, is_among: bool) -> bool:  # noqa: FBT001  one of three questions
    if is_among or issue.check_id.startswith(AREAS.get(asked.rows.source.name, ("-",))):
        return True
    if issue.entity_type not in DAYS:
        return False
    day = issue.entity_pk[:10]
    return issue.entity_type == "snapshots" or str(asked.window.start) <= day <= str(asked.window.end)


def _orders_of(issues: Iterable[Issue]) -> dict[int, int]:
    """Return by the key of an issue that of the order it is about; three queries at most."""
    found: dict[int, int] = {}
    by_kind: dict[str, dict[int, list[int]]] = {}
    for issue in issues:
        if not issue.entity_pk.isdecimal():
            continue
        key = int(issue.entity_pk)
        if issue.entity_type == "order":
            found[issue.pk] = key
        elif issue.entity_type in PARENTS:
            by_kind.setdefault(issue.entity_type, {}).setdefault(key, []).append(issue.pk)
    for kind, keys in by_kind.items():
        for key, order in PARENTS[kind].filter(pk__in=keys):
            found |= dict.fromkeys(keys[key], order) if order is not None else {}
    return found


def _trouble(issue: Issue) -> Trouble:
    check = CHECKS.get(issue.check_id)
    return Trouble(
        subject=issue.subject or issue.fingerprint,
        text=check.title if check else issue.check_id,
        severity=issue.severity,
        url=issue.get_absolute_url(),
    )
