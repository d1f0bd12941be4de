"""Writes to Stripe under stored idempotency keys: what was sent is known before it is sent."""

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from django.utils import timezone

from payments.errors import GatewayRefused, GatewayUnclear, KeyReused
from payments.models import OutboundCall


class HasId(Protocol):
    """Whatever Stripe made has an id."""

    @property
    def id(self) -> str: ...


def call_once[T: HasId](operation: str, *, key: str, params: Mapping[str, Any], send: Callable[..., T]) -> T:
    """Send a write under its key and keep the outcome. Never inside a transaction.

    After an unclear answer, calling again with the same key and parameters is safe: Stripe repeats its answer or
    does it for the first time. Raises GatewayRefused or GatewayUnclear, and KeyReused for a key used with other
    parameters.
    """
    digest = hashlib.sha256(json.dumps(params, sort_keys=True, default=str).encode()).hexdigest()
    call, _ = OutboundCall.objects.get_or_create(
        idempotency_key=key, defaults={"operation": operation, "params_hash": digest}
    )
    if call.params_hash != digest:
        raise KeyReused(f"{key} was sent before with other parameters")
    try:
        made = send(params, idempotency_key=key)
    except GatewayRefused as error:
        _close(call, OutboundCall.State.REFUSED, error=str(error), request_id=error.request_id)
        raise
    except GatewayUnclear as error:
        _close(call, OutboundCall.State.UNCLEAR, error=str(error), request_id=error.request_id)
        raise
    _close(call, OutboundCall.State.ANSWERED, object_id=made.id)
    return made


def _close(call: OutboundCall, state: str, *, error: str = "", object_id: str = "", request_id: str = "") -> None:
    OutboundCall.objects.filter(pk=call.pk).update(
        state=state,
        error=error[:300],
        stripe_object_id=object_id,
        request_id=request_id[:120],
        answered_at=timezone.now(),
    )
