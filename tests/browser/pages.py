"""Every page there is: its name, the address it stands for, who looks at it, and how to get there.

The walk under axe and the contact sheet both read this list; a test holds it against the URLconf.
"""

from collections.abc import Callable
from dataclasses import dataclass

from allauth.account.forms import default_token_generator
from allauth.account.models import EmailConfirmationHMAC
from allauth.account.utils import user_pk_to_url_str
from django.core.exceptions import RequestDataTooBig
from django.http import HttpResponse
from django.shortcuts import render
from django.test import RequestFactory
from django.urls import reverse
from playwright.sync_api import Page as Tab

from audit.recording import record
from core import views as core_views
from core.days import today
from orders.links import guest_path, guest_signature
from payments.models import Dispute
from payments.tests.factories import make_event, make_payout
from products.models import Variant
from tests.browser.scene import Scene

FINANCE, MOVEMENTS = "payments:console_finance", "payments:console_movements"
LONG_AGO = {"from": "2015-01-01", "to": "2015-01-31"}
BACK = {"from": "2026-02-01", "to": "2026-01-01"}


@dataclass(frozen=True)
class Page:
    """One page of the registry. `route` is its URL name, empty for what has none; `act` is done once it is open.

    `excused` names rules of axe
    that do not apply, `answer` renders what no address can be made to say in a test (a 500), shown in its stead.
    """

    name: str
    route: str
    role: str = "guest"
    path: Callable[[Scene], str] | None = None
    act: Callable[[Tab], None] | None = None
    status: int = 200
    excused: tuple[str, ...] = ()
    answer: Callable[[], HttpResponse] | None = None

    def address(self, scene: Scene) -> str:
        """The path of the page; payment pages of the simulator are on the same server."""
        return self.path(scene) if self.path else reverse(self.route)


def at(route: str, *arguments: object) -> Callable[[Scene], str]:
    """The address of a route with fixed arguments."""
    return lambda _scene: reverse(route, args=arguments)


def at_query(route: str, **query: str) -> Callable[[Scene], str]:
    """The address of a route with a query."""
    return lambda _scene: reverse(route, query=query)


def order(name: str) -> Callable[[Scene], str]:
    return lambda scene: scene.orders[name].get_absolute_url()


def guest_order(name: str) -> Callable[[Scene], str]:
    return lambda scene: guest_path(scene.orders[name])


def guest_invoice(name: str) -> Callable[[Scene], str]:
    return lambda scene: reverse(
        "orders:guest_invoice", args=[scene.orders[name].public_id, guest_signature(scene.orders[name])]
    )


def payment(route: str, name: str) -> Callable[[Scene], str]:
    return lambda scene: reverse(f"stripe_simulator:{route}", args=[scene.payments[name].stripe_session_id])


def mail(name: str, route: str = "mail:detail") -> Callable[[Scene], str]:
    return lambda scene: reverse(route, args=[scene.mails[name].pk])


def staff_order(route: str, name: str) -> Callable[[Scene], str]:
    """A staff page of an order of the scene."""
    return lambda scene: reverse(route, args=[scene.orders[name].pk])


def staff_return(name: str, route: str = "orders:console_return") -> Callable[[Scene], str]:
    """A staff page of a return of the scene, by the state it is in."""
    return lambda scene: reverse(route, args=[scene.returns[name].pk])


def asking(name: str) -> Callable[[Scene], str]:
    """Where the owner of an order asks to send something back."""
    return lambda scene: reverse("orders:return_request", args=[scene.orders[name].public_id])


def guest_asking(name: str) -> Callable[[Scene], str]:
    return lambda scene: reverse(
        "orders:guest_return_request", args=[scene.orders[name].public_id, guest_signature(scene.orders[name])]
    )


def staff_page(name: str) -> Callable[[Scene], str]:
    """The page of an order of the scene, as staff see it."""
    return staff_order("orders:console_detail", name)


def webhook(_scene: Scene) -> str:
    """An event that was given up."""
    event = make_event(state="dead", last_error="GatewayUnclear: time-out")
    return reverse("payments:console_webhook", args=[event.pk])


def payout(_scene: Scene) -> str:
    """A payout with a part."""
    return reverse("payments:console_payout", args=[make_payout(status="paid").pk])


def sides(_scene: Scene) -> str:
    """Both sides of today."""
    return reverse("payments:console_sides", args=[today()])


def dispute(route: str) -> Callable[[Scene], str]:
    """A page of the dispute of the scene."""
    return lambda scene: reverse(route, args=[Dispute.objects.get(payment__order=scene.orders["disputed"]).pk])


def serum_stock(_scene: Scene) -> str:
    return reverse("products:console_stock_item", args=[Variant.objects.get(sku="PL-VTC-30").pk])


def serum(_scene: Scene) -> str:
    return reverse("products:console_product", args=[Variant.objects.get(sku="PL-VTC-30").product_id])


def act_on_record(scene: Scene) -> str:
    """An act with changes, as the audit record shows it."""
    made = record("settings.changed", actor=scene.users["admin"], changes={"ship_sla_hours": [48, 24]})
    return reverse("console:audit_record", args=[made.pk])


def issue(name: str) -> Callable[[Scene], str]:
    return lambda scene: scene.issues[name].get_absolute_url()


def confirming(scene: Scene) -> str:
    address = scene.users["unconfirmed"].emailaddress_set.get()
    return reverse("account_confirm_email", args=[EmailConfirmationHMAC(address).key])


def resetting(scene: Scene) -> str:
    user = scene.users["customer"]
    return reverse(
        "account_reset_password_from_key", args=[user_pk_to_url_str(user), default_token_generator.make_token(user)]
    )


def press(label: str) -> Callable[[Tab], None]:
    """Press a button and wait for the page that follows."""

    def act(tab: Tab) -> None:
        with tab.expect_navigation():
            tab.get_by_role("button", name=label).click()

    return act


def pay_badly(tab: Tab) -> None:
    tab.get_by_label("E-mail").fill("charlie")
    with tab.expect_navigation():
        tab.get_by_role("button", name="Pay £").click()


def preview_refund(tab: Tab) -> None:
    tab.get_by_label("Everything that is left").check()
    tab.get_by_label("Reason").fill("The parcel was lost")
    with tab.expect_navigation():
        tab.get_by_role("button", name="Preview").click()


def remove_first(tab: Tab) -> None:
    with tab.expect_navigation():
        tab.get_by_role("button", name="Remove").first.click()


def forget_token(tab: Tab) -> None:
    tab.context.clear_cookies(name="csrftoken")
    with tab.expect_navigation():
        tab.locator("form[method=post]").first.evaluate("form => form.submit()")


def _broken() -> HttpResponse:
    return core_views.server_error(RequestFactory().get("/"))


def _too_large() -> HttpResponse:
    return core_views.bad_request(RequestFactory().get("/"), RequestDataTooBig())


def _too_often() -> HttpResponse:
    return render(RequestFactory().get("/"), "429.html", status=429)


PAGES = [
    Page("home", "products:home"),
    Page("all products", "products:listing"),
    Page(
        "listing, filtered",
        "products:listing",
        path=lambda _: f"{reverse('products:listing')}?concern=dry&sort=price-up",
    ),
    Page("listing, nothing fits", "products:listing", path=lambda _: f"{reverse('products:listing')}?price_to=1"),
    Page(
        "listing, odd query",
        "products:listing",
        path=lambda _: f"{reverse('products:listing')}?page=-1&sort=x&price_from=abc",
    ),
    Page("category", "products:category", path=at("products:category", "serums")),
    Page("search", "products:search", path=lambda _: f"{reverse('products:search')}?q=vitamin"),
    Page("search, nothing found", "products:search", path=lambda _: f"{reverse('products:search')}?q=trombone"),
    Page("search, not asked", "products:search"),
    Page("product with a choice", "products:detail", path=at("products:detail", "niacinamide-serum")),
    Page("product, reduced", "products:detail", path=at("products:detail", "vitamin-c-serum")),
    Page("bag, empty", "orders:bag"),
    Page("bag", "orders:bag", "bag"),
    Page("checkout", "payments:checkout", "bag"),
    Page("checkout, refused", "payments:checkout", "bag", act=pay_badly),
    Page("bag, line removed", "orders:bag", "bag", act=remove_first),
    Page("payment", "stripe_simulator:pay", path=payment("pay", "guest_pending")),
    Page("payment, declined", "stripe_simulator:pay", path=payment("pay", "declined")),
    Page("payment, 3-D Secure", "stripe_simulator:authenticate", path=payment("authenticate", "authenticate")),
    Page("payment, expired", "stripe_simulator:pay", path=payment("pay", "expired"), status=410),
    Page("guest order, paid", "orders:guest", path=guest_order("guest_paid")),
    Page("guest order, pending", "orders:guest", path=guest_order("guest_pending")),
    Page("guest return", "orders:guest_return_request", path=guest_asking("return_approved")),
    Page("guest invoice", "orders:guest_invoice", path=guest_invoice("guest_paid")),
    Page("sign in", "account_login"),
    Page("sign in, refused", "account_login", act=press("Sign in")),
    Page("sign up", "account_signup"),
    Page("sign up, refused", "account_signup", act=press("Create account")),
    Page("look in your inbox", "account_email_verification_sent"),
    Page("confirm address", "account_confirm_email", path=confirming),
    Page("confirm address, old link", "account_confirm_email", path=at("account_confirm_email", "MQ:1abc:old")),
    Page("account closed", "account_inactive"),
    Page("forgotten password", "account_reset_password"),
    Page("reset link sent", "account_reset_password_done"),
    Page("new password", "account_reset_password_from_key", path=resetting),
    Page(
        "new password, old link",
        "account_reset_password_from_key",
        path=at("account_reset_password_from_key", "1", "abc-old"),
    ),
    Page("password saved", "account_reset_password_from_key_done"),
    Page("400", "", path=lambda _: "/?q=%00", status=400),
    Page("403, form too old", "account_login", act=forget_token),
    Page("404", "", path=lambda _: "/nothing-here/", status=404),
    Page("404, product", "products:detail", path=at("products:detail", "no-such-thing"), status=404),
    Page("405", "", path=at("orders:bag_add"), status=405),
    Page("413", "", path=lambda _: "/413/", answer=_too_large, status=413),
    Page("429", "", path=lambda _: "/429/", answer=_too_often, status=429),
    Page("500", "", path=lambda _: "/500/", answer=_broken, status=500),
    Page("account", "accounts:account", "customer"),
    Page("orders", "orders:list", "customer"),
    Page("order, pending", "orders:detail", "customer", path=order("pending")),
    Page("order, processing", "orders:detail", "customer", path=order("processing")),
    Page("order, paid", "orders:detail", "customer", path=order("paid")),
    Page("order, sent", "orders:detail", "customer", path=order("fulfilled")),
    Page("order, with returns", "orders:detail", "customer", path=order("return_requested")),
    Page("return", "orders:return_request", "customer", path=asking("fulfilled")),
    Page("return, refused", "orders:return_request", "customer", path=asking("fulfilled"), act=press("Ask to return")),
    Page("return, too early", "orders:return_request", "customer", path=asking("paid")),
    Page("order, canceled", "orders:detail", "customer", path=order("canceled")),
    Page(
        "invoice",
        "orders:invoice",
        "customer",
        path=lambda scene: reverse("orders:invoice", args=[scene.orders["fulfilled"].public_id]),
    ),
    Page("wishlist", "wishlist:list", "customer"),
    Page("wishlist, one removed", "wishlist:list", "customer", act=remove_first),
    Page("product on the wishlist", "products:detail", "customer", path=at("products:detail", "vitamin-c-serum")),
    Page("all products, some wished for", "products:listing", "customer"),
    Page("details", "accounts:details", "customer"),
    Page("new address", "accounts:address_create", "customer"),
    Page("new address, refused", "accounts:address_create", "customer", act=press("Save address")),
    Page(
        "edit address",
        "accounts:address_edit",
        "customer",
        path=lambda scene: reverse("accounts:address_edit", args=[scene.address.pk]),
    ),
    Page("change password", "account_change_password", "customer"),
    Page("sign out", "account_logout", "customer"),
    Page("account, new", "accounts:account", "newcomer"),
    Page("orders, none", "orders:list", "newcomer"),
    Page("wishlist, empty", "wishlist:list", "newcomer"),
    Page("overview, analyst", "console:home", "analyst"),
    Page("staff, analyst", "rbac:landing", "analyst"),
    Page("analytics", "analytics:dashboard", "analyst"),
    Page("analytics, 7 days", "analytics:dashboard", "analyst", path=at_query("analytics:dashboard", days="7")),
    Page(
        "analytics, odd query",
        "analytics:dashboard",
        "analyst",
        path=at_query("analytics:dashboard", days="abc", currency="zzz", page="-1"),
    ),
    Page("analytics, long ago", "analytics:dashboard", "analyst", path=at_query("analytics:dashboard", **LONG_AGO)),
    Page("definitions", "analytics:definitions", "analyst"),
    Page("finance", FINANCE, "analyst"),
    Page("finance, nothing moved", FINANCE, "analyst", path=at_query(FINANCE, **LONG_AGO)),
    Page("finance, odd query", FINANCE, "analyst", path=at_query(FINANCE, **BACK)),
    Page("movements", MOVEMENTS, "analyst", path=at_query(MOVEMENTS, kind="net")),
    Page("movements, none", MOVEMENTS, "analyst", path=at_query(MOVEMENTS, q="nothing")),
    Page("payouts", "payments:console_payouts", "analyst"),
    Page("payout", "payments:console_payout", "analyst", path=payout),
    Page("both sides of a day", "payments:console_sides", "analyst", path=sides),
    Page("exports", "analytics:exports", "analyst"),
    Page(
        "exports, days the wrong way round", "analytics:exports", "analyst", path=at_query("analytics:exports", **BACK)
    ),
    Page("403", "", "analyst", path=at("rbac:people"), status=403),
    Page("overview, ops", "console:home", "ops"),
    Page("console search", "console:search", "ops", path=at_query("console:search", q="charlie")),
    Page("console search, nothing found", "console:search", "ops", path=at_query("console:search", q="nobody")),
    Page("console orders", "orders:console_list", "ops"),
    Page("console orders, none match", "orders:console_list", "ops", path=at_query("orders:console_list", q="nobody")),
    Page("console order", "orders:console_detail", "ops", path=staff_page("guest_paid")),
    Page("console order, sent", "orders:console_detail", "ops", path=staff_page("fulfilled")),
    Page("console order, unpaid", "orders:console_detail", "ops", path=staff_page("pending")),
    Page("console order, refunded", "orders:console_detail", "ops", path=staff_page("refunded")),
    Page(
        "console order, refund failed",
        "orders:console_detail",
        "ops",
        path=staff_page("refund_failed"),
    ),
    Page("fulfil", "orders:console_ship", "ops", path=staff_order("orders:console_ship", "guest_paid")),
    Page("refund", "payments:console_refund", "ops", path=staff_order("payments:console_refund", "guest_paid")),
    Page(
        "refund, refused",
        "payments:console_refund",
        "ops",
        path=staff_order("payments:console_refund", "guest_paid"),
        act=press("Preview"),
    ),
    Page(
        "refund, preview",
        "payments:console_refund",
        "ops",
        path=staff_order("payments:console_refund", "guest_paid"),
        act=preview_refund,
    ),
    Page("cancel, paid", "payments:console_cancel", "ops", path=staff_order("payments:console_cancel", "guest_paid")),
    Page("cancel, unpaid", "payments:console_cancel", "ops", path=staff_order("payments:console_cancel", "pending")),
    Page("returns", "orders:console_returns", "ops"),
    Page("returns, none match", "orders:console_returns", "ops", path=at_query("orders:console_returns", q="nobody")),
    Page("return, requested", "orders:console_return", "ops", path=staff_return("requested")),
    Page(
        "return, rejected without a word",
        "orders:console_return",
        "ops",
        path=staff_return("requested"),
        act=press("Reject"),
    ),
    Page("return, approved", "orders:console_return", "ops", path=staff_return("approved")),
    Page("return, received", "orders:console_return", "ops", path=staff_return("received")),
    Page("return, refunded", "orders:console_return", "ops", path=staff_return("refunded")),
    Page(
        "refund of a return",
        "payments:console_return_refund",
        "ops",
        path=staff_return("received", "payments:console_return_refund"),
    ),
    Page(
        "return for a shopper",
        "orders:console_return_create",
        "ops",
        path=staff_order("orders:console_return_create", "fulfilled"),
    ),
    Page("console order, with returns", "orders:console_detail", "ops", path=staff_page("return_requested")),
    Page("console order, disputed", "orders:console_detail", "ops", path=staff_page("disputed")),
    Page("disputes", "payments:console_disputes", "ops"),
    Page(
        "disputes, none won", "payments:console_disputes", "ops", path=at_query("payments:console_disputes", tab="won")
    ),
    Page("dispute", "payments:console_dispute", "ops", path=dispute("payments:console_dispute")),
    Page("evidence to print", "payments:console_dispute_pack", "ops", path=dispute("payments:console_dispute_pack")),
    Page("send evidence", "payments:console_dispute_answer", "ops", path=dispute("payments:console_dispute_answer")),
    Page(
        "send evidence, refused",
        "payments:console_dispute_answer",
        "ops",
        path=dispute("payments:console_dispute_answer"),
        act=press("Send to the bank"),
    ),
    Page("returns", "orders:console_returns", "ops"),
    Page("returns, none match", "orders:console_returns", "ops", path=at_query("orders:console_returns", q="nobody")),
    Page("return, requested", "orders:console_return", "ops", path=staff_return("requested")),
    Page(
        "return, rejected without a word",
        "orders:console_return",
        "ops",
        path=staff_return("requested"),
        act=press("Reject"),
    ),
    Page("return, approved", "orders:console_return", "ops", path=staff_return("approved")),
    Page("return, received", "orders:console_return", "ops", path=staff_return("received")),
    Page("return, refunded", "orders:console_return", "ops", path=staff_return("refunded")),
    Page(
        "refund of a return",
        "payments:console_return_refund",
        "ops",
        path=staff_return("received", "payments:console_return_refund"),
    ),
    Page(
        "return for a shopper",
        "orders:console_return_create",
        "ops",
        path=staff_order("orders:console_return_create", "fulfilled"),
    ),
    Page("console order, with returns", "orders:console_detail", "ops", path=staff_page("return_requested")),
    Page("stock", "products:console_stock", "ops"),
    Page("stock of a variant", "products:console_stock_item", "ops", path=serum_stock),
    Page("console products", "products:console_products", "ops"),
    Page("console product", "products:console_product", "ops", path=serum),
    Page("webhooks", "payments:console_webhooks", "ops"),
    Page("webhook", "payments:console_webhook", "ops", path=webhook),
    Page("staff, ops", "rbac:landing", "ops"),
    Page("monitoring", "monitoring:dashboard", "ops"),
    Page("issues", "monitoring:issues", "ops"),
    Page(
        "issues, none match",
        "monitoring:issues",
        "ops",
        path=lambda _: f"{reverse('monitoring:issues')}?state=regressed",
    ),
    Page("issue", "monitoring:issue", "ops", path=issue("count")),
    Page("issue, muted", "monitoring:issue", "ops", path=issue("muted")),
    Page("issue, resolved", "monitoring:issue", "ops", path=issue("resolved")),
    Page("issue, refused", "monitoring:issue", "ops", path=issue("count"), act=press("Mute")),
    Page("issue, read only", "monitoring:issue", "analyst", path=issue("count")),
    Page("sent mail", "mail:list", "ops"),
    Page("sent mail, none match", "mail:list", "ops", path=lambda _: f"{reverse('mail:list')}?recipient=nobody"),
    Page("mail", "mail:detail", "ops", path=mail("receipt")),
    Page("mail, failed", "mail:detail", "ops", path=mail("failed")),
    Page("mail, private", "mail:detail", "ops", path=mail("private")),
    Page(
        "mail preview",
        "mail:preview",
        "ops",
        path=mail("receipt", "mail:preview"),
        excused=("landmark-one-main", "region"),  # a mail is shown inside the landmarks of its reader
    ),
    Page("overview, admin", "console:home", "admin"),
    Page("settings", "console:settings", "admin"),
    Page("audit record", "console:audit", "admin"),
    Page("audit record, one act", "console:audit_record", "admin", path=act_on_record),
    Page("staff, admin", "rbac:landing", "admin"),
    Page("people and roles", "rbac:people", "admin"),
    Page("people, refused", "rbac:people", "admin", act=press("Give access")),
]

# Addresses that answer with no page of their own, each with the reason.
NO_PAGE = {
    "analytics:export": "a form's target, answered with a file",
    "monitoring:healthz": "for machines",
    "monitoring:readyz": "for machines",
    "monitoring:run": "a form's target",
    "monitoring:run_one": "a form's target",
    "monitoring:acknowledge": "a form's target",
    "monitoring:resolve": "a form's target",
    "monitoring:reopen": "a form's target",
    "monitoring:mute": "a form's target",
    "monitoring:note": "a form's target",
    "monitoring:repair": "a form's target",
    "wishlist:wish": "a form's target",
    "wishlist:unwish": "a form's target",
    "core:appearance": "a form's target",
    "core:media": "a photograph",
    "accounts:landing": "leads on to where a person works",
    "accounts:address_delete": "a form's target",
    "orders:bag_add": "a form's target; its 405 is in the list",
    "orders:bag_update": "a form's target",
    "orders:bag_remove": "a form's target",
    "orders:bag_undo": "a form's target",
    "orders:code_apply": "a form's target",
    "orders:code_remove": "a form's target",
    "payments:cancel": "a form's target",
    "payments:retry": "a form's target",
    "payments:return": "asks Stripe and leads on to the order",
    "payments:webhook": "Stripe's door",
    "mail:resend": "a form's target",
    "rbac:change_role": "a form's target",
    "rbac:invite": "a form's target",
    "orders:console_hold": "a form's target",
    "orders:console_return_decide": "a form's target",
    "orders:console_return_receive": "a form's target",
    "orders:return_withdraw": "a form's target",
    "orders:guest_return_withdraw": "a form's target",
    "products:console_stock_tracking": "a form's target",
    "orders:console_release": "a form's target",
    "orders:console_note": "a form's target",
    "payments:console_refund_confirm": "a form's target",
    "payments:console_refund_retry": "a form's target",
    "payments:console_sync": "a form's target",
    "payments:console_dispute_sync": "a form's target",
    "payments:console_webhook_replay": "a form's target",
    "payments:console_webhooks_replay": "a form's target",
    "payments:console_webhooks_import": "a form's target",
    "products:console_product_status": "a form's target",
    "products:console_variant_price": "a form's target",
}
