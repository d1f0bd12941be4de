"""A heart pressed before signing in, and what becomes of it: with scripts and without."""

import re

import pytest
from playwright.sync_api import expect

from accounts.tests.factories import PASSWORD, make_user
from tests.browser.scene import stock_shelves
from wishlist.models import WishEvent

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_a_wish_from_the_heart_to_the_bag(shop, visitor, scripts):
    stock_shelves()
    alice = make_user()
    tab = visitor(java_script_enabled=scripts)
    heart = tab.get_by_role("button", name="Wishlist: Vitamin C Serum")

    tab.goto(f"{shop}/shop/?sort=name")
    expect(heart).to_have_attribute("aria-pressed", "false")
    heart.click()
    expect(tab).to_have_url(re.compile("/account/sign-in/"))
    expect(tab.get_by_role("status").first).to_contain_text("Sign in, and Vitamin C Serum is on your wishlist.")
    tab.get_by_label("E-mail").fill(alice.email)
    tab.get_by_label("Password", exact=True).fill(PASSWORD)
    tab.get_by_role("main").get_by_role("button", name="Sign in").click()

    expect(tab).to_have_url(re.compile(r"/shop/\?sort=name#product-\d+$"))
    expect(heart).to_have_attribute("aria-pressed", "true")
    expect(heart).to_be_in_viewport()

    tab.get_by_role("link", name="Wishlist").click()
    tab.get_by_role("button", name="Remove Vitamin C Serum").click()
    expect(tab.get_by_text("Your wishlist is empty")).to_be_visible()
    tab.get_by_role("button", name="Undo").click()
    tab.get_by_role("button", name="Add to bag Vitamin C Serum").click()
    expect(tab).to_have_url(f"{shop}/bag/")
    expect(tab.get_by_role("main")).to_contain_text("Vitamin C Serum")
    assert list(WishEvent.objects.order_by("pk").values_list("kind", flat=True)) == ["wish", "unwish", "wish"]
