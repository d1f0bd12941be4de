"""How to get to a page of the shop in the browser: its address in the scene, and what is done once it is open."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from allauth.account.forms import default_token_generator
from allauth.account.models import EmailConfirmationHMAC
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpResponse
from django.shortcuts import render
from django.test import RequestFactory
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page as Tab

from analytics.exports.running import write_due_files
from analytics.models import ExportRun, ExportSchedule, FactDay, SavedQuestion
from analytics.summary.subscribing import stop_url
from analytics.tests.export_scenes import make_run
from audit.recording import record
from core import views as core_views
from core.days import today
from orders.links import guest_path, guest_signature
from orders.models import Invoice, Order
from payments.models import Dispute, Refund
from payments.tests.factories import make_event, make_payout, make_refund
from products.models import Variant
from tests.browser.scene import Scene, months_ago

FINANCE, MOVEMENTS = "payments:console_finance", "payments:console_movements"
LONG_AGO = {"from": "2015-01-01", "to": "2015-01-31"}
BACK = {"from": "2026-02-01", "to": "2026-01-01"}


PRINTED = [f"analytics:{name}" for name in ("dashboard", "operations", "products", "customers", "finance", "breakdown")]


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

    @property
    def is_printed(self) -> bool:
        """Whether people print it: pages of figures, with data, with one order, and with none."""
        return self.route in PRINTED and not self.act

    def address(self, scene: Scene) -> str:
        """The path of the page; payment pages of the simulator are on the same server."""
        return self.path(scene) if self.path else reverse(self.route)


def at(route: str, *arguments: object) -> Callable[[Scene], str]:
    """The address of a route with fixed arguments."""
    return lambda _scene: reverse(route, args=arguments)


def at_query(route: str, **query: str) -> Callable[[Scene], str]:
    """The address of a route with a query."""
    return lambda _scene: reverse(route, query=query)


def one_order(route: str) -> Callable[[Scene], str]:
    """The address of a page of figures for a day on which a single order was sold."""

    def address(_scene: Scene) -> str:
        day = FactDay.objects.filter(orders=1).order_by("day").values_list("day", flat=True)[0]
        return reverse(route, query={"from": day, "to": day})

    return address


def stopping(scene: Scene) -> str:
    """The address under which a mail lets its reader end the weekly summary."""
    return stop_url(scene.users["analyst"]).removeprefix(settings.STORE_BASE_URL)


def at_rows(kpi: str, **query: str) -> Callable[[Scene], str]:
    """The address of the rows of a figure."""
    return lambda _scene: reverse("analytics:rows", args=[kpi], query=query)


def order(name: str) -> Callable[[Scene], str]:
    return lambda scene: scene.orders[name].get_absolute_url()


def guest_order(name: str) -> Callable[[Scene], str]:
    return lambda scene: guest_path(scene.orders[name])


def guest_invoice(name: str) -> Callable[[Scene], str]:
    return lambda scene: reverse(
        "orders:guest_invoice", args=[scene.orders[name].public_id, guest_signature(scene.orders[name])]
    )


def guest_credit_note(name: str) -> Callable[[Scene], str]:
    return lambda scene: f"{guest_path(scene.orders[name])}credit-notes/{credit_note_of(scene.orders[name]).number}/"


def staff_document(name: str) -> Callable[[Scene], str]:
    return lambda scene: reverse("orders:console_invoice", args=[credit_note_of(scene.orders[name]).pk])


def credit_note_of(order: Order) -> Invoice:
    return order.invoices.filter(kind=Invoice.Kind.CREDIT_NOTE).latest("number")


def month(back: int) -> Callable[[Scene], str]:
    """The page of the month so many months ago."""
    return lambda _scene: reverse("analytics:month", args=[str(months_ago(back))])


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


def export_file(state: str, **facts: object) -> Callable[[Scene], str]:
    """The page of a file of orders that the analyst has asked for, in some state."""

    def path(scene: Scene) -> str:
        run, now = make_run(actor=scene.users["analyst"]), timezone.now()
        if state == "done":
            write_due_files()
        else:
            times = {"started_at": now - timedelta(seconds=20), "lease_until": now + timedelta(hours=1)}
            ExportRun.objects.filter(pk=run.pk).update(state=state, **times, **facts)
        return run.get_absolute_url()

    return path


def scheduled(scene: Scene) -> str:
    """The scheduled files of the analyst, with one among them."""
    wanted = {"dataset": "orders", "currency": "GBP", "format": "csv", "every": "week"}
    ExportSchedule.objects.get_or_create(owner=scene.users["analyst"], **wanted)
    return reverse("analytics:export_schedules")


def saved_question(scene: Scene) -> str:
    """A question that the analyst has kept."""
    by_country = "days=90&currency=GBP&group=country&sum=net_sales&sum=units"
    owner = scene.users["analyst"]
    saved, _ = SavedQuestion.objects.get_or_create(
        owner=owner, title="Sales by country", dataset="orders", query=by_country, is_shared=True
    )
    return saved.get_absolute_url()


def question_to_change(scene: Scene) -> str:
    saved_question(scene)
    return reverse("analytics:question_edit", args=[SavedQuestion.objects.get(title="Sales by country").pk])


def grouped_question(_scene: Scene) -> str:
    query = "days=90&column=country&is=is-not&value=US&group=paid_on.month&group=business_day.month&then=country"
    return f"{reverse('analytics:question', args=['order_lines'])}?{query}"


def odd_question(_scene: Scene) -> str:
    query = "column=email&is=contains&value=a&column=units&is=above&value=many&sort=moon&from=2026-13-01&to=x"
    return f"{reverse('analytics:question', args=['orders'])}?{query}"


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


def staff_refund(name: str) -> Callable[[Scene], str]:
    """The page of the newest refund of an order of the scene."""

    def path(scene: Scene) -> str:
        refund = Refund.objects.filter(payment__order=scene.orders[name]).latest("pk")
        return reverse("payments:console_refund_detail", args=[refund.pk])

    return path


def waiting_refund(route: str) -> Callable[[Scene], str]:
    """A page of a refund that somebody of operations has asked for, and that waits for approval."""

    def path(scene: Scene) -> str:
        waiting = {"status": "requested", "refunded_at": None, "reason": "Arrived broken"}
        refund = make_refund(requested_by_id=scene.users["ops"].pk, **waiting)
        return reverse(route, args=[refund.pk] if route == "payments:console_refund_detail" else [])

    return path


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


def broken() -> HttpResponse:
    return core_views.server_error(RequestFactory().get("/"))


def too_large() -> HttpResponse:
    return core_views.bad_request(RequestFactory().get("/"), RequestDataTooBig())


def too_often() -> HttpResponse:
    return render(RequestFactory().get("/"), "429.html", status=429)
