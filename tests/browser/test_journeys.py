"""From browsing to the receipt, as people do it: without scripts, with a card that is declined, by keyboard alone."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page as Tab
from playwright.sync_api import expect

from accounts.models import User
from accounts.tests.factories import PASSWORD, make_user
from mail.models import OutgoingMail
from orders.models import Cart, Invoice, Order
from payments.models import Payment, PaymentAttempt
from products.models import StockMovement
from tests.browser.acting import button, sign_in
from tests.browser.conftest import let_events_arrive

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SERUM = "/products/hyaluronic-serum/"
GUEST = {
    "E-mail": "charlie@example.com",
    "Full name": "Charlie Clay",
    "Town or city": "Leeds",
    "Postcode": "LS1 4AP",
}


def put_into_bag(tab: Tab, shop: str, size: str, quantity: int = 1) -> None:
    tab.goto(shop + SERUM)
    tab.get_by_label(size).check()
    tab.get_by_label("Quantity").fill(str(quantity))
    button(tab, "Add to bag")
    expect(tab).to_have_url(f"{shop}/bag/")


def fill_checkout(tab: Tab, **changes: str) -> None:
    for label, text in (GUEST | changes).items():
        tab.get_by_label(label, exact=True).fill(text)
    tab.get_by_label("Address", exact=True).fill("1 Green Lane")


def go_to_payment(tab: Tab, shop: str) -> None:
    """From the bag over checkout to the payment page."""
    tab.goto(f"{shop}/bag/")
    tab.get_by_role("link", name="Go to checkout").click()
    fill_checkout(tab)
    button(tab, "Pay £")
    expect(tab).to_have_url(re.compile("/stripe-simulator/pay/"))


def pay_with(tab: Tab, card: str) -> None:
    tab.get_by_label(card).check()
    button(tab, "Pay £")


def test_without_scripts_a_guest_buys_two_variants_through_3d_secure(shelves, visitor):
    tab = visitor(java_script_enabled=False)
    tab.goto(shelves)
    tab.get_by_role("navigation", name="Main").get_by_role("link", name="Serums").click()
    tab.get_by_role("link", name="Hyaluronic").first.click()
    tab.get_by_label("30 ml").check()
    button(tab, "Add to bag")
    expect(tab).to_have_url(f"{shelves}/bag/")
    put_into_bag(tab, shelves, "50 ml")
    tab.get_by_label("Quantity, Hyaluronic").first.fill("2")
    button(tab, "Update")
    expect(tab.get_by_label("Quantity, Hyaluronic").first).to_have_value("2")

    go_to_payment(tab, shelves)
    pay_with(tab, "Asks for 3-D Secure")
    expect(tab.get_by_role("heading", name="Confirm the payment")).to_be_visible()
    button(tab, "Complete")

    order = Order.objects.get()
    expect(tab.get_by_role("heading", level=1)).to_have_text(f"Order {order.number}")
    expect(tab.locator("[data-status=paid]").first).to_be_visible()
    assert sorted(order.lines.values_list("variant_name", "quantity")) == [("30 ml", 2), ("50 ml", 1)]
    is_paid_once(order)
    receipt_opens_the_order(visitor(java_script_enabled=False), order)


def is_paid_once(order: Order) -> None:
    """Whatever arrives after the return, and however often: one payment, one receipt, one movement a line."""
    let_events_arrive()
    let_events_arrive()
    order.refresh_from_db()
    assert (order.status, order.paid_minor) == ("paid", order.total_minor)
    assert Payment.objects.filter(order=order, status="succeeded").count() == 1
    assert OutgoingMail.objects.filter(kind="order_receipt").count() == 1
    assert StockMovement.objects.filter(kind="sold").count() == order.lines.count()
    assert Invoice.objects.filter(order=order).count() == 1


def receipt_opens_the_order(tab: Tab, order: Order) -> None:
    """The receipt's own link shows the order to somebody who holds nothing else."""
    receipt = OutgoingMail.objects.get(kind="order_receipt", recipient=GUEST["E-mail"])
    link = re.search(r"https?://\S+/orders/\S+", receipt.text_body)
    assert link, receipt.text_body
    tab.goto(link[0])
    expect(tab.get_by_role("heading", level=1)).to_have_text(f"Order {order.number}")


def test_a_signed_in_shopper_is_declined_and_tries_again(shelves, visitor):
    alice = make_user(email="alice@example.com")
    tab = visitor()
    sign_in(tab, shelves, alice)
    put_into_bag(tab, shelves, "30 ml")
    tab.get_by_role("link", name="Go to checkout").click()
    expect(tab.get_by_label("E-mail", exact=True)).to_have_value("alice@example.com")
    fill_checkout(tab, **{"E-mail": alice.email, "Full name": "Alice Archer"})
    button(tab, "Pay £")

    pay_with(tab, "Declined")
    expect(tab.get_by_role("alert")).to_contain_text("Your card was declined.")
    pay_with(tab, "Payment succeeds")

    order = Order.objects.get()
    expect(tab.locator("[data-status=paid]").first).to_be_visible()
    is_paid_once(order)
    assert list(PaymentAttempt.objects.order_by("pk").values_list("outcome", flat=True)) == ["failed", "succeeded"]
    tab.goto(f"{shelves}/account/orders/")
    tab.get_by_role("link", name=order.number).click()
    expect(tab).to_have_url(shelves + order.get_absolute_url())
    tab.get_by_role("link", name="Print the invoice").click()
    expect(tab.get_by_role("heading", level=1)).to_contain_text(f"Invoice {order.invoices.get().reference}")


def test_a_new_account_is_confirmed_by_the_link_that_ops_can_see_in_the_demo(shelves, visitor, settings):
    settings.DEMO = True
    ops = make_user("ops", email="ops@example.com")
    tab, staff = visitor(), visitor()
    tab.goto(f"{shelves}/account/sign-up/")
    tab.get_by_label("E-mail address").fill("bea@example.com")
    tab.get_by_label("Password").fill(PASSWORD)
    button(tab, "Create account")
    expect(tab.get_by_role("heading", level=1)).to_have_text("Look in your inbox")

    let_events_arrive()
    sign_in(staff, shelves, ops)
    staff.goto(f"{shelves}/console/mail/?recipient=bea")
    staff.get_by_role("rowheader").get_by_role("link").first.click()
    link = staff.get_by_role("link", name=re.compile("confirm-email")).get_attribute("href")
    tab.goto(link)
    button(tab, "Yes, confirm")

    expect(tab.get_by_role("heading", level=1)).to_have_text("Your account")
    assert User.objects.get(email="bea@example.com").customer.email_canonical == "bea@example.com"


def test_the_preview_of_a_mail_shows_in_its_frame(shelves, visitor):
    tab, staff = visitor(java_script_enabled=False), visitor()
    put_into_bag(tab, shelves, "30 ml")
    go_to_payment(tab, shelves)
    pay_with(tab, "Payment succeeds")
    sign_in(staff, shelves, make_user("ops", email="ops@example.com"))
    staff.goto(shelves + OutgoingMail.objects.get(kind="order_receipt").get_absolute_url())

    expect(staff.frame_locator("iframe").get_by_role("heading", level=1)).to_be_visible()


def test_an_abandoned_payment_leaves_the_order_unpaid_and_the_bag_as_it_was(shelves, visitor):
    tab = visitor(java_script_enabled=False)
    put_into_bag(tab, shelves, "30 ml", quantity=2)
    go_to_payment(tab, shelves)
    tab.get_by_role("link", name="without paying").click()

    order = Order.objects.get()
    expect(tab.get_by_role("heading", level=1)).to_have_text(f"Order {order.number}")
    expect(tab.locator("main")).to_contain_text("This order has not been paid yet")
    expect(tab.locator("[data-status=paid]")).to_have_count(0)
    button(tab, "Cancel this order")

    expect(tab).to_have_url(f"{shelves}/bag/")
    expect(tab.locator("main, .messages")).to_contain_text(["Nothing was charged", "Hyaluronic"])
    expect(tab.get_by_label("Quantity, Hyaluronic")).to_have_value("2")
    order.refresh_from_db()
    assert (order.status, order.paid_minor) == ("canceled", 0)
    assert OutgoingMail.objects.count() == 0


def test_two_tabs_of_one_checkout_make_one_order(shelves, visitor):
    first = visitor()
    put_into_bag(first, shelves, "30 ml")
    first.get_by_role("link", name="Go to checkout").click()
    second = first.context.new_page()
    second.goto(f"{shelves}/checkout/")
    fill_checkout(first)
    fill_checkout(second)
    button(first, "Pay £")
    expect(first).to_have_url(re.compile("/stripe-simulator/pay/"))

    button(second, "Pay £")

    order = Order.objects.get()
    expect(second.get_by_role("heading", level=1)).to_have_text(f"Order {order.number}")
    pay_with(first, "Payment succeeds")
    expect(first.locator("[data-status=paid]").first).to_be_visible()
    second.reload()
    expect(second.locator("[data-status=paid]").first).to_be_visible()
    is_paid_once(order)


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_a_double_click_on_pay_makes_one_order(shelves, visitor, scripts):
    tab = visitor(java_script_enabled=scripts)
    put_into_bag(tab, shelves, "30 ml")
    tab.get_by_role("link", name="Go to checkout").click()
    fill_checkout(tab)

    tab.get_by_role("button", name="Pay £").dblclick(no_wait_after=True)

    expect(tab).to_have_url(re.compile("/stripe-simulator/pay/"))
    assert Order.objects.count() == 1
    assert Cart.objects.exclude(order=None).count() == 1


def test_by_keyboard_alone_from_product_to_payment(shelves, visitor):
    tab = visitor()
    tab.goto(shelves + SERUM)
    tab.keyboard.press("Tab")
    expect(tab.get_by_role("link", name="Skip to content")).to_be_focused()
    tab.keyboard.press("Enter")
    tab_to(tab, "30 ml")
    tab.keyboard.press("ArrowDown")
    expect(tab.get_by_label("50 ml")).to_be_checked()
    tab_to(tab, "Add to bag")
    tab.keyboard.press("Enter")
    expect(tab).to_have_url(f"{shelves}/bag/")
    tab_to(tab, "Go to checkout")
    tab.keyboard.press("Enter")
    expect(tab).to_have_url(f"{shelves}/checkout/")
    tab_to(tab, "Pay £")
    tab.keyboard.press("Enter")

    expect(tab.locator("[data-error-summary]")).to_be_focused()
    tab_to(tab, "Enter your e-mail address.")
    tab.keyboard.press("Enter")
    expect(tab.get_by_label("E-mail", exact=True)).to_be_focused()
    tab.keyboard.type(GUEST["E-mail"])
    for label, text in {"Full name": GUEST["Full name"], "Address": "1 Green Lane"}.items():
        type_into(tab, label, text)
    for label in ("Town or city", "Postcode"):
        type_into(tab, label, GUEST[label])
    tab_to(tab, "Pay £")
    tab.keyboard.press("Enter")
    expect(tab).to_have_url(re.compile("/stripe-simulator/pay/"))
    assert Order.objects.get().lines.get().variant_name == "50 ml"


FOCUSED = """() => {
  const one = document.activeElement;
  const label = one.labels && one.labels.length ? one.labels[0].innerText : '';
  const rings = [[one], [one, '::after'], [one.closest('label') || one]].map(part => getComputedStyle(...part));
  return {
    name: (label || one.innerText || one.getAttribute('aria-label') || '').trim(),
    isPlace: one === document.body,
    shown: rings.some(ring => ring.outlineStyle !== 'none' && parseFloat(ring.outlineWidth) >= 2),
  };
}"""


def tab_to(tab: Tab, name: str, *, most: int = 60) -> None:
    """Press Tab until the thing of that name has the focus; each stop on the way shows that it has."""
    for _ in range(most):
        tab.keyboard.press("Tab")
        focused = tab.evaluate(FOCUSED)
        if focused["isPlace"]:
            continue
        assert focused["shown"], f"no focus ring on {focused['name']!r}"
        if focused["name"].startswith(name):
            return
    raise AssertionError(f"{name!r} is not reached within {most} presses of Tab")


def type_into(tab: Tab, label: str, text: str) -> None:
    tab_to(tab, label)
    tab.keyboard.type(text)


def test_the_sentinel_sees_what_a_policy_blocks(shelves, visitor, watch):
    for scripts in (True, False):
        tab: Tab = visitor(java_script_enabled=scripts)
        tab.context.route("**/odd/", tell_of_style)
        tab.goto(f"{shelves}/odd/")
        tab.wait_for_timeout(100)

        seen, watch.problems = watch.problems, []
        assert seen
        assert all("Content Security Policy" in problem for problem in seen)


tell_of_style: Callable = lambda route: route.fulfill(  # noqa: E731 - a page of one line
    body="<!doctype html><title>Odd</title><p style='color:red'>Red</p>",
    headers={"Content-Type": "text/html", "Content-Security-Policy": "default-src 'self'"},
)


def test_a_chosen_theme_wins_over_the_system(shelves, visitor):
    tab = visitor(color_scheme="light", java_script_enabled=False)
    tab.goto(shelves)
    background = "getComputedStyle(document.body).backgroundColor"
    reader = tab.context.browser.new_context(color_scheme="light")
    reader.add_cookies([{"name": "theme", "value": "dark", "url": shelves}])
    chosen = reader.new_page()
    chosen.goto(shelves)

    assert chosen.evaluate(background) == "rgb(17, 21, 18)"
    reader.close()
