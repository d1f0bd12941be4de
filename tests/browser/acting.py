"""What people do on any page, for the journeys."""

import re

from playwright.sync_api import Page, expect

from accounts.models import User
from accounts.tests.factories import PASSWORD


def button(tab: Page, name: str) -> None:
    """Press a button; Playwright waits for the page that follows."""
    tab.get_by_role("button", name=name).first.click()


def sign_in(tab: Page, shop: str, user: User) -> None:
    """Sign in from the sign-in page; where a person works is the next page."""
    tab.goto(f"{shop}/account/sign-in/")
    tab.get_by_label("E-mail address").fill(user.email)
    tab.get_by_label("Password").fill(PASSWORD)
    button(tab, "Sign in")
    expect(tab).not_to_have_url(re.compile("sign-in"))
