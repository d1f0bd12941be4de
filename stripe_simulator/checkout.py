"""The endpoints of Checkout sessions."""

from typing import Any

from stripe_simulator import clock, currencies, ids, schedule, sessions, store
from stripe_simulator.calls import Call, Endpoint
from stripe_simulator.errors import ApiError, missing_param, no_such, refused
from stripe_simulator.expansion import render
from stripe_simulator.listing import page
from stripe_simulator.models import Resource
from stripe_simulator.params import (
    DATED_LISTING,
    EXPAND,
    LISTING,
    boolean,
    choice,
    currency,
    email,
    integer,
    many,
    metadata,
    nested,
    required,
    text,
    url,
)

_SHORTEST = 30 * 60
_LONGEST = 24 * 60 * 60
_MOST_LINES = 100


def _create(call: Call) -> dict[str, Any]:
    params = call.params
    lines, code = _lines(params["line_items"], params.get("currency"))
    total = sum(line["amount_total"] for line in lines)
    _check_total(total, code)
    created = clock.stamp()
    expires_at = _expiry(params.get("expires_at"), created)
    session_id = ids.new_id("checkout.session")
    kept = ("client_reference_id", "customer_email", "metadata", "cancel_url", "success_url", "locale", "submit_type",
            "billing_address_collection", "customer_creation", "payment_method_types")  # fmt: skip
    session = sessions.open_session(
        {key: params[key] for key in kept if key in params}
        | {
            "id": session_id,
            "created": created,
            "amount_subtotal": total,
            "amount_total": total,
            "currency": code,
            "url": sessions.page_url(session_id, origin=call.origin, success_url=params["success_url"]),
            "_line_items": lines,
            "_intent_values": params.get("payment_intent_data", {}),
        },
        expires_at,
    )
    return render(session, call.expand)


def _lines(entries: list[dict[str, Any]], wanted: str | None) -> tuple[list[dict[str, Any]], str]:
    if not entries:
        raise missing_param("line_items")
    for position, entry in enumerate(entries):
        _check_line(entry, f"line_items[{position}]")
    codes = {entry["price_data"]["currency"] for entry in entries} | ({wanted} if wanted else set())
    if len(codes) > 1:
        raise ApiError(
            f"All line items must have the same currency. This request has {' and '.join(sorted(codes))}.",
            param="line_items",
        )
    code = codes.pop()
    return [sessions.new_line(entry, code) for entry in entries], code


def _check_line(entry: dict[str, Any], name: str) -> None:
    if "price" in entry:
        raise no_such("price", entry["price"], param=f"{name}[price]")
    if "price_data" not in entry:
        raise missing_param(f"{name}[price_data]")
    if "quantity" not in entry:
        raise ApiError(
            f"Quantity is required. Add `quantity` to `{name}`",
            code="parameter_missing",
            param=f"{name}[quantity]",
        )


def _check_total(total: int, code: str) -> None:
    smallest = currencies.smallest_charge(code)
    if total < smallest:
        raise ApiError(
            f"The Checkout Session's total amount must convert to at least {currencies.show_coins(smallest, code)}.",
            code="amount_too_small",
        )
    if total > currencies.LARGEST_CHARGE:
        largest = currencies.show(currencies.LARGEST_CHARGE, code)
        raise ApiError(
            f"The Checkout Session's total amount due must be no more than {largest}.", code="amount_too_large"
        )
    if currencies.decimals(code) == 3 and total % 10:
        raise ApiError(f"Invalid amount: in {code.upper()} the last digit must be 0, but the total is {total}.")


def _expiry(asked: int | None, now: int) -> int:
    if asked is None:
        return now + _LONGEST
    if asked < now + _SHORTEST:
        raise ApiError(
            "The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation.",
            param="expires_at",
        )
    if asked > now + _LONGEST:
        raise ApiError(
            "The `expires_at` timestamp must be less than 24 hours from Checkout Session creation.",
            param="expires_at",
        )
    return asked


def _retrieve(call: Call) -> dict[str, Any]:
    schedule.run_due(target_id=call.ids[0])
    return render(store.find("checkout.session", call.ids[0]), call.expand)


def _list(call: Call) -> dict[str, Any]:
    schedule.run_due()
    rows = Resource.objects.filter(kind="checkout.session")
    if "payment_intent" in call.params:
        rows = rows.filter(intent_id=call.params["payment_intent"])
    if "status" in call.params:
        rows = rows.filter(label=call.params["status"])
    if "customer_details" in call.params:
        rows = rows.filter(data__customer_details__email=call.params["customer_details"]["email"])
    return page(rows, call.params, url=call.path, kind="checkout.session")


def _expire(call: Call) -> dict[str, Any]:
    session = store.lock("checkout.session", call.ids[0])
    status = session.data["status"]
    if status != "open":
        raise refused(
            'Only Checkout Sessions with a status in ["open"] can be expired. '
            f"This Checkout Session has a status of `{status}`."
        )
    sessions.expire(session)
    return render(session, call.expand)


def _line_items(call: Call) -> dict[str, Any]:
    lines = store.find("checkout.session", call.ids[0]).data["_line_items"]
    limit = call.params.get("limit", 10)
    order = [line["id"] for line in lines]
    start, end = 0, len(lines)
    if cursor := call.params.get("starting_after"):
        start = _place(order, cursor, "starting_after") + 1
    if cursor := call.params.get("ending_before"):
        end = _place(order, cursor, "ending_before")
        start = max(start, end - limit)
        more = start > 0
    else:
        more = end - start > limit
    return {"object": "list", "data": lines[start:end][:limit], "has_more": more, "url": call.path}


def _place(order: list[str], line_id: str, param: str) -> int:
    if line_id not in order:
        raise no_such("item", line_id, param=param)
    return order.index(line_id)


_PRODUCT = nested(
    {
        "name": required(text(5000)),
        "description": text(40_000),
        "images": many(url, 8),
        "metadata": metadata,
        "tax_code": text(),
        "unit_label": text(12),
    }
)
_PRICE = nested(
    {
        "currency": required(currency),
        "product_data": required(_PRODUCT),
        "unit_amount": required(integer(0, currencies.LARGEST_CHARGE)),
        "tax_behavior": choice("exclusive", "inclusive", "unspecified"),
    }
)
_LINE = nested({"price": text(), "price_data": _PRICE, "quantity": integer(1, 999_999), "metadata": metadata})
_INTENT = nested({"metadata": metadata, "description": text(1000), "receipt_email": email})
_CREATION = {
    **EXPAND,
    "mode": required(choice("payment")),
    "line_items": required(many(_LINE, _MOST_LINES)),
    "success_url": required(url),
    "cancel_url": url,
    "currency": currency,
    "customer_email": email,
    "client_reference_id": text(200),
    "metadata": metadata,
    "payment_intent_data": _INTENT,
    "expires_at": integer(),
    "locale": text(10),
    "payment_method_types": many(choice("card", "bacs_debit", "sepa_debit", "us_bank_account")),
    "submit_type": choice("auto", "book", "donate", "pay"),
    "billing_address_collection": choice("auto", "required"),
    "customer_creation": choice("always", "if_required"),
    "ui_mode": choice("hosted_page"),
    "adaptive_pricing": nested({"enabled": boolean}),
}
_LIST_FIELDS = {
    **DATED_LISTING,
    "payment_intent": text(),
    "status": choice("open", "complete", "expired"),
    "customer_details": nested({"email": required(email)}),
}
ENDPOINTS = (
    Endpoint("POST", "/v1/checkout/sessions", "checkout.sessions.create", _create, _CREATION),
    Endpoint("GET", "/v1/checkout/sessions", "checkout.sessions.list", _list, _LIST_FIELDS),
    Endpoint("GET", "/v1/checkout/sessions/*", "checkout.sessions.retrieve", _retrieve, EXPAND),
    Endpoint("POST", "/v1/checkout/sessions/*/expire", "checkout.sessions.expire", _expire, EXPAND),
    Endpoint("GET", "/v1/checkout/sessions/*/line_items", "checkout.sessions.line_items", _line_items, LISTING),
)
