"""One purchase, from the bag to the receipt, through the shop's own pages and the simulator's payment page.

A part of it is then given back in Stripe's dashboard, which the shop learns from Stripe's events alone. It stands in
for a browser, for Stripe's deliveries and for a worker: afterwards nothing is left to be done.
"""

import os
import sys
from html.parser import HTMLParser
from urllib.parse import urlsplit

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "purelaka.settings")
os.environ.setdefault("EMAIL_URL", "dummymail://")

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.http import HttpResponse  # noqa: E402
from django.test import Client  # noqa: E402

from core.jobs import run_due_jobs  # noqa: E402
from core.tasks import claim_task, run_task  # noqa: E402
from products.models import Variant  # noqa: E402
from stripe_simulator import control  # noqa: E402
from stripe_simulator.models import Resource  # noqa: E402

HOST = "localhost"
CARD = "4242424242424242"
PART_MINOR = 100
GUEST = {
    "email": "charlie@example.com",
    "name": "Charlie Clay",
    "line1": "1 Green Lane",
    "city": "Leeds",
    "postcode": "LS1 4AP",
    "country": "GB",
}


class Form(HTMLParser):
    """What a browser would send back of a page unasked: hidden fields, and the choices that are made already."""

    def __init__(self, page: HttpResponse) -> None:
        super().__init__()
        self.values: dict[str, str] = {}
        self.feed(page.content.decode())

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """Keep the fields of interest."""
        given = dict(attributes)
        is_sent = given.get("type") == "hidden" or (given.get("type") == "radio" and "checked" in given)
        if tag == "input" and is_sent and given.get("name"):
            self.values[given["name"]] = given.get("value") or ""


def deliver(_url: str, headers: dict[str, str], body: bytes) -> int:
    """Hand one signed event to the webhook of this process."""
    kept = {"Stripe-Signature": headers["Stripe-Signature"]}
    visitor = Client(SERVER_NAME=HOST)
    return visitor.post("/payments/webhook/", body, content_type="application/json", headers=kept).status_code


def buy(visitor: Client) -> HttpResponse:
    """Buy one unit of something that is in stock; the page that the shopper sees last."""
    stocked = Variant.objects.filter(product__status="active", stock__on_hand__gt=5).order_by("pk").first()
    if stocked is None:
        sys.exit("Nothing is in stock; seed the demo first.")
    visitor.post("/bag/add/", {"variant": stocked.pk, "quantity": 1})
    checkout = Form(visitor.get("/checkout/")).values
    leads_to = visitor.post("/checkout/", checkout | GUEST | {"action": "pay"})
    if leads_to.status_code not in (302, 303):
        sys.exit(f"The checkout refused the order (status {leads_to.status_code}).")
    paid = visitor.post(path_of(leads_to["Location"]), {"card": CARD})
    return visitor.get(path_of(paid["Location"]), follow=True)


def path_of(address: str) -> str:
    """The path and query of an address of the shop."""
    parts = urlsplit(address)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def give_back() -> None:
    """Give a part of the newest payment back behind the shop's back."""
    charge = Resource.objects.filter(kind="charge", label="succeeded").latest("pk")
    control.refund_in_dashboard(charge.stripe_id, PART_MINOR)


def work() -> None:
    """Let Stripe pay out and deliver, and do what a worker would: tasks until there are none, and each job once."""
    control.make_payout()
    control.deliver_all()
    while taken := claim_task("purchase"):
        run_task(taken)
    run_due_jobs()


def main() -> int:
    """Buy, then let everything happen that follows."""
    settings.STRIPE_SIMULATOR_DELIVER = deliver
    page = buy(Client(SERVER_NAME=HOST))
    work()
    give_back()
    work()
    is_paid = 'data-status="paid"' in page.content.decode()
    print("One order was bought and paid, and a part of it given back." if is_paid else "The order was not paid.")
    return 0 if is_paid else 1


if __name__ == "__main__":
    sys.exit(main())
