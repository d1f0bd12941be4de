"""What is not among the rows of a figure, and why: each reason with how many there are, and where they can be seen."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from analytics.figures.funnel import OPEN_FOR
from analytics.figures.wishes import OPEN_FOR as WISH_OPEN_FOR
from analytics.rows.asking import Asked
from core.days import day_bounds
from orders.models import Cart, Order, SalesEntry
from payments.booked import DISPUTES, FEES, PAYOUTS, TOPUPS
from payments.client import is_live
from payments.models import BalanceTransaction, Dispute, Payment, PaymentAttempt, Payout
from products.models import StockItem
from wishlist.models import WishEvent


@dataclass(frozen=True)
class LeftOut:
    """One reason, how many were left out for it, and the page that shows them if there is one.

    `noun` is what one of them is called, `rest` what is said of them.
    """

    count: int
    noun: str
    rest: str = ""
    url: str = ""

    @property
    def text(self) -> str:
        """What they are, in the number that there are."""
        return f"{self.noun if self.count == 1 else plural(self.noun)} {self.rest}".strip()


def plural(noun: str) -> str:
    """Return a noun in the plural: `inquiries`, `wishes`, `days`."""
    if noun.endswith("y") and noun[-2:-1] not in "aeou":
        return f"{noun[:-1]}ies"
    return f"{noun}es" if noun.endswith("sh") else f"{noun}s"


type Reason = Callable[[Asked], LeftOut]


def left_out_of(asked: Asked) -> list[LeftOut]:
    """Return what was left out of the days and the currency, cells aside; reasons that nothing falls under are not."""
    found = [reason(asked) for reason in REASONS.get(asked.rows.source.name, ())]
    return [one for one in found if one.count]


def _between(asked: Asked, name: str) -> Q:
    start, end = day_bounds(asked.window.start)[0], day_bounds(asked.window.end)[1]
    return Q(**{f"{name}__gte": start, f"{name}__lt": end})


def _in_days(asked: Asked, name: str = "day") -> Q:
    return Q(**{f"{name}__range": (asked.window.start, asked.window.end)})


def _in_currency(asked: Asked, rows: QuerySet[Any]) -> QuerySet[Any]:
    return rows if asked.currency is None else rows.filter(currency=asked.currency)


def _orders(asked: Asked, condition: Q) -> int:
    return _in_currency(asked, Order.objects.filter(condition)).order_by().count()


def _list(asked: Asked, **query: str) -> str:
    days = {"since": str(asked.window.start), "until": str(asked.window.end)}
    return reverse("orders:console_list", query={**days, **query})


def test_orders(asked: Asked) -> LeftOut:
    """Orders that were made to try the shop out."""
    count = _orders(asked, _between(asked, "paid_at") & Q(is_test=True))
    return LeftOut(count, "test order", "paid in these days", _list(asked, test="only"))


def unpaid_orders(asked: Asked) -> LeftOut:
    """Orders that nobody has paid so far."""
    count = _orders(asked, _between(asked, "placed_at") & Q(paid_at=None, status=Order.Status.PENDING))
    return LeftOut(count, "order", "placed in these days and not paid", _list(asked, status="pending"))


def never_paid_orders(asked: Asked) -> LeftOut:
    """Orders that ended before anybody paid them."""
    count = _orders(asked, _between(asked, "placed_at") & Q(paid_at=None, status=Order.Status.CANCELED))
    url = _list(asked, status="canceled")
    return LeftOut(count, "order", "placed in these days and canceled before anybody paid", url)


def surplus_payments(asked: Asked) -> LeftOut:
    """Payments that their order did not need; they and their refunds are in Stripe's books only."""
    surplus = Payment.objects.filter(
        _between(asked, "succeeded_at"),
        disposition__in=(Payment.Disposition.SURPLUS, Payment.Disposition.AUTO_REFUNDED),
    )
    movements = reverse("payments:console_movements", query=_days(asked))
    return LeftOut(_in_currency(asked, surplus).count(), "payment", "beyond what an order costs", movements)


def entries_without_cost(asked: Asked) -> LeftOut:
    """Entries of lines whose cost nobody has said; they matter to the margin alone."""
    if "margin" not in asked.kpi.id:
        return LeftOut(0, "")
    entries = _in_currency(asked, SalesEntry.objects.filter(_in_days(asked), line__isnull=False, cost_minor=None))
    said = "of lines whose cost is not known"
    if asked.kpi.id == "margin_coverage":
        said += ", which counts in the denominator only"
    return LeftOut(entries.order_by().count(), "entry", said)


def unconfirmed_attempts(asked: Asked) -> LeftOut:
    """Payments that were begun, and nobody confirmed."""
    attempts = PaymentAttempt.objects.filter(_between(asked, "at"), outcome=PaymentAttempt.Outcome.UNCONFIRMED)
    return LeftOut(_in_currency(asked, attempts).count(), "attempt", "that nobody confirmed")


def attempts_of_others(asked: Asked) -> LeftOut:
    """Attempts of test orders, and those of the mode of Stripe that is not the shop's."""
    others = Q(payment__order__is_test=True) | Q(payment__tender=Payment.Tender.STRIPE, payment__livemode=not is_live())
    attempts = PaymentAttempt.objects.filter(_between(asked, "at"), others)
    return LeftOut(_in_currency(asked, attempts).count(), "attempt", "of test orders or of the other mode of Stripe")


def payments_without_attempt(asked: Asked) -> LeftOut:
    """Payments that came with history and were never tried here."""
    tried = PaymentAttempt.objects.filter(payment=OuterRef("pk"))
    payments = Payment.objects.filter(
        ~Exists(tried), _between(asked, "succeeded_at"), tender=Payment.Tender.IMPORTED, order__is_test=False
    )
    return LeftOut(_in_currency(asked, payments).count(), "imported payment", "without an attempt")


def free_orders(asked: Asked) -> LeftOut:
    """Orders that cost nothing, for which nobody paid."""
    payments = Payment.objects.filter(_between(asked, "succeeded_at"), tender=Payment.Tender.FREE)
    return LeftOut(_in_currency(asked, payments).count(), "order", "that cost nothing")


def inquiries(asked: Asked) -> LeftOut:
    """Questions that a bank asked before it disputed anything."""
    rows = Dispute.objects.filter(_in_days(asked, "opened_day"), is_inquiry=True)
    return LeftOut(_in_currency(asked, rows).order_by().count(), "inquiry", "of a bank, which is no dispute")


def other_movements(asked: Asked) -> LeftOut:
    """Movements of the balance that this figure does not count."""
    rows = _in_currency(asked, BalanceTransaction.objects.filter(_in_days(asked)))
    is_fee = Q(reporting_category__in=FEES)
    said = {
        "disputed_amount": ("that is no dispute", ~Q(reporting_category__in=DISPUTES)),
        "stripe_net": (
            "that moves money between Stripe and the bank: payouts and top-ups",
            Q(reporting_category__in=(*PAYOUTS, *TOPUPS)),
        ),
        "stripe_fees": ("without a fee", Q(fee_minor=0) & ~is_fee),
    }
    text, condition = said[asked.kpi.id]
    url = reverse("payments:console_movements", query=_days(asked))
    return LeftOut(rows.filter(condition).order_by().count(), "movement", text, url)


def payouts_not_paid(asked: Asked) -> LeftOut:
    """Payouts on their way, canceled, or failed: those gave the money back."""
    rows = Payout.objects.filter(_in_days(asked, "arrives_on")).exclude(status="paid")
    url = reverse("payments:console_payouts", query=_days(asked))
    return LeftOut(_in_currency(asked, rows).order_by().count(), "payout", "on its way, failed or canceled", url)


def unsent_orders(asked: Asked) -> LeftOut:
    """Orders of these days that are still to be sent, or sent in part."""
    condition = _between(asked, "paid_at") & Q(status=Order.Status.PAID, is_test=False)
    url = asked.url(kpi="backlog")
    return LeftOut(_orders(asked, condition), "order", "paid in these days and not sent in full", url)


def test_orders_sent(asked: Asked) -> LeftOut:
    """Test orders that were marked as sent."""
    count = _orders(asked, _between(asked, "fulfilled_at") & Q(is_test=True, status=Order.Status.FULFILLED))
    return LeftOut(count, "test order", "", _list(asked, test="only"))


def test_orders_unsent(asked: Asked) -> LeftOut:
    """Test orders that wait to be sent."""
    return LeftOut(
        _orders(asked, Q(is_test=True, status=Order.Status.PAID)),
        "test order",
        "",
        reverse("orders:console_list", query={"test": "only", "status": "paid"}),
    )


def wishes_taken_back(asked: Asked) -> LeftOut:
    """Wishes that ended; ending one undoes nothing."""
    events = WishEvent.objects.filter(_in_days(asked), kind=WishEvent.Kind.UNWISH)
    return LeftOut(events.count(), "end", "of a wish, which undoes nothing")


def wishes_still_open(asked: Asked) -> LeftOut:
    """Wishes that may still lead to a sale: no reason to leave them out, but one to look again."""
    young = WishEvent.objects.filter(_in_days(asked), kind=WishEvent.Kind.WISH, at__gt=timezone.now() - WISH_OPEN_FOR)
    return LeftOut(young.count(), "wish", "younger than 30 days: counted, as not bought unless it was")


def bags_still_open(asked: Asked) -> LeftOut:
    """Bags that may still come further."""
    young = Cart.objects.filter(_between(asked, "created_at"), created_at__gte=timezone.now() - OPEN_FOR)
    return LeftOut(young.exclude(order=None, closed_at__isnull=False).count(), "bag", "younger than 7 days")


def bags_poured(asked: Asked) -> LeftOut:
    """Bags that became part of another when their owner signed in."""
    bags = Cart.objects.filter(_between(asked, "created_at"), order=None, closed_at__isnull=False)
    return LeftOut(bags.count(), "bag", "poured into another at sign-in")


def uncounted_stock(_asked: Asked) -> LeftOut:
    """Variants of which nobody counts how many there are."""
    return LeftOut(StockItem.objects.filter(tracked=False).count(), "variant", "whose stock is not counted")


def _days(asked: Asked) -> dict[str, str]:
    days = {"from": str(asked.window.start), "to": str(asked.window.end)}
    return days if asked.currency is None else {**days, "currency": asked.currency}


OF_SALES: tuple[Reason, ...] = (
    test_orders, unpaid_orders, never_paid_orders, surplus_payments, entries_without_cost,
)  # fmt: skip
REASONS: dict[str, tuple[Reason, ...]] = {
    "entries": OF_SALES,
    "orders": OF_SALES,
    "customers": OF_SALES,
    "members": OF_SALES,
    "wishes": (wishes_taken_back, wishes_still_open, test_orders),
    "carts": (bags_still_open, bags_poured),
    "attempts": (unconfirmed_attempts, attempts_of_others, payments_without_attempt, free_orders),
    "intents": (unconfirmed_attempts, attempts_of_others, payments_without_attempt, free_orders),
    "disputes": (inquiries, free_orders, attempts_of_others),
    "movements": (other_movements,),
    "payouts": (payouts_not_paid,),
    "sent": (unsent_orders, test_orders_sent),
    "unsent": (test_orders_unsent,),
    "variant_days": (uncounted_stock,),
}
