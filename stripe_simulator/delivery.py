"""Sending events to the shop, signed, until they are answered with a 2xx."""

import hashlib
import hmac
import json
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import timedelta

from django.conf import settings
from django.db import connections, transaction
from django.utils.module_loading import import_string

from stripe_simulator import clock
from stripe_simulator.expansion import render
from stripe_simulator.models import Delivery

type Transport = Callable[[str, dict[str, str], bytes], int]

THREAD = "stripe-simulator-delivery"
_TIMEOUT_SECONDS = 5
_FIRST_PAUSE = timedelta(seconds=5)
_LONGEST_PAUSE = timedelta(hours=1)
_GIVES_UP_AFTER = timedelta(days=3)


def sign(payload: bytes, secret: str, timestamp: int) -> str:
    """The Stripe-Signature header for a payload (https://docs.stripe.com/webhooks#verify-manually)."""
    signed = f"{timestamp}.".encode() + payload
    digest = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    return f"t={timestamp},v1={digest}"


def post(url: str, headers: dict[str, str], body: bytes) -> int:
    """Send one event over HTTP; the status of the answer. Raises OSError if there is none."""
    request = urllib.request.Request(url, data=body, headers=headers, method="POST")  # noqa: S310 - the address is a setting
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as response:  # noqa: S310
            return response.status
    except urllib.error.HTTPError as refusal:
        return refusal.code


def _transport() -> Transport:
    configured = getattr(settings, "STRIPE_SIMULATOR_DELIVER", None) or post
    return import_string(configured) if isinstance(configured, str) else configured


def _endpoint() -> tuple[str, str]:
    """The webhook's address and the newest secret; an address is only needed to send over HTTP."""
    secrets = getattr(settings, "STRIPE_WEBHOOK_SECRETS", None) or [""]
    return getattr(settings, "STRIPE_SIMULATOR_WEBHOOK_URL", ""), secrets[0]


def deliver_due(limit: int = 100, *, include_later: bool = False) -> int:
    """Try the pending deliveries whose time has come, in their order; returns how many arrived.

    Safe to call from several processes at once: each attempt is claimed first. Delivery is at least
    once, like Stripe's: an answer that is lost leads to another attempt. Without a webhook address or
    secret nothing is tried.
    """
    url, secret = _endpoint()
    transport = _transport()
    if not secret or (not url and transport is post):
        return 0
    due = Delivery.objects.filter(state=Delivery.State.PENDING).select_related("event")
    if not include_later:
        due = due.filter(next_attempt_at__lte=clock.now())
    return sum(_attempt(delivery, url, secret, transport) for delivery in due.order_by("position", "pk")[:limit])


def _attempt(delivery: Delivery, url: str, secret: str, transport: Transport) -> bool:
    if not _claim(delivery):
        return False
    body = json.dumps(render(delivery.event), indent=2).encode()
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "Stripe-Signature": sign(body, secret, clock.stamp()),
        "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
    }
    try:
        status = transport(url, headers, body)
    except OSError:
        status = None
    arrived = status is not None and 200 <= status < 300
    changes: dict[str, object] = {"last_status": status}
    if arrived:
        changes |= {"state": Delivery.State.DELIVERED, "delivered_at": clock.now()}
    elif clock.now() - delivery.created_at > _GIVES_UP_AFTER:
        changes |= {"state": Delivery.State.GIVEN_UP}
    Delivery.objects.filter(pk=delivery.pk).update(**changes)
    return arrived


def _claim(delivery: Delivery) -> bool:
    """Count the attempt and push the next one back before sending, so that no one sends beside us."""
    pause = min(_FIRST_PAUSE * 2 ** min(delivery.attempts, 12), _LONGEST_PAUSE)
    waiting = Delivery.objects.filter(pk=delivery.pk, state=Delivery.State.PENDING, attempts=delivery.attempts)
    return bool(waiting.update(attempts=delivery.attempts + 1, next_attempt_at=clock.now() + pause))


def deliver_soon() -> None:
    """After the commit, try to deliver from a thread: a courtesy, the worker's job is the guarantee.

    Only if `STRIPE_SIMULATOR_DELIVER_IN_THREAD` is set: tests deliver when they say so.
    """
    if getattr(settings, "STRIPE_SIMULATOR_DELIVER_IN_THREAD", False):
        transaction.on_commit(lambda: threading.Thread(target=_deliver_in_thread, name=THREAD, daemon=True).start())


def _deliver_in_thread() -> None:
    try:
        deliver_due()
    finally:
        connections.close_all()
