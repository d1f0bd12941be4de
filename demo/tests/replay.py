"""A strict reader of the history format, written from its rules alone: it shares no arithmetic with the generator."""

from collections import Counter
from datetime import datetime
from fractions import Fraction
from math import floor
from typing import Any

Line = dict[str, Any]

FIELDS = {
    "customer": ("ref email", "verified name created_at"),
    "product": ("ref name", "category price cost currency stock"),
    "order": (
        "ref currency placed_at lines",
        "customer email paid_at country prices_include_tax discount discount_code shipping shipping_tax",
    ),
    "refund": ("ref order at status", "amount goods shipping tax lines"),
    "refund_succeeded": ("refund at", ""),
    "refund_failed": ("refund at", ""),
    "cancel": ("order at", "reason"),
    "ship": ("order at", "lines"),
    "stock": ("product at delta reason", ""),
    "payment_attempt": ("intent order at outcome", "code"),
    "cart": ("at", "checkout_at order"),
    "wish": ("customer product at", ""),
    "unwish": ("customer product at", ""),
    "dispute": ("ref order at amount", "inquiry outcome closed_at"),
}
LINE_FIELDS = {
    "order": ("product quantity unit_price tax", "discount cost"),
    "refund": ("product quantity", "restock"),
    "ship": ("product quantity", ""),
}
RATES = {"GB": Fraction(1, 5), "IE": Fraction(23, 100), "DE": Fraction(19, 100), "FR": Fraction(1, 5)}


def half_up(value: Fraction) -> int:
    return floor(value + Fraction(1, 2))


def tax_inside(amount: int, rate: Fraction) -> int:
    return half_up(amount * rate / (1 + rate))


def shares(total: int, weights: list[int]) -> list[int]:
    """Largest remainder, ties to the earlier part."""
    exact = [Fraction(total * weight, sum(weights) or 1) for weight in weights]
    parts = [floor(part) for part in exact]
    order = sorted(range(len(parts)), key=lambda i: (parts[i] - exact[i], i))
    for index in order[: total - sum(parts)]:
        parts[index] += 1
    return parts


class Bucket:
    """A line of an order (or its postage), with what is left of it to refund and to ship."""

    def __init__(self, net: int, tax: int, quantity: int = 0) -> None:
        self.net, self.tax, self.quantity = net, tax, quantity
        self.left_net, self.left_tax, self.left_units, self.left_to_ship = net, tax, quantity, quantity


class Order:
    def __init__(self, line: Line) -> None:
        self.line = line
        rows = line["lines"]
        self.charges = [row["quantity"] * row["unit_price"] - row.get("discount", 0) for row in rows]
        self.discount = line.get("discount", 0)
        self.paid_at = when(line["paid_at"]) if "paid_at" in line else None
        self.total = sum(self.charges) - self.discount + line.get("shipping", 0)
        self.refunded = 0
        self.canceled = self.disputed = self.succeeded = False
        self.lines: dict[str, Bucket] = {}
        for row, charge, share in zip(rows, self.charges, shares(self.discount, self.charges), strict=True):
            assert row["product"] not in self.lines, "a product stands on two lines"
            self.lines[row["product"]] = Bucket(charge - share - row["tax"], row["tax"], row["quantity"])
            inside = tax_inside(charge - share, RATES[line["country"]])
            assert row["tax"] == inside, "the tax is not that inside the charge"
        postage, postage_tax = line.get("shipping", 0), line.get("shipping_tax", 0)
        assert postage_tax == tax_inside(postage, RATES[line["country"]])
        self.postage = Bucket(postage - postage_tax, postage_tax)

    @property
    def buckets(self) -> list[Bucket]:
        return [*self.lines.values(), self.postage]

    @property
    def refundable(self) -> int:
        return sum(bucket.left_net + bucket.left_tax for bucket in self.buckets)


def when(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    assert instant.tzinfo is not None, f"{text} has no offset"
    return instant


class Replay:
    """Takes the lines of a file one by one; an assertion names the first rule that a line breaks."""

    def __init__(self, *, now: datetime) -> None:
        self.now = now
        self.clock: datetime | None = None
        self.refs: dict[str, dict[str, Any]] = {kind: {} for kind in FIELDS}
        self.seen: set[str] = set()
        self.emails: set[str] = set()
        self.orders: dict[str, Order] = {}
        self.refunds: dict[str, tuple[Order, list[tuple[Bucket, int, int]], str]] = {}
        self.on_hand: Counter[str] = Counter()
        self.movements: list[tuple[datetime, int, str, int]] = []
        self.wished: set[tuple[str, str]] = set()
        self.counts: Counter[str] = Counter()

    def read(self, line: Line) -> None:
        kind = line["type"]
        self.counts[kind] += 1
        _check_fields(line, *FIELDS[kind])
        for row in line.get("lines", ()):
            _check_fields(row, *LINE_FIELDS[kind])
            assert row["product"] in self.refs["product"]
            assert type(row["quantity"]) is int
            assert row["quantity"] > 0
        if "ref" in line:
            assert line["ref"] not in self.refs[kind], f"{line['ref']} is used twice"
            self.refs[kind][line["ref"]] = line
        else:
            assert repr(line) not in self.seen, "a line without a reference is repeated"
            self.seen.add(repr(line))
        self._check_clock(line)
        getattr(self, f"_{kind}")(line)

    def finish(self) -> None:
        """Check what only the whole file shows: stock, by the time of each movement."""
        running = Counter({sku: product["stock"] for sku, product in self.refs["product"].items()})
        for _, _, sku, delta in sorted(self.movements):
            running[sku] += delta
            assert running[sku] >= 0, f"{sku} falls below zero"
        assert running == self.on_hand

    def _check_clock(self, line: Line) -> None:
        for field in ("at", "placed_at", "paid_at", "created_at", "checkout_at", "closed_at"):
            if field in line:
                assert when(line[field]) <= self.now, f"{field} lies in the future"
        if line["type"] in ("cart", "customer", "product"):
            return  # a bag and a customer are as old as they are, and follow or precede their order
        at = when(line.get("at") or line["placed_at"])
        assert self.clock is None or at >= self.clock, "a line is out of order"
        self.clock = at

    def _move(self, at: datetime, sku: str, delta: int) -> None:
        self.on_hand[sku] += delta
        assert self.on_hand[sku] >= 0, f"{sku} falls below zero"
        self.movements.append((at, 0 if delta > 0 else 1, sku, delta))

    def _customer(self, line: Line) -> None:
        assert line["email"].rpartition("@")[2] in ("example.com", "example.org", "example.net")
        assert line["email"] == line["email"].strip().casefold()
        assert line["email"] not in self.emails
        self.emails.add(line["email"])

    def _product(self, line: Line) -> None:
        assert line["stock"] >= 0
        assert 0 < line["cost"] < line["price"]
        assert line["currency"] == "GBP"
        self.on_hand[line["ref"]] = line["stock"]

    def _stock(self, line: Line) -> None:
        assert line["product"] in self.refs["product"]
        assert line["delta"] != 0
        self._move(when(line["at"]), line["product"], line["delta"])

    def _order(self, line: Line) -> None:
        assert ("customer" in line) != ("email" in line)
        assert line["prices_include_tax"] is True
        if "customer" in line:
            assert when(self.refs["customer"][line["customer"]]["created_at"]) <= when(line["placed_at"])
        else:
            assert line["email"].rpartition("@")[2] in ("example.com", "example.org", "example.net")
        assert 1 <= len(line["lines"]) <= 5
        for row in line["lines"]:
            above = row.get("discount", 0) > row["quantity"] * row["unit_price"]
            assert not above, "a discount is above its line"
        order = self.orders[line["ref"]] = Order(line)
        for row, charge in zip(line["lines"], order.charges, strict=True):
            product = self.refs["product"][row["product"]]
            assert row["unit_price"] == product["price"]
            assert row.get("cost", product["cost"]) == product["cost"]
            assert charge > 0
        assert 0 <= order.discount <= sum(order.charges)
        assert ("discount_code" in line) == (order.discount > 0)
        goods = sum(order.charges) - order.discount
        home = 0 if goods >= 4000 else 350
        assert line.get("shipping", 0) == (home if line["country"] == "GB" else 950)
        assert sum(b.net + b.tax for b in order.buckets) == order.total > 0
        if order.paid_at:
            assert order.paid_at > when(line["placed_at"])
            for row in line["lines"]:
                self._move(order.paid_at, row["product"], -row["quantity"])

    def _ship(self, line: Line) -> None:
        order = self.orders[line["order"]]
        assert order.paid_at, "an unpaid order is shipped"
        assert when(line["at"]) >= order.paid_at
        assert not order.canceled
        left = {sku: bucket.left_to_ship for sku, bucket in order.lines.items() if bucket.left_to_ship}
        sent = {row["product"]: row["quantity"] for row in line["lines"]} if "lines" in line else left
        assert sent, "nothing is left to ship"
        for sku, quantity in sent.items():
            assert quantity <= order.lines[sku].left_to_ship
            order.lines[sku].left_to_ship -= quantity

    def _refund(self, line: Line) -> None:
        order = self.orders[line["order"]]
        assert order.paid_at, "an unpaid order is refunded"
        assert when(line["at"]) >= order.paid_at
        assert not order.canceled
        assert not order.disputed
        forms = [form for form in ("amount", "goods", "lines") if form in line]
        assert forms in (["amount"], ["lines"], ["goods", "lines"])
        before = order.refundable
        taken = {"amount": _by_amount, "lines": _by_lines, "goods": _whole}[forms[0]](order, line)
        assert 0 < before - order.refundable <= before
        assert min(min(b.left_net, b.left_tax, b.left_units) for b in order.buckets) >= 0
        for row in line.get("lines", ()):
            if row.get("restock"):
                self._move(when(line["at"]), row["product"], row["quantity"])
        self.refunds[line["ref"]] = (order, taken, line["status"])
        assert line["status"] in ("succeeded", "pending", "failed")
        if line["status"] == "failed":
            _give_back(taken)

    def _refund_succeeded(self, line: Line) -> None:
        order, taken, status = self.refunds[line["refund"]]
        assert status == "pending"
        self.refunds[line["refund"]] = (order, taken, "succeeded")

    def _refund_failed(self, line: Line) -> None:
        order, taken, status = self.refunds[line["refund"]]
        assert status in ("pending", "succeeded")
        self.refunds[line["refund"]] = (order, taken, "failed")
        _give_back(taken)

    def _cancel(self, line: Line) -> None:
        order = self.orders[line["order"]]
        assert not order.canceled
        assert when(line["at"]) >= when(order.line["placed_at"])
        if order.paid_at:
            assert order.refundable == 0, "a paid order is canceled with money left"
            assert all(b.left_to_ship == b.quantity for b in order.lines.values())
        order.canceled = True

    def _payment_attempt(self, line: Line) -> None:
        order = self.orders[line["order"]]
        assert line["outcome"] in ("failed", "requires_action", "succeeded")
        assert ("code" in line) == (line["outcome"] == "failed")
        assert not order.succeeded
        if line["outcome"] == "succeeded":
            assert when(line["at"]) == order.paid_at
            order.succeeded = True

    def _cart(self, line: Line) -> None:
        if "checkout_at" in line:
            assert when(line["at"]) <= when(line["checkout_at"])
        if "order" in line:
            assert when(line["checkout_at"]) <= when(self.orders[line["order"]].line["placed_at"])

    def _wish(self, line: Line) -> None:
        assert line["customer"] in self.refs["customer"]
        assert line["product"] in self.refs["product"]
        self.wished.add((line["customer"], line["product"]))

    def _unwish(self, line: Line) -> None:
        assert (line["customer"], line["product"]) in self.wished

    def _dispute(self, line: Line) -> None:
        order = self.orders[line["order"]]
        assert order.paid_at
        assert when(line["at"]) > order.paid_at
        assert line["amount"] == order.total == order.refundable
        assert ("outcome" in line) == ("closed_at" in line)
        assert (line.get("outcome") == "inquiry_closed") <= line.get("inquiry", False)
        order.disputed = True


def _check_fields(line: Line, required: str, optional: str) -> None:
    fields = set(line) - {"type"}
    assert set(required.split()) <= fields, f"a field is missing: {line}"
    assert fields <= {*required.split(), *optional.split()}, f"a field is unknown: {line}"
    for field in ("amount", "goods", "tax", "shipping", "shipping_tax", "discount", "unit_price", "cost", "price"):
        assert type(line.get(field, 0)) is int, f"{field} is no integer"
        assert line.get(field, 0) >= 0


def _take(bucket: Bucket, net: int, tax: int) -> tuple[Bucket, int, int]:
    bucket.left_net -= net
    bucket.left_tax -= tax
    return bucket, net, tax


def _give_back(taken: list[tuple[Bucket, int, int]]) -> None:
    for bucket, net, tax in taken:
        _take(bucket, -net, -tax)


def _by_amount(order: Order, line: Line) -> list[tuple[Bucket, int, int]]:
    buckets = order.buckets
    assert line["amount"] <= order.refundable, "more is refunded than is left"
    *nets, tax = shares(line["amount"], [*(b.left_net for b in buckets), sum(b.left_tax for b in buckets)])
    taxes = shares(tax, [b.left_tax for b in buckets])
    return [_take(*parts) for parts in zip(buckets, nets, taxes, strict=True)]


def _by_lines(order: Order, line: Line) -> list[tuple[Bucket, int, int]]:
    taken = []
    for row in line["lines"]:
        bucket = order.lines[row["product"]]
        bucket.left_units -= row["quantity"]
        assert bucket.left_units >= 0, "more units are returned than were bought"
        if bucket.left_units == 0:
            taken.append(_take(bucket, bucket.left_net, bucket.left_tax))
        else:
            part = Fraction(row["quantity"], bucket.quantity)
            taken.append(_take(bucket, floor(bucket.net * part), floor(bucket.tax * part)))
    return taken


def _whole(order: Order, line: Line) -> list[tuple[Bucket, int, int]]:
    assert line["goods"] == sum(b.left_net for b in order.lines.values())
    assert line["shipping"] == order.postage.left_net
    assert line["tax"] == sum(b.left_tax for b in order.buckets)
    taken = _by_lines(order, line)
    return [*taken, _take(order.postage, order.postage.left_net, order.postage.left_tax)]
