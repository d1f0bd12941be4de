"""Events: what happened, told to the shop."""

from datetime import timedelta
from typing import Any

from django.db.models import Count, Q

from stripe_simulator import clock, faults, ids, store
from stripe_simulator.calls import Call, Endpoint, current_request
from stripe_simulator.errors import ApiError
from stripe_simulator.expansion import render
from stripe_simulator.listing import page
from stripe_simulator.models import Delivery, Resource
from stripe_simulator.params import DATED_LISTING, EXPAND, boolean, many, text

API_VERSION = "2026-05-27.dahlia"
_MOST_TYPES = 20


def emit(event_type: str, resource: Resource, previous: dict[str, Any] | None = None) -> Resource:
    """Record that `resource` is now as it is, and queue the event for delivery.

    Runs in the transaction of the change, so an event exists exactly if its change does.
    """
    told: dict[str, Any] = {"object": render(resource)}
    if previous is not None:
        told["previous_attributes"] = previous
    request = current_request.get()
    event = store.create(
        "event",
        {
            "id": ids.new_id("event"),
            "api_version": API_VERSION,
            "data": told,
            "livemode": False,
            "pending_webhooks": 1,
            "request": {"id": request.request_id, "idempotency_key": request.idempotency_key},
            "type": event_type,
        },
        label=event_type,
        source_id=resource.stripe_id,
    )
    _queue(event)
    return event


def _queue(event: Resource) -> None:
    fault = faults.take(faults.EVENT, event.label)
    mode = fault.mode if fault else ""
    now = clock.now()
    delay = timedelta(seconds=(fault.seconds or 0) if fault and mode == "delay" else 0)
    for _ in range(2 if mode == "duplicate" else 1):
        Delivery.objects.create(
            event=event,
            state=Delivery.State.DROPPED if mode == "drop" else Delivery.State.PENDING,
            # A reordered event overtakes everything that waits.
            position=-event.pk if mode == "reorder" else event.pk,
            created_at=now,
            next_attempt_at=now + delay,
        )


def _of_types(names: list[str]) -> Q:
    condition = Q()
    for name in names:
        stem = name.removesuffix("*")
        condition |= Q(label__startswith=stem) if stem.endswith(".") else Q(label=name)
    return condition


def _retrieve(call: Call) -> dict[str, Any]:
    return render(store.find("event", call.ids[0]), call.expand)


def _list(call: Call) -> dict[str, Any]:
    rows = Resource.objects.filter(kind="event").annotate(
        pending=Count("deliveries", filter=Q(deliveries__state=Delivery.State.PENDING))
    )
    wanted = call.params.get("types", [])
    if "type" in call.params:
        if wanted:
            raise ApiError("You may pass either `type` or `types`, not both.", param="type")
        wanted = [call.params["type"]]
    if wanted:
        rows = rows.filter(_of_types(wanted))
    if "delivery_success" in call.params:
        unsent = Delivery.objects.exclude(state=Delivery.State.DELIVERED).values("event")
        rows = rows.exclude(pk__in=unsent) if call.params["delivery_success"] else rows.filter(pk__in=unsent)
    return page(rows, call.params, url=call.path, kind="event")


ENDPOINTS = (
    Endpoint(
        "GET",
        "/v1/events",
        "events.list",
        _list,
        {**DATED_LISTING, "type": text(), "types": many(text(), _MOST_TYPES), "delivery_success": boolean},
    ),
    Endpoint("GET", "/v1/events/*", "events.retrieve", _retrieve, EXPAND),
)
