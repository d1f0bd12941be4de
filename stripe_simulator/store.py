"""Reading and writing Stripe objects in the one table that holds them."""

from typing import Any

from stripe_simulator import clock, ids
from stripe_simulator.errors import no_such
from stripe_simulator.models import Resource

# The parameter that Stripe names when an object of this kind is not found.
_PARAM_OF = {"checkout.session": "session", "payment_intent": "intent"}


def create(kind: str, data: dict[str, Any], **keys: str) -> Resource:
    """Store a new object; `id`, `object` and `created` are filled in unless `data` has them."""
    defaults: dict[str, Any] = {"id": ids.new_id(kind), "object": kind, "created": clock.stamp()}
    data = defaults | data
    return Resource.objects.create(kind=kind, stripe_id=data["id"], created=data["created"], data=data, **keys)


def find(kind: str, stripe_id: str, *, param: str | None = None) -> Resource:
    """The object, or Stripe's `resource_missing` error."""
    found = Resource.objects.filter(kind=kind, stripe_id=stripe_id).first()
    if found is None:
        raise no_such(kind, stripe_id, param=param or _PARAM_OF.get(kind, "id"))
    return found


def lock(kind: str, stripe_id: str, *, param: str | None = None) -> Resource:
    """Like `find`, holding the row until the transaction ends. Order: session, intent, charge."""
    found = Resource.objects.select_for_update().filter(kind=kind, stripe_id=stripe_id).first()
    if found is None:
        raise no_such(kind, stripe_id, param=param or _PARAM_OF.get(kind, "id"))
    return found


def change(resource: Resource, **values: Any) -> dict[str, Any]:
    """Write `values` into the object and return what they replaced, as an event tells it."""
    previous = {key: resource.data.get(key) for key, value in values.items() if resource.data.get(key) != value}
    resource.data.update(values)
    if "status" in values and resource.kind != "event":
        resource.label = values["status"]
    resource.save()
    return {key: value for key, value in previous.items() if not key.startswith("_")}


def visible(data: dict[str, Any]) -> dict[str, Any]:
    """The object without the simulator's own keys."""
    return {key: value for key, value in data.items() if not key.startswith("_")}
