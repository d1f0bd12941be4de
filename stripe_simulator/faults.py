"""Misbehaviour on demand. Orders are rows, so that any process can strike with what another ordered."""

from dataclasses import dataclass

from django.db.models import F

from stripe_simulator.models import Fault

REQUEST = "request"
EVENT = "event"
BALANCE = "balance"
REFUND = "refund"


@dataclass(frozen=True)
class Order:
    """A fault that strikes now."""

    mode: str
    seconds: int | None


def order(area: str, subject: str, mode: str, *, times: int = 1, seconds: int | None = None) -> None:
    """Let the next `times` matching happenings go wrong in the way of `mode`; subject `*` is any."""
    Fault.objects.create(area=area, subject=subject, mode=mode, remaining=times, seconds=seconds)


def take(area: str, subject: str) -> Order | None:
    """Use up one order that matches, if there is any; the oldest first."""
    waiting = Fault.objects.filter(area=area, subject__in=(subject, "*"), remaining__gt=0)
    for fault in waiting.order_by("pk"):
        if waiting.filter(pk=fault.pk).update(remaining=F("remaining") - 1):
            return Order(fault.mode, fault.seconds)
    return None
