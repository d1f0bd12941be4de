"""The checkout page as one object: bag, address, ways of delivery and total, and the act of placing the order."""

import re
from functools import cached_property
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import Customer
from core.errors import DomainError
from core.money import format_money
from orders.bag import bag_for
from orders.models import Cart, Order
from orders.placing import AddressData, place_order, stored_key
from orders.quoting import BagQuote, quote_bag
from orders.selectors import countries_served
from orders.showing import totals_of
from payments.forms import KEY, CheckoutForm, new_checkout_key
from products.images import pictures_of

ADDRESS_FIELDS = ("name", "line1", "line2", "city", "region", "postcode", "phone")


def open_page(request: HttpRequest) -> "CheckoutPage | None":
    """Return the checkout of the visitor's bag; None without a bag, or with nothing in it that can be bought."""
    cart = bag_for(request)
    if cart is None:
        return None
    page = CheckoutPage(request, cart)
    return page if page.priced.counted else None


def order_in_the_way(request: HttpRequest) -> Order | None:
    """Return the unpaid order that already holds the products of the visitor's bag, if this is not its own form again.

    The same form sent twice (a double click) is no second order: `place_order` returns the first.
    """
    cart = bag_for(request)
    if cart is None or cart.order_id is None:
        return None
    order = Order.objects.filter(pk=cart.order_id, status=Order.Status.PENDING).first()
    key = request.POST.get("checkout_key", "")
    is_its_own_form = order is not None and order.checkout_key == stored_key(cart.pk, key)
    return None if is_its_own_form else order


class CheckoutPage:
    """What one request to the checkout works with. `refusal` is the sentence for why Pay was refused."""

    def __init__(self, request: HttpRequest, cart: Cart) -> None:
        self.request = request
        self.cart = cart
        self.refusal = ""
        self.countries = countries_served(settings.STORE_CURRENCY)
        self.country = self._country()
        self.country_problem = ""
        self.priced = self._price()
        self.form = self._form()

    def _country(self) -> str:
        wanted = self.request.POST.get("country", "")[:2]
        if wanted in self.countries:
            return wanted
        address = self.saved_address
        if address and address.country.code in self.countries:
            return address.country.code
        return self.countries[0] if self.countries else ""

    def _price(self) -> BagQuote:
        try:
            priced = quote_bag(self.cart, country=self.country)
            chosen = self._chosen_method(priced)
            return quote_bag(self.cart, country=self.country, shipping_method=chosen) if chosen else priced
        except DomainError as refusal:
            self.country_problem = refusal.message
            return quote_bag(self.cart, country="")

    def _chosen_method(self, priced: BagQuote) -> Any:
        wanted = self.request.POST.get("method", "")
        return next((method for method in priced.methods if str(method.pk) == wanted), None)

    def _form(self) -> CheckoutForm:
        methods = self.priced.methods
        if self.request.POST.get("action") == "pay":
            return CheckoutForm(self.request.POST, codes=self.countries, methods=methods)
        return CheckoutForm(codes=self.countries, methods=methods, initial=self._initial())

    def _initial(self) -> dict[str, Any]:
        """What is known of the shopper, overlaid with what they have typed before they asked for another country."""
        typed = {name: value for name, value in self.request.POST.items() if name in CheckoutForm.base_fields}
        method = self.priced.method
        return {
            **self._known(),
            **typed,
            "country": self.country,
            "method": method.pk if method else None,
        }

    def _known(self) -> dict[str, Any]:
        user = self.request.user
        if not user.is_authenticated:
            return {}
        known: dict[str, Any] = {"email": user.email, "name": user.name}
        address = self.saved_address
        if address:
            known |= {field: getattr(address, field) for field in ADDRESS_FIELDS}
        return known

    @cached_property
    def saved_address(self) -> Any:
        """The address a signed-in shopper keeps, the newest first."""
        if not self.request.user.is_authenticated:
            return None
        customer = Customer.objects.filter(user=self.request.user).first()
        return customer.addresses.order_by("-pk").first() if customer else None

    @property
    def is_refused(self) -> bool:
        """Whether this answer says no to a Pay that was pressed."""
        return bool(self.refusal) or (self.form.is_bound and bool(self.form.errors))

    @cached_property
    def checkout_key(self) -> str:
        """The token of this form: the one it came with, if that is usable, else a new one."""
        given = self.request.POST.get("checkout_key", "")
        return given if re.match(KEY, given) else new_checkout_key()

    @property
    def pay_label(self) -> str:
        """What the button says: the exact amount."""
        total = self.priced.quote.total_minor
        return f"Pay {format_money(total, self.priced.quote.currency)}" if total else "Place order"

    def place(self) -> Order | None:
        """Place the order; None with `refusal` or form errors set where it cannot be, and nothing is lost."""
        if not self.form.is_valid():
            return None
        filled = self.form.cleaned_data
        try:
            return place_order(
                cart_id=self.cart.pk,
                checkout_key=filled["checkout_key"],
                email=filled["email"],
                customer_name=filled["name"],
                address=AddressData(**{field: filled[field] for field in ADDRESS_FIELDS}),
                country=filled["country"],
                shipping_method_id=filled["method"].pk,
                expected_total_minor=filled["expected_total"],
                user=self.request.user if self.request.user.is_authenticated else None,
                now=timezone.now(),
            )
        except DomainError as refusal:
            self.refusal = refusal.message
            self.priced = self._price()  # what the button then says is what the next press confirms
            return None

    @cached_property
    def method_options(self) -> list[dict[str, Any]]:
        """The ways of delivery as radio cards."""
        quote, chosen = self.priced.quote, self.priced.method
        return [
            {
                "value": method.pk,
                "label": method.name,
                "hint": method.detail or f"{method.days_min} to {method.days_max} working days",
                "price_minor": _price_of(method, quote.items_minor),
                "currency": quote.currency,
                "checked": chosen is not None and method.pk == chosen.pk,
            }
            for method in self.priced.methods
        ]

    @property
    def totals(self) -> list[dict[str, Any]]:
        """The sums of the order to be, as the order summary shows them."""
        code = self.priced.code.code if self.priced.code and not self.priced.code_reason else ""
        return totals_of(self.priced.quote, code=code, delivery=self.priced.method.name if self.priced.method else "")

    @cached_property
    def summary_lines(self) -> list[dict[str, Any]]:
        """The bag as the order summary shows it."""
        photographs = pictures_of(line.variant.product_id for line in self.priced.lines)
        return [
            {
                "name": line.variant.product.name,
                "options": line.variant.label,
                "quantity": line.quantity,
                "total_minor": line.total_minor,
                "note": line.notice,
                "image": next(iter(photographs.get(line.variant.product_id, [])), None),
            }
            for line in self.priced.lines
        ]


def _price_of(method: Any, items_minor: int) -> int:
    is_free = method.free_over_minor is not None and items_minor >= method.free_over_minor
    return 0 if is_free else method.price_minor
