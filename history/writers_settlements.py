"""How refunds of a history ended: what was on its way succeeds or fails, what had succeeded comes back."""

from datetime import datetime

from history.fields import BadLine
from history.records import Line, SettlementRecord
from history.refs import World
from history.states import RefundState
from orders.splitting import Parts
from payments.models import Refund

Status = Refund.Status
ENDED = {Status.SUCCEEDED: "has succeeded", Status.FAILED: "has failed", Status.CANCELED: "was canceled"}


def add_settlement(world: World, line: Line, record: SettlementRecord) -> Refund:
    """Plan that a refund succeeded or failed, as the type of the line says. Raises BadLine.

    One that succeeds counts on the day that it was made, as Stripe dates it; one that comes back, on the day it did.
    """
    known = world.refunds.get(record.refund)
    if known is None:
        raise BadLine("refund", f"there is no refund {record.refund}")
    refund, status = known.refund, Status(known.refund.status)
    has_succeeded = line.type == "refund_succeeded"
    if status != Status.PENDING and (has_succeeded or status != Status.SUCCEEDED):
        raise BadLine("refund", f"{record.refund} {ENDED[status]} already")
    if record.at < refund.created_at:
        raise BadLine("at", "lies before the refund")
    if has_succeeded:
        _succeed(world, known)
    else:
        _fail(world, known, record, had_succeeded=status == Status.SUCCEEDED)
    world.plan.touch(known.state)
    world.plan.touch_refund(known)
    return refund


def _succeed(world: World, known: RefundState) -> None:
    refund, order = known.refund, known.state.order
    refund.status, refund.refunded_at = Status.SUCCEEDED, refund.created_at
    order.refunded_minor += refund.amount_minor
    if not known.is_new:
        world.plan.succeeded.append(known)
    _note(world, known, "refunded", known.refund.created_at)


def _fail(world: World, known: RefundState, record: SettlementRecord, *, had_succeeded: bool) -> None:
    """Give the money back to what is refundable, and the units that are not on the shelf again."""
    refund, state = known.refund, known.state
    refund.status, refund.failed_at = Status.FAILED, record.at
    if state.payment is not None:
        state.payment.refund_committed_minor -= refund.amount_minor
    state.left = state.left.minus(_opposite(known.parts))
    for place, row in known.rows.items():
        state.lines[place].quantity_refunded -= row.quantity - row.restocked_quantity
    if had_succeeded:
        state.order.refunded_minor -= refund.amount_minor
        world.plan.reversed.append(known)
    _note(world, known, "refund_reversed" if had_succeeded else "refund_failed", record.at)


def _opposite(parts: Parts) -> Parts:
    return Parts((0,) * len(parts.goods), (0,) * len(parts.tax)).minus(parts)


def _note(world: World, known: RefundState, kind: str, at: datetime) -> None:
    amount = known.refund.amount_minor
    world.plan.note(known.state.order, kind, at, about=("refund", known.refund), by="import", amount_minor=amount)
