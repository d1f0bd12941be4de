"""The finance pages: each figure is the sum of the rows it leads to, and bad input gets a sentence."""

from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from accounts.tests.factories import make_user
from core.money import format_money
from payments.balance import import_balance, keep_movements
from payments.booked import SIDES
from payments.models import BalanceTransaction, Payment, Payout
from payments.movements import KINDS, figures, of_kind, sums_of, total, word_of
from payments.payouts import import_payouts, keep_payout
from payments.refunding import RefundChoice, request_refund
from payments.tests.factories import make_movement, make_paid, make_payout, make_state
from products.tests.factories import make_variant
from stripe_simulator import control

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
DAY = date(2026, 6, 1)
PAGE = "/console/finance/"
THAT_DAY = {"from": "2026-06-01", "to": "2026-06-01"}


@pytest.fixture(autouse=True)
def clock():
    """It is noon, until a test says otherwise."""
    with time_machine.travel(NOON) as traveller:
        yield traveller


@pytest.fixture
def analyst(client: Client) -> Client:
    client.force_login(make_user("analyst"))
    return client


class Text(HTMLParser):
    """What a page says, and its links."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self.words: list[str] = []
        self.links: list[str] = []
        self.feed(content.decode())
        self.text = " ".join(" ".join(self.words).split())

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.links.append(dict(attributes).get("href") or "")


def text_of(answer: Any, status: int = 200) -> Text:
    assert answer.status_code == status
    return Text(answer.content)


def trade() -> Payment:
    """Sell twice, refund a little, lose a dispute, pay a fee to Stripe, and let all of it be paid out."""
    cream = make_variant(stock=20, price_minor=2500)
    order, payment = make_paid(lines={cream: 1})
    _, disputed = make_paid(lines={cream: 1})
    choice = RefundChoice(amount_minor=500, reason="broken")
    request_refund(order.pk, choice=choice, actor=make_user("ops"), request_key="one")
    control.open_dispute(disputed.stripe_charge_id or "", amount=300)
    import_balance()
    keep_movements([make_movement(type="stripe_fee", reporting_category="fee", amount_minor=-80, fee_minor=0)])
    keep_movements(
        [make_movement(type="adjustment", reporting_category="other_adjustment", amount_minor=7, fee_minor=0)]
    )
    return payment


def test_an_empty_shop_says_what_will_appear(analyst: Client) -> None:
    page = text_of(analyst.get(PAGE))
    assert "Nothing has moved yet" in page.text
    assert "every ten minutes" in page.text


def test_the_figures_are_those_of_the_registry_of_figures() -> None:
    payment = trade()
    rows = list(BalanceTransaction.objects.all())
    sums = total(figures(DAY, DAY, "GBP").values())
    transfers = ("payout", "payout_reversal", "topup", "topup_reversal")
    assert sums["gross"] == payment.captured_minor * 2
    assert sums["refunds"] == -500
    assert sums["disputes"] == -300
    assert sums["other"] == 7
    assert -sums["fees"] == sum(row.fee_minor for row in rows) - sum(
        row.amount_minor for row in rows if row.reporting_category == "fee"
    )
    assert sums["net"] == sum(row.net_minor for row in rows if row.reporting_category not in transfers)
    assert sums["net"] == sum(sums[name] for name in ("gross", "refunds", "disputes", "fees", "other"))


def test_every_figure_is_the_sum_of_the_rows_it_leads_to(analyst: Client) -> None:
    trade()
    assert control.make_payout()
    import_payouts()
    sums = total(figures(DAY, DAY, "GBP").values())
    page = text_of(analyst.get(PAGE, THAT_DAY))

    for name, kind in KINDS.items():
        link = next((link for link in page.links if f"kind={name}" in link), None)
        if name == "transfers":
            assert link is None
            continue
        assert link is not None
        rows = of_kind(BalanceTransaction.objects.filter(currency="GBP", day=DAY), kind)
        assert sums_of(rows).share_minor == sums[name]
        listed = text_of(analyst.get(link))
        assert f"All {rows.count()} rows together" in listed.text
        assert listed.text.split("rows together")[1].split()[3] == format_money(sums[name], "GBP")
        assert format_money(sums[name], "GBP") in page.text


def test_the_figure_of_a_day_leads_to_the_rows_of_that_day(analyst: Client, clock: Any) -> None:
    make_paid()
    clock.move_to(NOON + timedelta(days=1))
    make_paid()
    import_balance()
    page = text_of(analyst.get(PAGE, {"from": "2026-06-01", "to": "2026-06-02"}))
    link = next(link for link in page.links if "from=2026-06-02&to=2026-06-02" in link and "kind=gross" in link)
    assert "All 1 rows together" in text_of(analyst.get(link)).text


def test_what_was_paid_out_and_what_is_on_its_way_lead_to_payouts_with_their_sum(analyst: Client) -> None:
    make_payout(status="paid", amount_minor=1111)
    make_payout(status="paid", amount_minor=2222)
    make_payout(status="failed", amount_minor=5)
    make_payout(status="in_transit", amount_minor=4444, arrives_at=NOON + timedelta(days=4))
    make_payout(status="paid", amount_minor=6, currency="EUR")
    page = text_of(analyst.get(PAGE))
    assert "Paid out £33.33" in page.text
    assert "On its way to the bank £44.44" in page.text

    paid = text_of(analyst.get(next(link for link in page.links if "state=paid" in link)))
    transit = text_of(analyst.get(next(link for link in page.links if "state=transit" in link)))
    assert "All 2 together £33.33" in paid.text
    assert "All 1 together £44.44" in transit.text


def test_a_difference_leads_to_the_rows_of_both_sides(client: Client) -> None:
    payment = trade()
    Payment.objects.filter(pk=payment.pk).update(captured_minor=payment.captured_minor - 1)
    client.force_login(make_user("ops"))
    page = text_of(client.get(PAGE))
    assert "Stripe's books and this shop's do not agree" in page.text
    link = next(link for link in page.links if "/finance/days/2026-06-01/" in link)
    assert "category=charge" in link

    sides = text_of(client.get(link))
    here, there = (format_money(amount, "GBP") for amount in (payment.captured_minor - 1, payment.captured_minor))
    number = payment.order.number
    assert f"Order {number} {payment.stripe_charge_id} {here} {there} The two amounts differ." in sides.text
    assert f"/console/orders/{payment.order_id}/" in sides.links


def test_a_day_on_which_all_agrees_shows_both_sides_all_the_same(analyst: Client) -> None:
    payment = trade()
    sides = text_of(analyst.get(f"{PAGE}days/2026-06-01/", {"currency": "GBP", "category": "refund"}))
    assert "Refund, row by row" in sides.text
    assert f"Order {payment.order.number}" in sides.text
    assert "What is wrong" in sides.text
    assert not any("/console/orders/" in link for link in sides.links)  # an analyst may not open orders


def test_a_payout_shows_its_parts_and_that_they_add_up(analyst: Client) -> None:
    trade()
    payout_id = control.make_payout()
    import_payouts()
    payout = Payout.objects.get(stripe_id=payout_id)
    amount = format_money(payout.amount_minor, "GBP")
    page = text_of(analyst.get(f"{PAGE}payouts/{payout.pk}/"))
    assert f"{payout_id}" in page.text
    assert f"Together {amount} The payout {amount}" in page.text
    assert "is not the sum" not in page.text
    assert f"All {payout.items.count()} rows together" in page.text

    part = payout.items.get(balance_transaction__reporting_category="refund")
    part.delete()
    assert "This payout is not the sum of its parts" in text_of(analyst.get(f"{PAGE}payouts/{payout.pk}/")).text
    assert "A payout is not the sum of its parts" in text_of(analyst.get(PAGE)).text


@pytest.mark.parametrize(("automatic", "sentence"), [(True, "are not listed yet"), (False, "are not known")])
def test_a_payout_without_parts_says_why(analyst: Client, automatic: bool, sentence: str) -> None:
    payout = keep_payout(make_state(is_automatic=automatic), asked_at=timezone.now())
    assert f"Its parts {sentence}" in text_of(analyst.get(f"{PAGE}payouts/{payout.pk}/")).text


def test_imported_history_counts_and_is_marked(analyst: Client) -> None:
    BalanceTransaction.objects.create(
        stripe_id="history:1", type="charge", reporting_category="charge", amount_minor=1234, fee_minor=34,
        net_minor=1200, currency="GBP", at=NOON, day=DAY, is_imported=True, source_id="D-1",
    )  # fmt: skip
    page = text_of(analyst.get(PAGE))
    assert "Charges £12.34" in page.text
    assert "came with imported history" in page.text
    assert "do not agree" not in page.text
    assert "Imported" in text_of(analyst.get(f"{PAGE}movements/")).text


def test_another_settlement_currency_has_its_own_figures(analyst: Client) -> None:
    keep_movements([make_movement(), make_movement(currency="EUR", amount_minor=777, fee_minor=0)])
    assert "Charges €7.77" in text_of(analyst.get(PAGE, {"currency": "eur"})).text
    assert "Charges £10.00" in text_of(analyst.get(PAGE)).text


def test_a_movement_is_found_by_its_id_and_by_what_it_is_about(analyst: Client) -> None:
    keep_movements([make_movement(id="txn_7", source_id="ch_7"), make_movement()])
    for text in ("txn_7", "ch_7"):
        assert "All 1 rows together" in text_of(analyst.get(f"{PAGE}movements/", {"q": text})).text
    assert "No movement here" in text_of(analyst.get(f"{PAGE}movements/", {"q": "txn_none"})).text


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"days": "8"}, "“8” is no number of days we show. Showing the last 30 days."),
        ({"from": "2026-06-02", "to": "2026-06-01"}, "The first day, 2026-06-02, lies after the last one, 2026-06-01."),
        ({"from": "soon", "to": "2026-06-01"}, "Both days are needed, written like 2026-06-01."),
        ({"from": "2026-06-01"}, "Both days are needed, written like 2026-06-01."),
        ({"from": "1990-01-01", "to": "2026-06-01"}, "More than 3,660 days cannot be shown at once."),
        ({"currency": "<b>"}, "Nothing is settled in “<B>”. Showing GBP."),
    ],
)
@pytest.mark.parametrize("page", ["", "movements/", "payouts/"])
def test_bad_input_is_answered_with_a_sentence(
    analyst: Client, page: str, asked: dict[str, str], sentence: str
) -> None:
    assert sentence in text_of(analyst.get(PAGE + page, asked)).text


@pytest.mark.parametrize(
    "asked",
    [{"kind": "x"}, {"category": "'; --"}, {"q": "%00"}, {"state": "x"}, {"page": "x"}, {"category": "charge"}],
)
@pytest.mark.parametrize("page", ["", "movements/", "payouts/", "days/2026-06-01/"])
def test_nonsense_in_the_query_string_shows_the_page(analyst: Client, page: str, asked: dict[str, str]) -> None:
    trade()
    text_of(analyst.get(PAGE + page, asked))


@pytest.mark.parametrize("day", ["yesterday", "2026-02-30", "0001-01-01", "9999-12-31"])
def test_a_day_that_there_is_not_is_not_found(analyst: Client, day: str) -> None:
    text_of(analyst.get(f"{PAGE}days/{day}/"), 404)


@pytest.mark.parametrize("days", [7, 30, 90])
def test_periods_end_today(analyst: Client, days: int) -> None:
    first = DAY - timedelta(days=days - 1)
    page = text_of(analyst.get(PAGE, {"days": days}))
    assert f"from {first.day} {first:%b %Y} to 1 Jun 2026" in page.text


def test_queries_do_not_grow_with_the_rows(analyst: Client, django_assert_max_num_queries: Any, clock: Any) -> None:
    for _ in range(3):
        make_paid()
        clock.shift(timedelta(days=1))
    make_payout()
    import_balance()
    asked = {"from": "2026-06-01", "to": "2026-06-09"}
    with django_assert_max_num_queries(25):
        text_of(analyst.get(PAGE, asked))
    with django_assert_max_num_queries(18):
        text_of(analyst.get(f"{PAGE}movements/", asked))
    with django_assert_max_num_queries(25 + 2 * len(SIDES)):
        text_of(analyst.get(f"{PAGE}days/2026-06-01/"))


def test_long_lists_are_paged(analyst: Client) -> None:
    keep_movements([make_movement() for _ in range(51)])
    first = text_of(analyst.get(f"{PAGE}movements/"))
    assert "1–50 of 51 movements" in first.text
    assert "All 51 rows together £510.00" in first.text
    assert "51–51 of 51 movements" in text_of(analyst.get(f"{PAGE}movements/", {"page": "2"})).text


def test_a_category_nobody_knows_reads_as_itself(analyst: Client) -> None:
    keep_movements([make_movement(reporting_category="climate_order_purchase", amount_minor=-10, fee_minor=0)])
    assert word_of("climate_order_purchase") == "Climate order purchase"
    assert "Climate order purchase" in text_of(analyst.get(f"{PAGE}movements/", {"kind": "other"})).text


def test_no_page_writes_anything(analyst: Client) -> None:
    trade()
    for page in ("", "movements/", "payouts/", "days/2026-06-01/"):
        assert analyst.post(PAGE + page).status_code == 405


def test_the_export_of_the_rows_is_offered_to_whoever_may(analyst: Client) -> None:
    trade()
    page = analyst.get(PAGE).content.decode()
    asked = "from=2026-05-03&amp;to=2026-06-01&amp;currency=GBP"
    assert f'/console/exports/?{asked}#balance_transactions"' in page
