"""Who may open what: every address of the shop, for every role and method, against a copy of the permission table.

The table below is written out on purpose. Whoever changes `rbac/matrix.py` or the policy of a page changes it here too,
and so reads it twice. An address with arguments needs an example of what they are (EXAMPLES).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from accounts.models import User
from accounts.tests.factories import make_user
from core.access import Policy
from tests.address_examples import EXAMPLES

HELD = {
    "customer": "",
    "analyst": "console analytics_view exports_run issues_view",
    "ops": (
        "console analytics_view exports_run issues_view orders_view orders_manage refunds_make returns_manage "
        "disputes_manage invoices_view customers_view mail_view stock_manage catalogue_manage discounts_manage "
        "reviews_manage webhooks_replay checks_run issues_manage jobs_view"
    ),
    "admin": (
        "console analytics_view exports_run issues_view orders_view orders_manage refunds_make returns_manage "
        "disputes_manage invoices_view customers_view mail_view stock_manage catalogue_manage discounts_manage "
        "reviews_manage webhooks_replay checks_run issues_manage jobs_view people_manage settings_manage terms_manage "
        "refunds_approve personal_export audit_view jobs_run customers_merge"
    ),
}
STAFF_PAGES = {
    "console:home": "console",
    "console:search": "console",
    "console:settings": "settings_manage",
    "console:audit": "audit_view",
    "console:audit_record": "audit_view",
    "orders:console_list": "orders_view",
    "orders:console_detail": "orders_view",
    "orders:console_ship": "orders_manage",
    "orders:console_hold": "orders_manage",
    "orders:console_release": "orders_manage",
    "orders:console_note": "orders_manage",
    "orders:console_returns": "returns_manage",
    "orders:console_return": "returns_manage",
    "orders:console_return_decide": "returns_manage",
    "orders:console_return_receive": "returns_manage",
    "orders:console_return_create": "returns_manage",
    "payments:console_return_refund": "refunds_make",
    "orders:console_invoices": "invoices_view",
    "orders:console_invoice": "invoices_view",
    "payments:console_refund": "refunds_make",
    "payments:console_refund_confirm": "refunds_make",
    "payments:console_refund_retry": "refunds_make",
    "payments:console_refunds": "refunds_make",
    "payments:console_refund_detail": "refunds_make",
    "payments:console_refund_again": "refunds_make",
    "payments:console_refund_settle": "refunds_make",
    "payments:console_refund_reject": "refunds_make",
    "payments:console_refund_approve": "refunds_approve",
    "payments:console_approvals": "refunds_approve",
    "payments:console_give_back": "refunds_make",
    "payments:console_cancel": "orders_manage",
    "payments:console_sync": "orders_manage",
    "payments:console_disputes": "disputes_manage",
    "payments:console_dispute": "disputes_manage",
    "payments:console_dispute_pack": "disputes_manage",
    "payments:console_dispute_answer": "disputes_manage",
    "payments:console_dispute_sync": "disputes_manage",
    "payments:console_finance": "analytics_view",
    "payments:console_movements": "analytics_view",
    "payments:console_payouts": "analytics_view",
    "payments:console_payout": "analytics_view",
    "payments:console_sides": "analytics_view",
    "payments:console_webhooks": "webhooks_replay",
    "payments:console_webhook": "webhooks_replay",
    "payments:console_webhook_replay": "webhooks_replay",
    "payments:console_webhooks_replay": "webhooks_replay",
    "payments:console_webhooks_import": "webhooks_replay",
    "products:console_stock": "stock_manage",
    "products:console_stock_item": "stock_manage",
    "products:console_stock_tracking": "stock_manage",
    "products:console_products": "catalogue_manage",
    "products:console_product": "catalogue_manage",
    "products:console_product_status": "catalogue_manage",
    "products:console_variant_price": "catalogue_manage",
    "analytics:dashboard": "analytics_view",
    "analytics:customers": "analytics_view",
    "analytics:definitions": "analytics_view",
    "analytics:operations": "analytics_view",
    "analytics:products": "analytics_view",
    "analytics:finance": "analytics_view",
    "analytics:breakdown": "analytics_view",
    "analytics:block": "analytics_view",
    "analytics:summary_start": "analytics_view",
    "analytics:summary_end": "analytics_view",
    "analytics:rows": "analytics_view",
    "analytics:restatements": "analytics_view",
    "analytics:months": "analytics_view",
    "analytics:month": "analytics_view",
    "analytics:month_close": "settings_manage",
    "analytics:questions": "exports_run",
    "analytics:question": "exports_run",
    "analytics:question_file": "exports_run",
    "analytics:question_save": "exports_run",
    "analytics:question_edit": "exports_run",
    "analytics:question_delete": "exports_run",
    "analytics:exports": "exports_run",
    "analytics:export": "exports_run",
    "analytics:export_new": "exports_run",
    "analytics:export_runs": "exports_run",
    "analytics:export_run": "exports_run",
    "analytics:export_file": "exports_run",
    "analytics:export_manifest": "exports_run",
    "analytics:export_cancel": "exports_run",
    "analytics:export_again": "exports_run",
    "analytics:export_schedules": "exports_run",
    "analytics:export_schedule": "exports_run",
    "analytics:export_unschedule": "exports_run",
    "monitoring:dashboard": "issues_view",
    "monitoring:run": "checks_run",
    "monitoring:run_one": "checks_run",
    "monitoring:issues": "issues_view",
    "monitoring:issue": "issues_view",
    "monitoring:acknowledge": "issues_manage",
    "monitoring:resolve": "issues_manage",
    "monitoring:reopen": "issues_manage",
    "monitoring:mute": "issues_manage",
    "monitoring:note": "issues_manage",
    "monitoring:repair": "checks_run",
    "rbac:landing": "console",
    "rbac:people": "people_manage",
    "rbac:invite": "people_manage",
    "rbac:change_role": "people_manage",
    "mail:list": "mail_view",
    "mail:detail": "mail_view",
    "mail:preview": "mail_view",
    "mail:resend": "mail_view",
}
SIGNED_IN_PAGES = {
    "accounts:account",
    "accounts:landing",
    "accounts:details",
    "accounts:address_create",
    "accounts:address_edit",
    "accounts:address_delete",
    "account_change_password",
    "orders:list",
    "orders:detail",
    "orders:invoice",
    "orders:credit_note",
    "orders:return_request",
    "orders:return_withdraw",
    "wishlist:list",
    "wishlist:unwish",
}
TAKES_NO_TOKEN = {"payments:webhook"}  # proves itself by a signature
GET_MAY_WRITE = {"payments:return"}  # asks Stripe what happened; safe to repeat
OUTSIDE = {"stripe_simulator:pay", "stripe_simulator:authenticate"}  # plays Stripe's page; imports nothing of ours
OWN_TABLES = ("django_session", "core_cacheentry")  # a visitor's own state, no fact of the shop


@dataclass(frozen=True)
class Address:
    """One address of the URLconf: its full name, the names of its arguments, and its view."""

    name: str
    arguments: frozenset[str]
    view: Any

    @property
    def policy(self) -> Policy | None:
        return Policy("public") if self.name in OUTSIDE else getattr(self.view, "policy", None)

    def path(self, user: User) -> str:
        """Where it is, for an example that belongs to this user."""
        if self.arguments and self.name not in EXAMPLES:
            pytest.fail(
                f"{self.name} takes {', '.join(sorted(self.arguments))}: add a function to EXAMPLES in "
                f"tests/address_examples.py that returns them, with an object that belongs to the user it is given."
            )
        return reverse(self.name, kwargs=EXAMPLES[self.name](user) if self.arguments else {})


def walk(resolver: URLResolver, namespace: str = "", arguments: frozenset[str] = frozenset()) -> Iterator[Address]:
    """Every address below a resolver."""
    for entry in resolver.url_patterns:
        taken = arguments | set(entry.pattern.converters) | set(entry.pattern.regex.groupindex)
        if isinstance(entry, URLPattern):
            assert entry.name, f"{entry.pattern} has no name"
            yield Address(namespace + entry.name, frozenset(taken), entry.callback)
        else:
            below = f"{namespace}{entry.namespace}:" if entry.namespace else namespace
            yield from walk(entry, below, frozenset(taken))


ADDRESSES = {address.name: address for address in walk(get_resolver())}
every_address = pytest.mark.parametrize("name", sorted(ADDRESSES))


def answer(client: Client, method: str, path: str) -> HttpResponse:
    return client.get(path) if method == "GET" else client.post(path, {})


def is_sent_to_sign_in(response: HttpResponse) -> bool:
    return response.status_code == 302 and response.url.startswith(f"{reverse('account_login')}?next=")


def expected(policy: Policy, role: str) -> str:
    """What the table says: sign-in, hidden, forbidden or open."""
    if policy.kind == "public":
        return "open"
    if role == "anonymous":
        return "sign-in"
    held = {f"rbac.{code}" for code in HELD[role].split()}
    if policy.kind == "signed_in" or policy.permission in held:
        return "open"
    return "forbidden" if "rbac.console" in held else "hidden"


def observed(response: HttpResponse) -> str:
    """The same of an answer. Not found counts as open where the policy lets this visitor in; see the caller."""
    if is_sent_to_sign_in(response):
        return "sign-in"
    return {403: "forbidden", 404: "hidden"}.get(response.status_code, "open")


@every_address
def test_every_address_names_its_policy(name):
    policy = ADDRESSES[name].policy

    assert policy, f"{name} has no policy: decorate its view with public, signed_in or staff of core.access"
    if name in STAFF_PAGES:
        assert policy == Policy("staff", f"rbac.{STAFF_PAGES[name]}")
    elif name in SIGNED_IN_PAGES:
        assert policy == Policy("signed_in")
    else:
        assert policy == Policy("public"), f"add {name} to STAFF_PAGES or SIGNED_IN_PAGES in {__file__}"


@pytest.mark.django_db
def test_everything_under_console_is_for_staff():
    paths = {name: address.path(make_user()) for name, address in ADDRESSES.items()}

    assert {name for name, path in paths.items() if path.startswith("/console/")} == set(STAFF_PAGES)


def test_the_lists_name_no_address_that_is_gone():
    assert (set(STAFF_PAGES) | SIGNED_IN_PAGES | TAKES_NO_TOKEN | GET_MAY_WRITE | set(EXAMPLES)) - set(
        ADDRESSES
    ) == set()


@pytest.mark.django_db
@every_address
@pytest.mark.parametrize("role", ["anonymous", *HELD])
def test_a_role_opens_what_the_table_says(name, role):
    address = ADDRESSES[name]
    client = Client(raise_request_exception=False)
    user = make_user("customer" if role == "anonymous" else role)
    if role != "anonymous":
        client.force_login(user)
    wanted = expected(address.policy, role)

    for method in ("GET", "POST"):
        response = answer(client, method, address.path(user))
        seen = observed(response)
        if address.policy.kind != "staff" and seen == "hidden":
            seen = "open"  # let in, and told that there is no such thing
        assert (method, seen) == (method, wanted)
        assert response.status_code < 500


@pytest.mark.django_db
@pytest.mark.parametrize("role", HELD)
def test_a_role_holds_what_the_table_says(role):
    user = make_user(role)

    assert user.get_all_permissions() == {f"rbac.{code}" for code in HELD[role].split()}


@pytest.mark.django_db
def test_nobody_signed_in_holds_nothing():
    assert AnonymousUser().get_all_permissions() == set()


@pytest.mark.django_db
@every_address
def test_a_post_without_a_token_is_refused(name):
    address = ADDRESSES[name]
    admin = make_user("admin")
    client = Client(enforce_csrf_checks=True)
    client.force_login(admin)

    response = client.post(address.path(admin), {})

    if name in TAKES_NO_TOKEN:
        assert response.status_code == 400
    else:
        assert response.status_code == 403
        assert getattr(address.view, "csrf_exempt", False) is False


@pytest.mark.django_db
@every_address
def test_a_get_writes_nothing(name):
    address = ADDRESSES[name]
    admin = make_user("admin")
    client = Client()
    client.force_login(admin)
    path = address.path(admin)

    with CaptureQueriesContext(connection) as queries:
        client.get(path)

    written = [
        query["sql"]
        for query in queries
        if query["sql"].split(" ", 1)[0] in ("INSERT", "UPDATE", "DELETE")
        and not any(f'"{table}"' in query["sql"] for table in OWN_TABLES)
    ]
    assert written == [] or name in GET_MAY_WRITE
