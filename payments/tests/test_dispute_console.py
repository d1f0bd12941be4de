"""The pages of disputes: the list, one dispute, its evidence, and what the order page says of it."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.tests.factories import make_user
from audit.models import AuditRecord
from console.attention import troubles
from core.models import StoreSetting
from orders.fulfilment import ship
from orders.models import Order
from payments.disputes import sync_dispute
from payments.inbox import drain
from payments.models import BalanceTransaction, Dispute
from payments.tests.factories import make_dispute
from payments.tests.test_disputes import disputed
from payments.tests.test_evidence import open_dispute, pack_of, sent_mail
from stripe_simulator import control

pytestmark = pytest.mark.django_db
LIST = "/console/disputes/"


@pytest.fixture
def ops(client: Client) -> Client:
    user = make_user("ops", name="Priya Raman")
    client.force_login(user)
    client.user = user
    return client


def url(name: str, dispute: Dispute) -> str:
    return reverse(f"payments:console_{name}", args=[dispute.pk])


def page(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def numbers(client: Client, address: str = LIST) -> list[str]:
    """The orders of the list, as they stand in it."""
    return [dispute.payment.order.number for dispute in client.get(address).context["page"]]


def test_the_list_shows_what_is_due_first(ops: Client) -> None:
    now = timezone.now()
    answered = make_dispute(submission_count=1, status="under_review")
    later = make_dispute(evidence_due_at=now + timedelta(days=5))
    sooner = make_dispute(evidence_due_at=now + timedelta(hours=5))

    assert numbers(ops) == [row.payment.order.number for row in (sooner, later, answered)]
    assert "Needs evidence" in page(ops, LIST)


def test_each_tab_holds_its_own(ops: Client) -> None:
    now = timezone.now()
    rows = {
        "open": make_dispute(submission_count=1),
        "inquiries": make_dispute(status="warning_needs_response", is_inquiry=True, submission_count=1),
        "won": make_dispute(status="won", outcome="won", closed_at=now),
        "lost": make_dispute(status="lost", outcome="lost", closed_at=now),
    }

    for tab, row in rows.items():
        assert numbers(ops, f"{LIST}?tab={tab}") == [row.payment.order.number]
    assert len(numbers(ops, f"{LIST}?tab=all")) == 4
    assert numbers(ops, f"{LIST}?tab=unanswered") == []
    assert numbers(ops, f"{LIST}?tab=nonsense") == [rows["open"].payment.order.number]


def test_a_dispute_is_found_by_order_dispute_and_charge(ops: Client) -> None:
    wanted = make_dispute(stripe_charge_id="ch_wanted")
    make_dispute()

    number = wanted.payment.order.number
    for text in (number, wanted.stripe_dispute_id, "ch_wanted"):
        assert numbers(ops, f"{LIST}?q={text}") == [number]
    assert "No dispute matches" in page(ops, f"{LIST}?q=PL-99999999")


def test_an_empty_list_says_what_will_appear(ops: Client) -> None:
    assert "No dispute is open" in page(ops, LIST)


def test_the_list_costs_the_same_for_one_and_for_many(
    ops: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(4):
        make_dispute()
    make_dispute(payment=None)

    with django_assert_max_num_queries(14):
        html = page(ops, LIST)

    assert "Unknown payment" in html


def test_a_dispute_says_what_why_until_when_and_what_money_moved(ops: Client) -> None:
    order, stripe_id = disputed()
    control.deliver_all()
    drain()
    dispute = Dispute.objects.get()

    html = page(ops, url("dispute", dispute))

    booked = BalanceTransaction.objects.get(source_id=stripe_id)
    for part in (
        order.number,
        reverse("orders:console_detail", args=[order.pk]),
        "Fraudulent",
        stripe_id,
        booked.stripe_id,
        "Taken by the bank",
        f"{timezone.localtime(dispute.evidence_due_at):%Y, %H:%M}",
        url("dispute_answer", dispute),
        url("dispute_pack", dispute),
    ):
        assert part in html, part
    assert booked.net_minor == -order.total_minor - 2000


def test_a_dispute_links_to_stripes_dashboard_in_its_mode(ops: Client, settings: Any) -> None:
    settings.PAYMENTS_USE_STRIPE = True

    assert "https://dashboard.stripe.com/test/disputes/du_a" in page(
        ops, url("dispute", make_dispute(stripe_dispute_id="du_a"))
    )
    live = make_dispute(stripe_dispute_id="du_b", livemode=True)
    assert 'href="https://dashboard.stripe.com/disputes/du_b"' in page(ops, url("dispute", live))


def test_an_unknown_status_and_an_unknown_payment_stand_out(ops: Client) -> None:
    strange = make_dispute(status="in_arbitration", payment=None)

    html = page(ops, url("dispute", strange))

    assert "Stripe says something that is not known here" in html
    assert "A payment that is not known here" in html
    assert ops.get(url("dispute_pack", strange)).status_code == 404
    assert ops.get(url("dispute_answer", strange)).status_code == 404


def test_the_pack_is_one_page_with_all_that_is_known(ops: Client) -> None:
    dispute = open_dispute()
    order = pack_of(dispute).order
    sent_mail(order, f"Your order {order.number} is on its way.", subject="On its way")
    ship(order.pk, carrier="Royal Mail", tracking="RM123GB", override_reason="packed")

    html = page(ops, url("dispute_pack", dispute))

    line = order.lines.get()
    for part in (
        f"Evidence for order {order.number}", line.name, line.sku, order.address.line1, "RM123GB", "On its way",
        f"Your order {order.number} is on its way.", "Payment received", "within 30 days of being sent",
        "This was the customer’s first order.", dispute.stripe_charge_id, order.email,
    ):  # fmt: skip
        assert part in html, part
    assert "packed" not in html  # what staff note is not for the bank


def test_evidence_is_sent_after_it_was_read_and_confirmed(ops: Client) -> None:
    dispute = open_dispute()

    shown = page(ops, url("dispute_answer", dispute))
    assert f"Order {dispute.payment.order.number}, placed" in shown
    unread = ops.post(url("dispute_answer", dispute), {"text": "It arrived."})
    assert (unread.status_code, Dispute.objects.get().submission_count) == (422, 0)
    done = ops.post(url("dispute_answer", dispute), {"text": "It arrived.", "is_final": "on"}, follow=True)

    assert "The evidence is with the bank" in done.content.decode()
    assert Dispute.objects.get().submission_count == 1
    assert AuditRecord.objects.get(action="dispute.evidence").actor_id == ops.user.pk
    assert "It cannot be sent from here" in page(ops, url("dispute_answer", dispute))


@pytest.mark.parametrize("text", ["", "x" * 5001], ids=["none", "too long"])
def test_evidence_without_usable_words_is_not_sent(ops: Client, text: str) -> None:
    dispute = open_dispute()

    answer = ops.post(url("dispute_answer", dispute), {"text": text, "is_final": "on"})

    assert (answer.status_code, Dispute.objects.get().submission_count) == (422, 0)


def test_an_unclear_answer_is_told_and_the_text_kept(ops: Client) -> None:
    dispute = open_dispute()
    control.fail_next("disputes.update", "error")

    answer = ops.post(url("dispute_answer", dispute), {"text": "It arrived.", "is_final": "on"})

    html = answer.content.decode()
    assert (answer.status_code, "Stripe has not answered" in html, "It arrived." in html) == (422, True, True)


def test_stripe_is_asked_when_somebody_wants_to_know(ops: Client) -> None:
    dispute = open_dispute()
    control.close_dispute(dispute.stripe_dispute_id, won=True)

    html = ops.post(url("dispute_sync", dispute), follow=True).content.decode()

    assert "Stripe was asked" in html
    assert "Given back by the bank" in html
    assert Dispute.objects.get().outcome == "won"
    assert AuditRecord.objects.get(action="dispute.synced").actor_id == ops.user.pk


@pytest.mark.parametrize(
    ("stripe_id", "said"), [("du_forged", "Stripe cannot be reached"), (None, "Stripe does not know it")]
)
def test_asking_about_a_dispute_that_stripe_does_not_know_changes_nothing(
    ops: Client, stripe_id: str | None, said: str
) -> None:
    dispute = make_dispute(stripe_dispute_id=stripe_id)

    assert said in ops.post(url("dispute_sync", dispute), follow=True).content.decode()
    assert Dispute.objects.get().status == "needs_response"


def test_the_order_page_leads_to_the_dispute_and_offers_neither_refund_nor_release(ops: Client) -> None:
    dispute = open_dispute()
    order = Order.objects.get(pk=dispute.payment.order_id)

    html = page(ops, reverse("orders:console_detail", args=[order.pk]))

    assert "Answer the dispute" in html
    assert url("dispute", dispute) in html
    assert "Its payment is disputed" in html
    assert "Payment disputed" in html
    for action in ("payments:console_refund", "payments:console_cancel", "orders:console_release"):
        assert reverse(action, args=[order.pk]) not in html
    assert reverse("orders:console_ship", args=[order.pk]) in html


def test_an_order_whose_dispute_was_won_offers_everything_again(ops: Client) -> None:
    dispute = open_dispute()
    control.close_dispute(dispute.stripe_dispute_id, won=True)
    sync_dispute(dispute.stripe_dispute_id)
    order = dispute.payment.order

    html = page(ops, reverse("orders:console_detail", args=[order.pk]))

    assert reverse("payments:console_refund", args=[order.pk]) in html
    assert "Dispute won" in html


def test_a_disputed_order_is_not_canceled_and_says_why(ops: Client) -> None:
    dispute = open_dispute()

    html = page(ops, reverse("payments:console_cancel", args=[dispute.payment.order_id]))

    assert "It cannot be canceled" in html
    assert "disputed" in html


def test_the_overview_counts_what_waits_for_evidence(ops: Client) -> None:
    now = timezone.now()
    make_dispute(evidence_due_at=now + timedelta(hours=2))
    make_dispute(evidence_due_at=now + timedelta(days=6))
    make_dispute(evidence_due_at=now + timedelta(days=6))
    make_dispute(submission_count=1)

    found = troubles(ops.user, StoreSetting.current(), now=now)

    about = [(trouble.count, trouble.tone) for trouble in found if "evidence" in trouble.text]
    assert about == [(1, "err"), (2, "warn")]


def test_the_sidebar_counts_open_disputes(ops: Client) -> None:
    make_dispute()
    make_dispute(status="won", outcome="won", closed_at=timezone.now())

    nav = ops.get(LIST).context["console_nav"]

    [item] = [item for section in nav for item in section["items"] if item["label"] == "Disputes"]
    assert (item["count"], item["current"]) == (1, True)


def test_analysts_see_no_disputes() -> None:
    client = Client()
    client.force_login(make_user("analyst"))

    assert client.get(LIST).status_code == 403
