"""Shoppers who buy over HTTP, whatever the shop does: each request may fail, and they go on with the next."""

import http.client
import random
import re
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from html.parser import HTMLParser
from http.cookiejar import CookieJar

from tests.served_stripe import ServedStripe

GUEST = {
    "name": "Charlie Clay",
    "line1": "1 Green Lane",
    "city": "Leeds",
    "postcode": "LS1 4AP",
    "country": "GB",
    "action": "pay",
}
CARDS = (*["4242424242424242"] * 6, "4000000000000002", "bank_debit_succeeds", "bank_debit_fails")
PATIENCE_SECONDS = 20


class Form(HTMLParser):
    """The hidden fields of a page, and the choices that are made already."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.values: dict[str, str] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        is_sent = given.get("type") == "hidden" or (given.get("type") == "radio" and "checked" in given)
        if tag == "input" and is_sent and given.get("name"):
            self.values[str(given["name"])] = given.get("value") or ""


class Shopper(threading.Thread):
    """Buys one thing after another until told to stop; `outcomes` counts how it went."""

    def __init__(self, address: str, stripe: ServedStripe, outcomes: Counter[str]) -> None:
        super().__init__(daemon=True)
        self.address, self.stripe, self.outcomes = address, stripe, outcomes
        self.stopping = threading.Event()

    def run(self) -> None:
        while not self.stopping.is_set():
            try:
                self.outcomes[self.buy()] += 1
            except (OSError, http.client.HTTPException) as trouble:
                self.outcomes[type(trouble).__name__] += 1

    def buy(self) -> str:
        """From the shelf to the way back from the payment page; how far it went."""
        browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()), FollowToStripe())
        for path in random.sample(self.products(browser), random.randint(1, 2)):
            form = Form(self.ask(browser, path)).values
            self.ask(browser, "/bag/add/", form | {"quantity": str(random.randint(1, 2))})
        checkout = Form(self.ask(browser, "/checkout/")).values
        email = f"shopper-{random.randint(1, 9)}@example.com"
        page = self.ask(browser, "/checkout/", checkout | GUEST | {"email": email})
        found = re.match(r"stripe at (\S+)", page)
        if found is None:
            return "not placed"
        if random.random() < 0.1:
            return "left unpaid"
        leads_to = self.stripe.pay(found[1], random.choice(CARDS))
        if leads_to and random.random() < 0.5:
            self.ask(browser, leads_to.removeprefix(self.address))
        return "paid" if leads_to else "declined"

    def products(self, browser: urllib.request.OpenerDirector) -> list[str]:
        """Addresses of what is on sale."""
        return sorted(set(re.findall(r'href="(/products/[^"/]+/)"', self.ask(browser, "/shop/"))))

    def ask(self, browser: urllib.request.OpenerDirector, path: str, fields: dict[str, str] | None = None) -> str:
        """Send one request and follow where it leads within the shop; the page."""
        body = urllib.parse.urlencode(fields).encode() if fields is not None else None
        request = urllib.request.Request(self.address + path, data=body, headers={"Referer": self.address + path})
        with browser.open(request, timeout=PATIENCE_SECONDS) as answer:
            return answer.read().decode()


class FollowToStripe(urllib.request.HTTPRedirectHandler):
    """Follows redirects within the shop; one to the payment page becomes the words that name it."""

    def http_error_303(self, req, fp, code, msg, headers):
        if "/pay/cs_" in (headers["Location"] or ""):
            return Words(f"stripe at {headers['Location']}")
        return super().http_error_302(req, fp, code, msg, headers)


class Words:
    """An answer that is only words."""

    def __init__(self, words: str) -> None:
        self.words = words

    def read(self) -> bytes:
        return self.words.encode()

    def __enter__(self) -> "Words":
        return self

    def __exit__(self, *_: object) -> None:
        """There is nothing to close."""
