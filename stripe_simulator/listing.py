"""Stripe's lists: newest first, by cursor, with `has_more`."""

from typing import Any

from django.db.models import Q, QuerySet

from stripe_simulator import store
from stripe_simulator.expansion import render, strip_data
from stripe_simulator.models import Resource

_DEFAULT_LIMIT = 10


def page(rows: QuerySet[Resource], params: dict[str, Any], *, url: str, kind: str) -> dict[str, Any]:
    """One page of `rows` as a Stripe list object."""
    expand = strip_data(params.get("expand", ()))
    limit = params.get("limit", _DEFAULT_LIMIT)
    for bound, moment in params.get("created", {}).items():
        rows = rows.filter(**{f"created__{bound}": moment})
    if cursor := params.get("ending_before"):
        edge = store.find(kind, cursor, param="ending_before")
        newer = Q(created__gt=edge.created) | Q(created=edge.created, pk__gt=edge.pk)
        found = list(rows.filter(newer).order_by("created", "pk")[: limit + 1])
        shown = found[:limit][::-1]
    else:
        if cursor := params.get("starting_after"):
            edge = store.find(kind, cursor, param="starting_after")
            rows = rows.filter(Q(created__lt=edge.created) | Q(created=edge.created, pk__lt=edge.pk))
        found = list(rows.order_by("-created", "-pk")[: limit + 1])
        shown = found[:limit]
    return {
        "object": "list",
        "data": [render(row, expand) for row in shown],
        "has_more": len(found) > limit,
        "url": url,
    }
