"""A bag as it stands now: its lines with what has changed since the shopper last looked, and what it costs."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils import timezone

from core.days import business_day
from core.models import StoreSetting
from core.money import format_money
from orders import discounts, selectors
from orders.models import Cart, CartLine, DiscountCode, Order, OrderLine, ShippingMethod
from orders.pricing import PriceLine, Quote, ShippingTerms, price
from products.models import StockItem, Variant


@dataclass(frozen=True)
class BagLine:
    """A line of a bag. `available` None means as many as anybody wants; `obstacle` says why it cannot be bought."""

    variant: Variant
    quantity: int
    seen_price_minor: int
    available: int | None
    obstacle: str

    @property
    def is_counted(self) -> bool:
        """Whether it is part of the total: not if it is withdrawn or sold out."""
        return not self.obstacle or bool(self.available)

    @property
    def name(self) -> str:
        """Product and variant, in one."""
        label = self.variant.label
        return f"{self.variant.product.name}, {label}" if label else self.variant.product.name

    @property
    def total_minor(self) -> int:
        """Quantity x price as it is now, before discounts."""
        return self.quantity * self.variant.price_minor

    @property
    def notice(self) -> str:
        """The plain sentence about what has changed; empty if nothing has."""
        if self.obstacle:
            return self.obstacle
        if self.seen_price_minor == self.variant.price_minor:
            return ""
        was, now = (format_money(m, self.variant.currency) for m in (self.seen_price_minor, self.variant.price_minor))
        return f"The price has changed from {was} to {now} since you added this."


@dataclass(frozen=True)
class BagQuote:
    """A bag with its price for one country and way of delivery. `code_reason` says why its code does not count."""

    lines: tuple[BagLine, ...]
    quote: Quote
    country: str
    method: ShippingMethod | None
    methods: tuple[ShippingMethod, ...]
    code: DiscountCode | None
    code_text: str
    code_reason: str

    @property
    def obstacles(self) -> list[str]:
        """What must be settled before this bag can be bought."""
        return [line.obstacle for line in self.lines if line.obstacle]

    @property
    def counted(self) -> list[BagLine]:
        """The lines that the quote prices, in its order."""
        return [line for line in self.lines if line.is_counted]


def bag_lines(cart: Cart) -> tuple[BagLine, ...]:
    """Return a bag's lines in the order they were added, in at most two queries.

    What the bag's own unpaid order holds is available to it.
    """
    rows = cart.lines.select_related("variant__product", "variant__stock").order_by("added_at", "pk")
    held = _held_by_own_order(cart)
    return tuple(_bag_line(row, held.get(row.variant_id, 0)) for row in rows)


def _held_by_own_order(cart: Cart) -> dict[int, int]:
    if cart.order_id is None:
        return {}
    lines = OrderLine.objects.filter(order=cart.order_id, order__status=Order.Status.PENDING)
    return dict(lines.values_list("variant", "quantity"))


def available_units(variant: Variant) -> int | None:
    """Return how many units can be promised, None for as many as anybody wants."""
    item: StockItem | None = getattr(variant, "stock", None)
    return max(item.available, 0) if item is not None and item.tracked else None


def is_on_sale(variant: Variant) -> bool:
    """Whether a shopper may buy the variant now, stock apart."""
    return variant.is_active and variant.product.is_visible and variant.currency == settings.STORE_CURRENCY


def _obstacle(variant: Variant, quantity: int, available: int | None) -> str:
    if not is_on_sale(variant):
        return f"{variant.product.name} is no longer sold, so it does not count towards your total."
    if available is None or quantity <= available:
        return ""
    if available == 0:
        return f"{variant.product.name} has sold out, so it does not count towards your total."
    return f"Only {available} of {variant.product.name} {'is' if available == 1 else 'are'} left."


def quote_bag(
    cart: Cart,
    *,
    country: str,
    shipping_method: ShippingMethod | None = None,
    now: datetime | None = None,
) -> BagQuote:
    """Price a bag for a country, with the method chosen or else the first that is offered there.

    With an empty country neither tax nor delivery is known, and the quote has none. Raises DomainError for a country
    without a rate of tax. The bag's code counts only where it applies.
    """
    now = now or timezone.now()
    lines = bag_lines(cart)
    counted = [line for line in lines if line.is_counted]
    currency = settings.STORE_CURRENCY
    methods = _methods(counted, country, currency)
    method = shipping_method or (methods[0] if methods and counted else None)
    code, reason = _code(cart, sum(line.total_minor for line in counted), currency, now)
    classes = {line.variant.tax_class for line in counted} | ({method.tax_class} if method else set())
    rates = selectors.rates_for(country, classes, day=business_day(now)) if country else dict.fromkeys(classes, 0)
    quote = price(
        [PriceLine(line.variant.price_minor, line.quantity, line.variant.tax_class) for line in counted],
        prices_include_tax=StoreSetting.current().prices_include_tax,
        shipping=ShippingTerms(method.price_minor, method.free_over_minor, method.tax_class) if method else None,
        discount=discounts.terms_of(code) if code and not reason else None,
        rates=rates,
        currency=currency,
    )
    return BagQuote(lines, quote, country, method, tuple(methods), code, cart.discount_code, reason)


def weight_of(lines: Iterable[BagLine]) -> int:
    """Return the weight of the goods in grams."""
    return sum(line.quantity * line.variant.weight_g for line in lines)


def _methods(counted: list[BagLine], country: str, currency: str) -> list[ShippingMethod]:
    if not country:
        return []
    return selectors.methods_for(country, currency=currency, weight_g=weight_of(counted))


def _code(cart: Cart, items_minor: int, currency: str, now: datetime) -> tuple[DiscountCode | None, str]:
    if not cart.discount_code:
        return None, ""
    code = discounts.find_code(cart.discount_code)
    return code, discounts.reason_against(code, items_minor=items_minor, currency=currency, now=now)


def _bag_line(row: CartLine, held: int) -> BagLine:
    available = available_units(row.variant) if is_on_sale(row.variant) else 0
    if available is not None and is_on_sale(row.variant):
        available += held
    return BagLine(
        variant=row.variant,
        quantity=row.quantity,
        seen_price_minor=row.seen_price_minor,
        available=available,
        obstacle=_obstacle(row.variant, row.quantity, available),
    )
