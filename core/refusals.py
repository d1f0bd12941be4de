"""Where a refusal at the door of a page is announced; the audit room registers itself as the one that writes it."""

from collections.abc import Callable

from django.http import HttpRequest

Recorder = Callable[[HttpRequest, str], None]
_recorders: list[Recorder] = []


def record_refusals_with(recorder: Recorder) -> None:
    """Register a function that is told of each refusal (called from `AppConfig.ready`)."""
    if recorder not in _recorders:
        _recorders.append(recorder)


def refused(request: HttpRequest, *, permission: str) -> None:
    """Tell the recorders that this request was refused for want of a permission."""
    for recorder in _recorders:
        recorder(request, permission)
