"""Every state that a table can hold has its word on the page."""

import pytest

from analytics.models import ExportRun
from core.models import JobRun
from core.statuses import STATUS_WORDS
from mail.models import OutgoingMail
from monitoring.models import CheckResult, Issue, Severity
from orders.models import Order, Return
from payments.models import Payment, PaymentAttempt, Refund, WebhookEvent
from products.models import Product

STATES = {
    "order": Order.Status,
    "payment": Payment.Status,
    "attempt": PaymentAttempt.Outcome,
    "refund": Refund.Status,
    "return": Return.Status,
    "product": Product.Status,
    "export": ExportRun.State,
    "mail": OutgoingMail.State,
    "webhook": WebhookEvent.State,
    "job": JobRun.State,
    "issue": Issue.State,
    "severity": Severity,
    "check": CheckResult.Status,
}


@pytest.mark.parametrize("kind", STATES)
def test_every_state_has_its_word(kind):
    assert set(STATES[kind].values) - set(STATUS_WORDS[kind]) == set()
