"""What an object looks like in an answer: private keys removed, `expand[]` followed."""

from collections.abc import Iterable
from typing import Any

from stripe_simulator import clock, store
from stripe_simulator.errors import ApiError
from stripe_simulator.models import Resource

_DEEPEST = 4
# Properties that hold an id and may be replaced by the object.
_REFERENCES = {
    "checkout.session": {"payment_intent"},
    "payment_intent": {"latest_charge"},
    "charge": {"balance_transaction", "failure_balance_transaction", "payment_intent"},
    "refund": {"balance_transaction", "failure_balance_transaction", "charge", "payment_intent"},
    "balance_transaction": {"source"},
    "dispute": {"charge", "payment_intent"},
    "payout": {"balance_transaction", "failure_balance_transaction"},
}
# Properties that Stripe knows but whose value is always null here.
_ALWAYS_NULL = {
    "checkout.session": {"customer", "invoice", "subscription", "setup_intent", "payment_link"},
    "payment_intent": {"customer", "application", "on_behalf_of", "review"},
    "charge": {"customer", "application", "application_fee", "on_behalf_of", "review", "transfer"},
    "payout": {"destination", "original_payout", "reversed_by"},
}
# Lists that are left out unless they are asked for.
_INCLUDED = {("checkout.session", "line_items"), ("charge", "refunds")}


def render(resource: Resource, expand: Iterable[str] = ()) -> dict[str, Any]:
    """The object as the API answers it, with the properties named by `expand` followed."""
    shown = store.visible(resource.data)
    if resource.kind == "balance_transaction":
        shown["status"] = "available" if shown["available_on"] <= clock.stamp() else "pending"
    if resource.kind == "event":
        shown["pending_webhooks"] = _pending(resource)
    for first, deeper in _by_first_step(expand).items():
        expanded = _expanded(resource, first, deeper)
        if expanded is not None:  # what is null, or not there yet, stays so
            shown[first] = expanded
    return shown


def _pending(event: Resource) -> int:
    """How many deliveries of an event wait; a list of events has counted them in its one query."""
    counted: int | None = getattr(event, "pending", None)
    return event.deliveries.filter(state="pending").count() if counted is None else counted


def _by_first_step(expand: Iterable[str]) -> dict[str, list[str]]:
    steps: dict[str, list[str]] = {}
    for path in expand:
        if path.count(".") >= _DEEPEST:
            raise ApiError(f"You cannot expand more than {_DEEPEST} levels of a property.", param="expand")
        first, _, rest = path.partition(".")
        steps.setdefault(first, []).extend([rest] if rest else [])
    return steps


def _expanded(resource: Resource, name: str, deeper: list[str]) -> Any:
    kind = resource.kind
    if (kind, name) in _INCLUDED:
        return _included_list(resource, name, deeper)
    if name in _ALWAYS_NULL.get(kind, ()):
        return None
    if name not in _REFERENCES.get(kind, ()):
        raise ApiError(f"This property cannot be expanded ({name}).", param="expand")
    stripe_id = resource.data.get(name)
    if stripe_id is None:
        return None
    return render(Resource.objects.get(stripe_id=stripe_id), deeper)


def _included_list(resource: Resource, name: str, deeper: list[str]) -> dict[str, Any]:
    inner = strip_data(deeper)
    if name == "line_items":
        url = f"/v1/checkout/sessions/{resource.stripe_id}/line_items"
        items = resource.data["_line_items"]
        return {"object": "list", "data": items[:10], "has_more": len(items) > 10, "url": url}
    refunds = list(
        Resource.objects.filter(kind="refund", charge_id=resource.stripe_id).order_by("-created", "-id")[:11]
    )
    shown = [render(refund, inner) for refund in refunds[:10]]
    url = f"/v1/charges/{resource.stripe_id}/refunds"
    return {"object": "list", "data": shown, "has_more": len(refunds) > 10, "url": url}


def strip_data(paths: Iterable[str]) -> list[str]:
    """Paths into a list's members: every one must begin with `data.`."""
    inner = []
    for path in paths:
        head, _, rest = path.partition(".")
        if head != "data":
            raise ApiError(
                f"This property cannot be expanded ({head}). You may want to try expanding 'data.{head}' instead.",
                param="expand",
            )
        if rest:
            inner.append(rest)
    return inner
