"""The bag's page as one object: its lines with photographs, totals and ways to go on."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.conf import settings
from django.urls import reverse

from core.errors import DomainError
from orders import selectors
from orders.bag import parse_quantity
from orders.links import guest_path
from orders.models import Cart, Order
from orders.pricing import refuse_unpayable
from orders.quoting import BagLine, quote_bag
from orders.showing import totals_of
from products.images import Picture, pictures_of
from products.models import Variant


@dataclass(frozen=True)
class ShownLine:
    """A line of the bag with its photograph."""

    line: BagLine
    picture: Picture | None

    @property
    def most(self) -> int:
        """The largest quantity that the field offers."""
        return min(99, self.line.available) if self.line.available else 99


class BagPage:
    """What the bag shows for the country that deliveries are estimated for."""

    def __init__(self, cart: Cart, wanted_country: str) -> None:
        self.cart = cart
        codes = selectors.countries_served(settings.STORE_CURRENCY)
        self.country = wanted_country if wanted_country in codes else (codes[0] if codes else "")
        self.countries = sorted(((code, selectors.country_name(code)) for code in codes), key=lambda pair: pair[1])
        self.problem = ""
        try:
            self.priced = quote_bag(cart, country=self.country)
        except DomainError as refusal:
            self.problem = refusal.message
            self.priced = quote_bag(cart, country="")
        if self.country and not self.problem and self.priced.counted and not self.priced.methods:
            self.problem = f"No way of delivery to {selectors.country_name(self.country)} carries this bag."

    @cached_property
    def lines(self) -> list[ShownLine]:
        """The lines with their first photographs, in one query."""
        pictures = pictures_of(line.variant.product_id for line in self.priced.lines)
        return [
            ShownLine(line, next(iter(pictures.get(line.variant.product_id, [])), None)) for line in self.priced.lines
        ]

    @property
    def currency(self) -> str:
        """The currency of every amount on the page."""
        return self.priced.quote.currency

    @cached_property
    def totals(self) -> list[dict[str, Any]]:
        """Goods, discount, delivery, VAT and total."""
        method = self.priced.method
        note = f"{method.name}, {method.days_min} to {method.days_max} working days" if method else ""
        code = self.priced.code.code if self.priced.code else ""
        has_tax = bool(self.priced.country)
        return totals_of(self.priced.quote, code=code, delivery=note, has_tax=has_tax, is_estimate=True)

    @cached_property
    def obstacle(self) -> str:
        """Why this bag cannot be paid for as it is; empty if it can."""
        if self.priced.obstacles:
            return "Some products cannot be bought as they are. Change or remove them to go on."
        if self.problem:
            return self.problem
        try:
            refuse_unpayable(self.priced.quote.total_minor, self.currency)
        except DomainError as refusal:
            return refusal.message
        return ""

    @cached_property
    def waiting(self) -> Order | None:
        """The order that was placed from this bag and waits for its payment."""
        if self.cart.order_id is None:
            return None
        return Order.objects.filter(pk=self.cart.order_id, status=Order.Status.PENDING).first()

    @cached_property
    def waiting_url(self) -> str:
        """Where that order is paid."""
        return guest_path(self.waiting) if self.waiting else ""


def removed_line(variant_text: str, quantity_text: str) -> dict[str, Any] | None:
    """Return the offer to put back what was just removed; None unless the address names such a line."""
    if not (variant_text.isascii() and variant_text.isdigit() and len(variant_text) < 16):
        return None
    variant = Variant.objects.select_related("product").filter(pk=int(variant_text)).first()
    try:
        quantity = parse_quantity(quantity_text)
    except DomainError:
        return None
    if variant is None or not variant.product.is_visible:
        return None
    return {
        "text": f"{variant.product.name} was removed.",
        "url": reverse("orders:bag_undo"),
        "fields": [{"name": "variant", "value": variant.pk}, {"name": "quantity", "value": quantity}],
    }
