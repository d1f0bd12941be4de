"""Stripe's books: each of our rows is on them, each day agrees, and each payout is the sum of its parts."""

from collections.abc import Iterator
from datetime import date

from core.errors import DomainError, NotAllowedInState
from monitoring.models import Issue, Severity
from monitoring.registry import Finding, Look, check
from payments.errors import GatewayError
from payments.matching import Problem, differing_pairs
from payments.models import BalanceTransaction, Dispute, Payment, Payout, Refund
from payments.movements import word_of
from payments.rebooking import SYNCS, ask_again_about_day
from payments.reconciling import differences, payouts_apart

ROWS = ("payment", "refund", "dispute")
NO_ANSWER = "Stripe does not answer just now; try again in a minute."


def ask_about_row(issue: Issue) -> str:
    """Bring the payment, refund or dispute of an issue to what Stripe says, with its movements of the balance."""
    try:
        SYNCS[issue.entity_type](int(issue.entity_pk), "")
    except GatewayError as error:
        raise DomainError(NO_ANSWER) from error
    return "Stripe was asked about it, and what it has booked is here."


def ask_about_day(issue: Issue) -> str:
    """Bring in the movements of a day, and bring every row of a category that differs to what Stripe says."""
    day, currency, category = issue.entity_pk.split("/")
    try:
        asked = ask_again_about_day(date.fromisoformat(day), category, currency)
    except GatewayError as error:
        raise DomainError(NO_ANSWER) from error
    return f"The movements of that day were brought in again, and Stripe was asked about {asked} rows."


def ask_about_payout(issue: Issue) -> str:
    """Fetch a payout and all its parts once more. Imported ones are what their history said, and are refused."""
    payout = Payout.objects.get(pk=issue.entity_pk)
    if payout.is_imported:
        raise NotAllowedInState("This payout came with imported history; Stripe cannot be asked about it from here.")
    try:
        SYNCS["payout"](payout.pk, payout.stripe_id)
    except GatewayError as error:
        raise DomainError(NO_ANSWER) from error
    return "The payout and its parts were fetched again."


@check(
    "stripe.missing_txn",
    title="Not on the Stripe balance, or with another amount",
    rule=(
        "Two hours after it succeeded, every payment through Stripe, every refund and every dispute is on the Stripe "
        "balance with the same amount (settled in another currency: by the exchange rate)."
    ),
    severity=Severity.CRITICAL,
    what_to_do=(
        "The repair asks Stripe about it and brings in what is booked. If it is still not there, look it up by its id "
        "in Stripe's dashboard: whether it exists, in this account and mode, and with which amount."
    ),
    repair=ask_about_row,
)
def missing_txn() -> Look:
    """Our rows without their movement, or with one of another amount; what was imported is not expected there."""

    def findings() -> Iterator[Finding]:
        for pair in differing_pairs():
            if pair.entity not in ROWS or pair.pk is None or pair.problem not in (Problem.NOT_BOOKED, Problem.AMOUNT):
                continue
            missing = pair.problem == Problem.NOT_BOOKED
            found = {"booked_minor": None} if missing else {"booked_minor": pair.stripe_minor}
            yield Finding(
                pair.entity,
                pair.pk,
                {"booked_minor": pair.ours_minor, "category": pair.category},
                found | {"category": pair.category},
                subject=f"{pair.entity.capitalize()} {pair.pk}",
                currency=pair.currency,
                size=abs(pair.difference_minor),
            )

    taken = Payment.objects.filter(tender=Payment.Tender.STRIPE, status=Payment.Status.SUCCEEDED).count()
    refunds = Refund.objects.filter(payment__tender=Payment.Tender.STRIPE).count()
    disputes = Dispute.objects.filter(is_inquiry=False).exclude(payment__tender=Payment.Tender.IMPORTED).count()
    return Look(taken + refunds + disputes, findings())


@check(
    "stripe.day_drift",
    title="A day on which Stripe's books and ours differ",
    rule="What Stripe booked on a day is what this shop knows of it, by category: charges, refunds, disputes, payouts.",
    severity=Severity.CRITICAL,
    what_to_do=(
        "Open both sides of the day: each row that differs says why. The repair brings the day in again and asks about "
        "those rows. A charge that stays unknown here was not made by this shop: something else uses the account."
    ),
    repair=ask_about_day,
)
def day_drift() -> Look:
    """Days and categories whose sums differ, or hold rows that do."""

    def findings() -> Iterator[Finding]:
        for one in differences():
            yield Finding(
                "stripe_day",
                f"{one.day}/{one.currency}/{one.category}",
                {"sum_minor": one.ours_minor, "rows_that_differ": 0},
                {"sum_minor": one.stripe_minor, "rows_that_differ": one.rows},
                subject=f"{word_of(one.category)}, {one.day.day} {one.day:%B %Y}, {one.currency}",
                currency=one.currency,
                size=abs(one.difference_minor) or one.rows,
            )

    return Look(BalanceTransaction.objects.count(), findings())


@check(
    "stripe.payout_mismatch",
    title="Payout that is not the sum of its parts",
    rule="An automatic payout is the sum of its parts, which Stripe has listed two days after it was made.",
    severity=Severity.HIGH,
    what_to_do=(
        "The repair fetches the payout and its parts again. If they still differ, compare with the payout in Stripe's "
        "dashboard, and tell Stripe if its own sum is wrong."
    ),
    repair=ask_about_payout,
)
def payout_mismatch() -> Look:
    """Automatic payouts, imported ones too, whose parts do not come to their amount or never came."""

    def findings() -> Iterator[Finding]:
        columns = ("pk", "stripe_id", "currency", "amount_minor", "parts_minor", "items_complete")
        for pk, stripe_id, currency, amount, parts, listed in payouts_apart().order_by("pk").values_list(*columns):
            yield Finding(
                "payout",
                pk,
                {"parts_minor": amount, "parts_listed": "yes"},
                {"parts_minor": parts, "parts_listed": "yes" if listed else "no"},
                subject=f"Payout {stripe_id}"[:120],
                currency=currency,
                size=abs(amount - parts),
            )

    return Look(Payout.objects.count(), findings())
