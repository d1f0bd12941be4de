"""Credit notes through Stripe's simulator: what goes back is credited exactly, in every currency, whatever happens."""

from typing import Any

import pytest
from django.db.models import Sum

from accounts.models import User
from accounts.tests.factories import make_user
from core.models import StoreSetting
from orders.models import Invoice, Order, SalesEntry
from orders.tests.factories import make_shipping_method, make_tax_rate
from payments.models import Refund
from payments.refunding import RefundChoice, request_refund
from payments.sync import sync_payment
from payments.tests.factories import make_paid
from payments.tests.test_surplus import pay_twice
from products.tests.factories import make_variant
from stripe_simulator import control

pytestmark = pytest.mark.django_db
Kind = Invoice.Kind


@pytest.fixture
def ops() -> User:
    return make_user(role="ops")


def give(order: Order, actor: User, key: str, **choice: Any) -> Refund:
    return request_refund(order.pk, choice=RefundChoice(reason="broken", **choice), actor=actor, request_key=key)


def sums(**narrowed: Any) -> dict[str, int]:
    names = ("net_minor", "tax_minor", "total_minor")
    found = Invoice.objects.filter(**narrowed).aggregate(**{name: Sum(name, default=0) for name in names})
    return {name: found[name] for name in names}


def rates(**narrowed: Any) -> dict[int | None, tuple[int, int]]:
    added: dict[int | None, tuple[int, int]] = {}
    for document in Invoice.objects.filter(**narrowed):
        for row in document.tax_rates:
            net, tax = added.get(row["rate_bps"], (0, 0))
            added[row["rate_bps"]] = (net + row["net_minor"], tax + row["tax_minor"])
    return added


@pytest.mark.parametrize("prices_include_tax", [True, False])
@pytest.mark.parametrize(
    ("currency", "price", "first"), [("GBP", 3333, 3000), ("JPY", 3333, 3000), ("KWD", 33_330, 30_000)]
)
def test_thirty_and_thirty_and_the_rest_of_9999_are_credited_to_the_last_minor_unit(
    ops: User, settings: Any, currency: str, price: int, first: int, prices_include_tax: bool
) -> None:
    settings.STORE_CURRENCY = currency
    StoreSetting.objects.create(prices_include_tax=prices_include_tax, refund_limit_minor=10_000_000)
    make_tax_rate(rate_bps=500, tax_class="reduced")
    lines = {
        make_variant(price_minor=price, currency=currency): 2,
        make_variant(price_minor=price, currency=currency, tax_class="reduced"): 1,
    }
    order, _payment = make_paid(lines=lines, method=make_shipping_method(price_minor=0, currency=currency))
    if prices_include_tax:
        assert order.total_minor == 3 * price

    give(order, ops, "one", amount_minor=first)
    give(order, ops, "two", amount_minor=first)
    give(order, ops, "rest", everything=True)

    invoice = Invoice.objects.get(order=order, kind=Kind.INVOICE)
    notes = Invoice.objects.filter(order=order, kind=Kind.CREDIT_NOTE)
    assert [note.number for note in notes] == [1, 2, 3]
    assert [note.total_minor for note in notes] == [first, first, order.total_minor - 2 * first]
    assert sums(kind=Kind.CREDIT_NOTE) == sums(kind=Kind.INVOICE)
    assert rates(kind=Kind.CREDIT_NOTE) == rates(kind=Kind.INVOICE)
    assert (invoice.total_minor, invoice.currency) == (order.total_minor, currency)
    for document in [invoice, *notes]:
        assert sum(row["net_minor"] for row in document.tax_rates) == document.net_minor
        assert sum(row["tax_minor"] for row in document.tax_rates) == document.tax_minor
    assert_ledger_agrees()


def assert_ledger_agrees() -> None:
    ledger = SalesEntry.objects.aggregate(
        net=Sum("gross_minor") - Sum("discount_minor") - Sum("returns_minor") + Sum("shipping_minor"),
        tax=Sum("tax_minor"),
    )
    invoices, notes = sums(kind=Kind.INVOICE), sums(kind=Kind.CREDIT_NOTE)
    assert ledger["net"] == invoices["net_minor"] - notes["net_minor"]
    assert ledger["tax"] == invoices["tax_minor"] - notes["tax_minor"]


def test_a_refund_on_its_way_is_credited_when_it_has_succeeded_and_not_before(ops: User) -> None:
    order, payment = make_paid()
    control.refund_next_as("pending")
    refund = give(order, ops, "one", amount_minor=500)
    assert not Invoice.objects.filter(kind=Kind.CREDIT_NOTE).exists()

    control.settle_refund(refund.stripe_refund_id or "")
    for _ in range(3):
        sync_payment(payment.pk)

    note = Invoice.objects.get(kind=Kind.CREDIT_NOTE)
    refund.refresh_from_db()
    assert (note.refund_id, note.total_minor, note.issued_at) == (refund.pk, 500, refund.refunded_at)


def test_a_refund_that_fails_afterwards_is_taken_back_and_can_be_credited_again(ops: User) -> None:
    order, payment = make_paid()
    refund = give(order, ops, "one", everything=True)

    control.settle_refund(refund.stripe_refund_id or "", succeeded=False)
    sync_payment(payment.pk)
    again = give(order, ops, "two", everything=True)

    notes = Invoice.objects.filter(kind=Kind.CREDIT_NOTE)
    total = order.total_minor
    assert [(note.refund_id, note.total_minor) for note in notes] == [
        (refund.pk, total),
        (refund.pk, -total),
        (again.pk, total),
    ]
    assert sums(kind=Kind.CREDIT_NOTE) == sums(kind=Kind.INVOICE)
    assert_ledger_agrees()


def test_a_refund_that_never_succeeds_is_credited_never(ops: User) -> None:
    order, payment = make_paid()
    control.refund_next_as("pending")
    refund = give(order, ops, "one", amount_minor=500)

    control.settle_refund(refund.stripe_refund_id or "", succeeded=False)
    sync_payment(payment.pk)

    assert not Invoice.objects.filter(kind=Kind.CREDIT_NOTE).exists()


def test_the_refund_of_a_surplus_is_no_credit_note() -> None:
    _order, second = pay_twice()
    sync_payment(second.pk)

    assert Refund.objects.filter(status=Refund.Status.SUCCEEDED).count() == 1
    assert list(Invoice.objects.values_list("kind", "number")) == [(Kind.INVOICE, 1)]
