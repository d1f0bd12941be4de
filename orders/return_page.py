"""Returns as pages show them: to the shopper on their order, to staff as a list and one by one."""

import re
from functools import cached_property
from typing import Any

from django.db.models import QuerySet, Sum
from django.urls import reverse

from accounts.models import User
from core.days import today
from orders.finding import matching
from orders.links import guest_path, guest_signature
from orders.models import Order, OrderLine, Return, ReturnLine
from orders.return_forms import DecisionForm, ReceiveForm
from orders.returnable import return_until, returnable_units

NUMBER = re.compile(r"RET-?([0-9]{1,15})\Z", re.IGNORECASE)
CAME_TO_NOTHING = ("failed", "canceled", "rejected")
Status = Return.Status


def listed(*, q: str = "", show: str = "") -> QuerySet[Return]:
    """Return returns with their `units`: what is open oldest first, what is over or all newest first."""
    rows = Return.objects.select_related("order__customer").annotate(units=Sum("lines__quantity"))
    if number := NUMBER.match(q.strip()):
        rows = rows.filter(pk=int(number[1]))
    elif q:
        rows = rows.filter(order__in=Order.objects.filter(matching(q)).order_by())
    if show in ("", "waiting", *Return.OPEN):
        rows = rows.open() if not show else rows.waiting_for_us() if show == "waiting" else rows.filter(status=show)
        return rows.order_by("requested_at", "pk")
    return (rows if show == "all" else rows.filter(status=show)).order_by("-requested_at", "-pk")


def waiting_returns() -> QuerySet[Return]:
    """Return the returns that wait for what only staff can do."""
    return Return.objects.waiting_for_us()


class ShopperReturns:
    """What the owner or guest of an order sees of its returns, and whether they may ask for another."""

    def __init__(self, order: Order, *, is_guest: bool) -> None:
        self.order = order
        self.is_guest = is_guest

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        """Its returns, the newest first, each with what comes back and the address that withdraws it."""
        found = self.order.returns.prefetch_related("lines__line")
        return [{"row": row, "withdraw_url": self._address("return_withdraw", row.pk)} for row in found]

    @cached_property
    def lines(self) -> list[OrderLine]:
        """The order's lines."""
        return list(self.order.lines.all())

    @cached_property
    def left(self) -> dict[int, int]:
        """How many units of each line can still be sent back."""
        return returnable_units(self.order, self.lines)

    @cached_property
    def until(self) -> Any:
        """The last day on which the shopper may ask; None while nothing was sent."""
        return return_until(self.order)

    @cached_property
    def can_ask(self) -> bool:
        """Whether there is something to send back, and time."""
        return self.until is not None and today() <= self.until and self.has_units_left

    @property
    def has_units_left(self) -> bool:
        """Whether there is something to send back."""
        return any(self.left.values())

    @property
    def ask_url(self) -> str:
        """Where a return is asked for."""
        return self._address("return_request")

    @property
    def order_url(self) -> str:
        """The order's own page."""
        return guest_path(self.order) if self.is_guest else self.order.get_absolute_url()

    def _address(self, name: str, *rest: int) -> str:
        if self.is_guest:
            return reverse(f"orders:guest_{name}", args=[self.order.public_id, guest_signature(self.order), *rest])
        return reverse(f"orders:{name}", args=[self.order.public_id, *rest])


class StaffReturnPage:
    """One return as staff see it, and the one thing to do next."""

    def __init__(
        self, row: Return, user: User, *, decision: DecisionForm | None = None, receipt: ReceiveForm | None = None
    ) -> None:
        self.row = row
        self.user = user
        self.decision = decision or DecisionForm()
        self._receipt = receipt

    @cached_property
    def lines(self) -> list[ReturnLine]:
        """What was asked for, and what came of it."""
        return list(self.row.lines.select_related("line").order_by("line__position"))

    @cached_property
    def receipt(self) -> ReceiveForm:
        """What was in the parcel; goods that a shopper only changed their mind about go on the shelf."""
        return self._receipt or ReceiveForm(lines=self.lines, on_shelf=self.row.reason == Return.Reason.UNWANTED)

    @cached_property
    def refunds(self) -> list[Any]:
        """The refunds of it, the newest first: any but the last has come to nothing."""
        return list(self.row.refunds.order_by("-created_at", "-pk"))

    @property
    def has_failed(self) -> bool:
        """Whether the last refund came to nothing, so that it has to be made again."""
        return self.row.status == Status.RECEIVED and bool(self.refunds) and self.refunds[0].status in CAME_TO_NOTHING

    @property
    def can_refund(self) -> bool:
        """Whether its money can be given back now, by whoever looks."""
        return self.row.status == Status.RECEIVED and self.user.has_perm("rbac.refunds_make")

    @property
    def can_close(self) -> bool:
        """Whether it can be closed without a refund after it was approved."""
        return self.row.status in (Status.APPROVED, Status.RECEIVED)

    @property
    def decided_by(self) -> User | None:
        """Who decided on it."""
        return User.objects.filter(pk=self.row.decided_by_id).first() if self.row.decided_by_id else None
