"""Where an act or a refusal is announced; the audit room registers itself as the one that writes it down.

Rooms below audit (this one and mail) announce; rooms above it call `audit.recording.record` themselves.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from django.db import models
from django.http import HttpRequest


@dataclass(frozen=True)
class Act:
    """What somebody did or was refused. `reason` is a code or a sentence without personal data."""

    request: HttpRequest
    action: str
    subject: models.Model | None = None
    outcome: Literal["done", "refused"] = "done"
    reason: str = ""


Recorder = Callable[[Act], None]
_recorders: list[Recorder] = []


def record_acts_with(recorder: Recorder) -> None:
    """Register a function that is told of each act (called from `AppConfig.ready`)."""
    if recorder not in _recorders:
        _recorders.append(recorder)


def announce(request: HttpRequest, action: str, *, subject: models.Model | None = None, reason: str = "") -> None:
    """Tell the recorders of an act that was done, inside the transaction that did it."""
    _tell(Act(request, action, subject, "done", reason))


def refused(request: HttpRequest, *, permission: str) -> None:
    """Tell the recorders that this request was refused at the door for want of a permission."""
    _tell(Act(request, "access.refused", None, "refused", permission))


def _tell(act: Act) -> None:
    for recorder in _recorders:
        recorder(act)
