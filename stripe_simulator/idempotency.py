"""Idempotency keys: the same request twice is done once (https://docs.stripe.com/api/idempotent_requests)."""

import hashlib
import json
from datetime import timedelta
from typing import Any

from stripe_simulator import clock
from stripe_simulator.errors import ApiError
from stripe_simulator.models import IdempotentCall

_LONGEST_KEY = 255
_KEPT_FOR = timedelta(hours=24)


def claim(key: str, request: list[Any], request_id: str) -> IdempotentCall:
    """The record of this key, made now if it is new (`status` 0). Runs in a transaction.

    A second request with the same key waits here until the first has ended. Raises ApiError if the
    key was used with other parameters.
    """
    if not key or len(key) > _LONGEST_KEY or "\0" in key:
        raise ApiError("Idempotency keys must be 1 to 255 characters long.", kind="idempotency_error")
    IdempotentCall.objects.filter(key=key, created_at__lt=clock.now() - _KEPT_FOR).delete()
    digest = hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()
    call, _ = IdempotentCall.objects.select_for_update().get_or_create(
        key=key,
        defaults={"params_hash": digest, "request_id": request_id, "created_at": clock.now()},
    )
    if call.params_hash != digest:
        raise ApiError(
            "Keys for idempotent requests can only be used with the same parameters they were first used with. "
            f"Try using a key other than '{key}' if you meant to execute a different request.",
            kind="idempotency_error",
        )
    return call


def remember(call: IdempotentCall, status: int, body: str) -> None:
    """Keep the answer for whoever repeats the request."""
    call.status, call.body = status, body
    call.save(update_fields=["status", "body"])
