"""What the browser sees: the demonstration's shelves and photographs, people of every role, orders in every state."""

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import F
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Address, User
from accounts.tests.factories import make_address, make_user
from analytics.month_end.closing import close_month
from analytics.month_end.months import Month
from analytics.snapshots.building import build_snapshots
from analytics.snapshots.calendar import CHANGES
from core.days import today
from demo.catalogue import load_categories
from demo.shop import open_shop
from mail.delivery import deliver_due_mail
from mail.models import OutgoingMail
from mail.services import queue_mail
from monitoring import issues
from monitoring.models import CheckRun, Issue
from monitoring.registry import all_checks
from monitoring.running import run_checks
from orders.fulfilment import ship
from orders.models import Order, Return
from orders.placing import AddressData
from orders.returns import decide_return
from orders.tests.factories import make_order, make_received, make_return
from orders.transitions import By
from payments.balance import import_movements_of
from payments.closing import cancel_order_unpaid
from payments.disputes import sync_dispute
from payments.models import Dispute, Payment, Refund
from payments.refunding import RefundChoice, request_refund
from payments.return_refunds import refund_return
from payments.sync import sync_payment
from payments.tests.factories import make_paid, make_started, session_of
from products.models import Product, StockItem, Variant
from products.tests.factories import make_product, make_stock
from stripe_simulator import control
from tests.browser.past import live_through_two_months
from wishlist.tests.factories import make_wish

THREE_D_SECURE = "4000002500003155"
ALICE = AddressData(name="Alice Archer", line1="Flat 3, 14 Orchard Rise", city="Leeds", postcode="LS8 1AB")
LONG = AddressData(
    name="Maximiliane Wolkenstein-Featherstonehaugh",
    line1="The Old Apothecary House, 117 Llanfairpwllgwyngyllgogerychwyrndrobwll Road",
    line2="Third floor, ring twice",
    city="Stratford-upon-Avon",
    region="Warwickshire",
    postcode="CV37 6BA",
    phone="+44 1789 555 0199",
)


def stock_shelves() -> None:
    """Open the demonstration's shop, with what stands on its shelves when its trade stops."""
    open_shop(since=timezone.now() - timedelta(days=30))
    for category in load_categories():
        for product in category.products:
            for sold in product.variants:
                left = sold.opening_stock if sold.ends_at is None else sold.ends_at
                make_stock(Variant.objects.get(sku=sold.sku), left)


@dataclass(frozen=True)
class Scene:
    """The shop as the walk through its pages finds it."""

    url: str
    users: dict[str, User]
    orders: dict[str, Order]
    payments: dict[str, Payment]
    mails: dict[str, OutgoingMail]
    address: Address
    issues: dict[str, Issue]
    returns: dict[str, Return]

    def cookies(self, role: str) -> list[dict[str, str]]:
        """The cookies of a visitor: a role's sign-in, `bag` for a guest with a bag, none for `guest`."""
        client = Client()
        if role in self.users:
            client.force_login(self.users[role])
        elif role == "bag":
            fill_bag(client)
        return [{"name": name, "value": morsel.value, "url": self.url} for name, morsel in client.cookies.items()]


def fill_bag(client: Client) -> None:
    """Three lines, one of them in a quantity, and a discount code."""
    for sku, quantity in (("PL-VTC-30", 2), (a_choice()[1].sku, 1), ("PL-NRC-50", 1)):
        variant = Variant.objects.get(sku=sku)
        client.post(reverse("orders:bag_add"), {"variant": variant.pk, "quantity": quantity})
    client.post(reverse("orders:code_apply"), {"code": "WELCOME10"})


def a_choice() -> list[Variant]:
    """The variants of a product that comes in several, all of them in stock."""
    for product in Product.objects.order_by("pk"):
        variants = list(product.variants.order_by("position"))
        if len(variants) > 1 and all(variant.stock.available > 5 for variant in variants):
            return variants
    raise AssertionError("the catalogue has no product with a choice")


def make_scene(url: str) -> Scene:
    """Let the shop have a past, and people who buy now."""
    live_through_two_months()
    users = _people()
    orders, payments = _trade(users["customer"])
    _give_back(users["ops"], orders)
    returns = _send_back(users["ops"], users["customer"], orders)
    build_snapshots(CHANGES)
    close_month(months_ago(2), "GBP", actor=users["admin"])
    _wish(users["customer"])
    deliver_due_mail()
    mails = _mails(orders)
    return Scene(
        url, users, orders, payments, mails, make_address(users["customer"].customer), _issues(users["ops"]), returns
    )


def months_ago(count: int) -> Month:
    """The month so many months before this one."""
    month = Month.of(today())
    for _ in range(count):
        month = month.before()
    return month


def _issues(ops: User) -> dict[str, Issue]:
    """What the checks find once counts are off: one that can be repaired, one muted, one that went away."""
    first, second = StockItem.objects.filter(tracked=True, on_hand__gt=0)[:2]
    _miscount(first, by=1)
    _miscount(second, by=2)
    run_checks(all_checks(), trigger=CheckRun.Trigger.COMMAND, is_full=True)
    _miscount(second, by=-2)
    run_checks(all_checks(), trigger=CheckRun.Trigger.COMMAND, is_full=True)
    muted = Issue.objects.get(check_id="mail.failed")
    issues.mute(muted.pk, until=None, reason="The bank holiday", actor=ops)
    issues.add_note(muted.pk, text="Alice clears out her mailbox on Tuesday.", actor=ops)
    found = Issue.objects.filter(check_id="stock.ledger_mismatch")
    return {
        "count": found.get(entity_pk=str(first.pk)),
        "muted": muted,
        "resolved": found.get(entity_pk=str(second.pk)),
    }


def _miscount(item: StockItem, *, by: int) -> None:
    StockItem.objects.filter(pk=item.pk).update(on_hand=F("on_hand") + by)


def _people() -> dict[str, User]:
    users = {
        "customer": make_user("customer", email="alice@example.com"),
        "newcomer": make_user("customer", email="nobody-has-a-longer-address@departments.example.com", name=""),
        "unconfirmed": make_user("customer", email="bea@example.com", verified=False),
        "analyst": make_user("analyst", email="analyst@example.com", name="Bo Nilsen"),
        "ops": make_user("ops", email="ops@example.com", name="Priya Raman"),
        "admin": make_user("admin", email="admin@example.com", name="Marta Kowalska"),
    }
    User.objects.filter(email__in=["ops@example.com", "admin@example.com"]).update(last_login=timezone.now())
    return users


def _wish(alice: User) -> None:
    """A list with what has left the shop, has sold out, comes in several versions, is reduced, and can be had."""
    gone, sold_out = make_product("Discontinued balm"), Variant.objects.filter(stock__on_hand=0)[0]
    make_wish(alice.customer, gone)
    make_wish(alice.customer, sold_out.product, variant_id=sold_out.pk)
    for product in (
        a_choice()[0].product,
        *(Product.objects.get(variants__sku=sku) for sku in ("PL-NRC-50", "PL-VTC-30")),
    ):
        make_wish(alice.customer, product)
    Product.objects.filter(pk=gone.pk).update(status=Product.Status.ARCHIVED)


def _trade(alice: User) -> tuple[dict[str, Order], dict[str, Payment]]:
    small, large = a_choice()[:2]
    serum = Variant.objects.get(sku="PL-VTC-30")
    hers = {"user": alice, "email": alice.email, "customer_name": "Alice Archer", "address": ALICE}
    guest = {"email": "charlie.the.guest@example.com", "customer_name": LONG.name, "address": LONG}
    payments: dict[str, Payment] = {}
    orders: dict[str, Order] = {}
    orders["fulfilled"], _ = make_paid(lines={small: 1, serum: 2}, discount_code="WELCOME10", **hers)
    ship(orders["fulfilled"].pk, at=timezone.now(), carrier="Royal Mail", tracking="AB123456789GB")
    orders["paid"], _ = make_paid(lines={large: 1}, **hers)
    orders["processing"], payments["processing"] = make_started(lines={serum: 1}, **hers)
    control.pay(session_of(payments["processing"]), "bank_debit_succeeds")
    sync_payment(payments["processing"].pk)
    orders["canceled"] = make_order({serum: 1}, **hers)
    cancel_order_unpaid(orders["canceled"].pk, reason="shopper", by=By.SHOPPER)
    orders["pending"], payments["pending"] = make_started(lines={small: 2, large: 1}, **hers)
    orders["guest_paid"], _ = make_paid(lines={small: 1, large: 1, serum: 1}, **guest)
    orders["guest_pending"], payments["guest_pending"] = make_started(lines={large: 1, serum: 3}, **guest)
    for name, card in {"declined": "4000000000000002", "authenticate": THREE_D_SECURE}.items():
        orders[name], payments[name] = make_started(lines={small: 1, serum: 1}, **guest)
        control.pay(session_of(payments[name]), card)
    orders["disputed"], disputed = make_paid(lines={small: 2, serum: 1}, **guest)
    sync_dispute(control.open_dispute(disputed.stripe_charge_id or ""))
    import_movements_of(Dispute.objects.get(payment=disputed).stripe_dispute_id or "")
    orders["expired"], payments["expired"] = make_started(lines={small: 1}, **guest)
    control.expire(session_of(payments["expired"]))
    return orders, payments


def _give_back(ops: User, orders: dict[str, Order]) -> None:
    """A part that arrived, one that is on its way, and one that came back from the bank."""
    asked = {"refunded": "succeeded", "refund_pending": "pending", "refund_failed": "failed"}
    for name, status in asked.items():
        orders[name], _ = make_paid(lines={a_choice()[0]: 2}, email="diana@example.com", customer_name="Diana Frost")
        choice = RefundChoice(amount_minor=500, reason="The pump of one bottle was broken")
        control.refund_next_as(status)
        refund = request_refund(orders[name].pk, choice=choice, actor=ops, request_key=name)
        assert refund.status == Refund.Status(status)


def _send_back(ops: User, alice: User, orders: dict[str, Order]) -> dict[str, Return]:
    """A return in each state; the shopper who asked for the first has had another one rejected."""
    bottle = a_choice()[0]
    names = ("requested", "approved", "received", "refunded")
    for name in names:
        buyer = {"user": alice, "email": alice.email} if name == "requested" else {"email": "diana@example.com"}
        orders[f"return_{name}"], _ = make_paid(lines={bottle: 3}, customer_name="Diana Frost", **buyer)
        ship(orders[f"return_{name}"].pk, carrier="Royal Mail")
    rejected = make_return(orders["return_requested"], reason="other", note="I lost the box.")
    decide_return(rejected.pk, decision="rejected", answer="The seal of the bottle was broken.", actor=ops)
    note = "The pump is broken, and the label of the second bottle came off in the parcel."
    returns = {"requested": make_return(orders["return_requested"], quantity=2, reason="damaged", note=note)}
    returns["approved"] = make_return(orders["return_approved"], quantity=2, actor=ops)
    for name in ("received", "refunded"):
        returns[name] = make_received(orders[f"return_{name}"], quantity=3, came=2, shelved=1, actor=ops)
    refund_return(
        returns["refunded"].pk, with_shipping=False, reason="Came back", actor=ops, request_key="returned-000001"
    )
    return returns


def _mails(orders: dict[str, Order]) -> dict[str, OutgoingMail]:
    receipt = OutgoingMail.objects.get(key=f"order-receipt:{orders['guest_paid'].pk}")
    private = queue_mail(
        key="reset:1",
        kind="password_reset",
        recipient="alice@example.com",
        context={"password_reset_url": "https://example.com/account/password/reset/key/1-abc/"},
        is_secret=True,
    )
    failed = OutgoingMail.objects.filter(kind="order_receipt", recipient="alice@example.com").latest("pk")
    failed.state, failed.sent_at, failed.attempts = OutgoingMail.State.FAILED, None, 8
    failed.last_error = "550 5.2.2 The mailbox is full"
    failed.save()
    return {"receipt": receipt, "private": private, "failed": failed}
