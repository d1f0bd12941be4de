"""An order as staff see it: its conditions, what can be done next, money, parcels, timeline and customer."""

from functools import cached_property
from typing import Any

from django.urls import reverse

from accounts.models import User
from orders.conditions import Condition, goods_condition, money_condition
from orders.models import Fulfilment, Invoice, Order, OrderAddress, OrderLine, Return
from orders.returnable import returnable_units
from orders.selectors import country_name
from orders.showing import totals_of
from orders.staff_timeline import Entry, timeline
from orders.transitions import Status

OTHER_ORDERS = 5
UNSETTLED = ("creating", "open", "processing")
UNSENT = ("submitting",)


class StaffOrderPage:
    """Everything that an order's console page shows, read once."""

    def __init__(self, order: Order, user: User) -> None:
        self.order = order
        self.may_manage = user.has_perm("rbac.orders_manage")
        self.may_refund = user.has_perm("rbac.refunds_make")
        self.may_see_mail = user.has_perm("rbac.mail_view")
        self.may_see_invoices = user.has_perm("rbac.invoices_view")
        self.may_see_disputes = user.has_perm("rbac.disputes_manage")
        self.may_handle_returns = user.has_perm("rbac.returns_manage")

    @cached_property
    def lines(self) -> list[OrderLine]:
        """The order's lines."""
        return list(self.order.lines.all())

    @cached_property
    def payments(self) -> list[Any]:
        """Payments with attempts, and refunds with what they give back; the oldest first."""
        wanted = self.order.payments.prefetch_related("refunds__lines__line", "payment_attempts", "disputes")
        return list(wanted.order_by("created_at", "pk"))

    @cached_property
    def refunds(self) -> list[Any]:
        """All refunds, the newest first."""
        found = [refund for payment in self.payments for refund in payment.refunds.all()]
        return sorted(found, key=lambda refund: (refund.created_at, refund.pk), reverse=True)

    @cached_property
    def disputes(self) -> list[Any]:
        """All disputes and inquiries, the newest first."""
        found = [dispute for payment in self.payments for dispute in payment.disputes.all()]
        return sorted(found, key=lambda dispute: (dispute.opened_at, dispute.pk), reverse=True)

    @property
    def is_bound(self) -> bool:
        """Whether the bank decides about its money: a dispute is open or lost."""
        return any((row.is_open or row.outcome == "lost") and not row.is_inquiry for row in self.disputes)

    @property
    def unanswered(self) -> Any:
        """A dispute or inquiry that waits for evidence; None without one, or for whom it is no concern."""
        return next((row for row in self.disputes if self.may_see_disputes and row.is_unanswered), None)

    @cached_property
    def parcels(self) -> list[Fulfilment]:
        """What was sent, with what was in it."""
        return list(self.order.fulfilments.prefetch_related("lines__line"))

    @cached_property
    def returns(self) -> list[Return]:
        """What comes back, or came back, the newest first."""
        return list(self.order.returns.prefetch_related("lines__line"))

    @cached_property
    def can_return(self) -> bool:
        """Whether something that was sent could still be sent back."""
        return self.may_handle_returns and any(returnable_units(self.order, self.lines).values())

    @property
    def money(self) -> Condition:
        """Whether it is paid."""
        return money_condition(self.order)

    @property
    def goods(self) -> Condition:
        """Whether it is sent."""
        return goods_condition(self.order, units_sent=self.units_sent)

    @property
    def units_sent(self) -> int:
        """Units on their way."""
        return sum(line.quantity_fulfilled for line in self.lines)

    @property
    def units_left(self) -> int:
        """Units still to be sent."""
        return sum(line.quantity_to_ship for line in self.lines)

    @property
    def is_held(self) -> bool:
        """Whether it is kept from being sent."""
        return self.order.held_at is not None and self.order.status in (Status.PENDING, Status.PAID)

    @property
    def can_hold(self) -> bool:
        """Whether it may be put on hold."""
        return self.may_manage and not self.is_held and self.order.status in (Status.PENDING, Status.PAID)

    @property
    def can_release(self) -> bool:
        """Whether its hold may be ended: not while a dispute or an inquiry is open, nor after a dispute was lost."""
        is_kept = any(row.is_open or row.outcome == "lost" for row in self.disputes)
        return self.may_manage and self.is_held and not is_kept

    @property
    def can_ship(self) -> bool:
        """Whether there is something to send."""
        return self.may_manage and self.order.status == Status.PAID and self.units_left > 0

    @property
    def can_refund(self) -> bool:
        """Whether some of its money can still be given back."""
        paid = (row for row in self.payments if row.disposition == "applied")
        return self.may_refund and not self.is_bound and any(row.refundable_minor > 0 for row in paid)

    @property
    def can_cancel(self) -> bool:
        """Whether it can be canceled: unpaid, or paid with nothing sent, and what is left of its money goes back."""
        is_unsent = self.order.status == Status.PAID and not self.units_sent
        return self.may_manage and not self.is_bound and (self.order.status == Status.PENDING or is_unsent)

    @property
    def can_sync(self) -> bool:
        """Whether Stripe knows something about a payment that is not settled."""
        return self.may_manage and any(row.status in UNSETTLED and row.stripe_session_id for row in self.payments)

    @property
    def unsent_refund(self) -> Any:
        """A refund that is promised and whose way to Stripe was cut short; None without one."""
        return next((row for row in self.refunds if self.may_refund and row.status in UNSENT), None)

    @property
    def primary(self) -> str:
        """The one thing to do next: `send_refund`, `refund`, `dispute`, `release`, `ship`, `sync`, or nothing."""
        has_failed = bool(self.refunds) and self.refunds[0].status == "failed"
        steps = {
            "send_refund": self.unsent_refund is not None,
            "refund": has_failed and self.can_refund,
            "dispute": self.unanswered is not None,
            "release": self.can_release,
            "ship": self.can_ship and not self.is_held,
            "sync": self.can_sync,
        }
        return next((step for step, is_due in steps.items() if is_due), "")

    @cached_property
    def totals(self) -> list[dict[str, Any]]:
        """The sums, from goods to what is left of the money."""
        order = self.order
        rows = totals_of(order, code=order.discount_code, delivery=order.shipping_name)
        if order.paid_at:
            rows.append({"label": "Paid", "amount_minor": order.paid_minor})
        if order.refunded_minor:
            rows.append({"label": "Refunded", "amount_minor": -order.refunded_minor})
            rows.append({"label": "Kept", "amount_minor": order.paid_minor - order.refunded_minor, "strong": True})
        return rows

    @cached_property
    def timeline(self) -> list[Entry]:
        """What happened, the newest first."""
        return timeline(self.order, self.payments, self.parcels)

    @cached_property
    def documents(self) -> list[Invoice]:
        """The invoice and then the credit notes, for whoever may see them."""
        if not self.may_see_invoices:
            return []
        return sorted(self.order.invoices.all(), key=lambda document: (document.is_credit_note, document.number))

    @cached_property
    def address(self) -> OrderAddress | None:
        """Where it goes; None once it is erased."""
        return OrderAddress.objects.filter(order=self.order).first()

    @property
    def country(self) -> str:
        """The country it goes to, in words."""
        return country_name(str(self.order.country))

    @cached_property
    def others(self) -> list[Order]:
        """The customer's latest other orders."""
        return list(Order.objects.filter(customer=self.order.customer_id).exclude(pk=self.order.pk)[:OTHER_ORDERS])

    @property
    def others_url(self) -> str:
        """Where all orders of this e-mail are listed."""
        return reverse("orders:console_list", query={"q": self.order.email}) if self.order.email else ""
