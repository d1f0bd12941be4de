"""The invented trade: it obeys the history format, looks like trade, and is the same each time."""

import hashlib
import json
import os
import subprocess
import sys
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median
from zoneinfo import ZoneInfo

import pytest

from demo.catalogue import load_products
from demo.tests.replay import Replay, when
from demo.trade import ALL_TYPES, CORE_TYPES, generate_history

ROOT = Path(__file__).parents[2]
ZONE = "Europe/London"
NOW = datetime(2026, 11, 24, 14, 30, tzinfo=UTC)
YEAR_AND_A_HALF = {"start": date(2025, 5, 25), "end": date(2026, 11, 24), "now": NOW}


def make_history(**changes):
    wanted = {"seed": 7, "orders": 400, **YEAR_AND_A_HALF, "time_zone": ZONE} | changes
    return list(generate_history(**wanted))


def text_of(lines):
    return "\n".join(json.dumps(line, ensure_ascii=False) for line in lines)


def of_type(lines, kind):
    return [line for line in lines if line["type"] == kind]


def replay(lines, *, now=NOW):
    reader = Replay(now=now)
    for number, line in enumerate(lines, start=1):
        try:
            reader.read(line)
        except AssertionError as broken:
            raise AssertionError(f"line {number}: {broken}: {line}") from broken
    reader.finish()
    return reader


@pytest.fixture(scope="module")
def history():
    return make_history(orders=6000, customers=2000)


@pytest.fixture(scope="module")
def reader(history):
    return replay(history)


@pytest.mark.parametrize("seed", [0, 1, 2, 3, 41])
@pytest.mark.parametrize("types", [CORE_TYPES, ALL_TYPES], ids=["core", "all"])
def test_every_line_obeys_the_format(seed, types):
    reader = replay(make_history(seed=seed, orders=1500, types=types))
    assert reader.counts["order"] == 1500
    assert CORE_TYPES <= set(reader.counts) <= types


def test_a_whole_history_holds_every_type():
    assert {line["type"] for line in make_history(orders=6000, types=ALL_TYPES)} == ALL_TYPES


@pytest.mark.parametrize("orders", [0, 1, 2, 17, 60])
def test_small_histories_obey_the_format_too(orders):
    lines = make_history(orders=orders, types=ALL_TYPES)
    assert replay(lines).counts["order"] == orders


@pytest.mark.parametrize(
    ("start", "end", "now"),
    [
        (date(2026, 3, 1), date(2026, 3, 1), datetime(2026, 3, 1, 0, 11, tzinfo=UTC)),
        (date(2026, 3, 28), date(2026, 3, 30), datetime(2026, 3, 30, 9, 0, tzinfo=UTC)),
        (date(2025, 10, 25), date(2025, 10, 27), datetime(2026, 6, 1, 9, 0, tzinfo=UTC)),
        (date(2024, 2, 29), date(2024, 12, 31), datetime(2024, 7, 1, 23, 59, tzinfo=UTC)),
    ],
    ids=["minutes-after-midnight", "clocks-go-forward", "clocks-go-back-long-ago", "end-in-the-future"],
)
def test_odd_spans_obey_the_format(start, end, now):
    lines = make_history(start=start, end=end, now=now, orders=300, types=ALL_TYPES)
    replay(lines, now=now)
    days = [when(o["placed_at"]).astimezone(ZoneInfo(ZONE)).date() for o in of_type(lines, "order")]
    assert start <= min(days) <= max(days) <= min(end, now.astimezone(ZoneInfo(ZONE)).date())


def test_heavy_trade_keeps_stock_above_zero():
    replay(make_history(orders=9000, start=date(2026, 11, 20), end=date(2026, 11, 24)))


def test_the_same_arguments_give_the_same_bytes(history):
    assert text_of(make_history(orders=6000, customers=2000)) == text_of(history)


@pytest.mark.parametrize("hash_seed", ["1", "2"])
def test_the_order_of_hashes_does_not_matter(hash_seed):
    program = (
        "import hashlib, sys; from demo.tests.test_trade import make_history, text_of;"
        "sys.stdout.write(hashlib.sha256(text_of(make_history()).encode()).hexdigest())"
    )
    environment = os.environ | {"PYTHONHASHSEED": hash_seed}
    ran = subprocess.run(
        [sys.executable, "-c", program], env=environment, cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert ran.stdout == hashlib.sha256(text_of(make_history()).encode()).hexdigest()


def test_another_seed_gives_another_trade():
    assert text_of(make_history(seed=7)) != text_of(make_history(seed=8))


def test_left_out_types_do_not_disturb_the_others():
    core, whole = make_history(), make_history(types=ALL_TYPES)
    kept = [line for line in whole if line["type"] in CORE_TYPES]
    without_status = [[{**line, "status": ""} for line in lines] for lines in (core, kept)]
    assert [text_of(of_type(core, kind)) for kind in ("order", "ship", "cancel", "customer")] == [
        text_of(of_type(kept, kind)) for kind in ("order", "ship", "cancel", "customer")
    ]
    assert without_status[0] == without_status[1]


def test_there_are_as_many_orders_and_buyers_as_asked_for(history):
    orders = of_type(history, "order")
    assert len(orders) == 6000
    assert len({order.get("customer") or order["email"] for order in orders}) == 2000


def test_customers_come_back_as_they_do_in_shops(history):
    bought = Counter(order.get("customer") or order["email"] for order in of_type(history, "order"))
    assert 0.4 < sum(times == 1 for times in bought.values()) / len(bought) < 0.65
    assert median(bought.values()) <= 2
    assert 15 <= max(bought.values()) <= 60


def test_trade_grows_and_peaks_on_black_friday(history):
    days = Counter(when(order["placed_at"]).date() for order in of_type(history, "order"))

    def between(first, length):
        return sum(days[first + timedelta(days=i)] for i in range(length))

    assert between(date(2026, 6, 1), 90) > 1.4 * between(date(2025, 6, 1), 90)
    assert between(date(2025, 11, 28), 4) > 2 * between(date(2025, 11, 14), 4)
    assert between(date(2025, 12, 24), 3) < between(date(2025, 12, 10), 3)


def test_evenings_are_busier_than_nights(history):
    hours = Counter(when(o["placed_at"]).astimezone(ZoneInfo(ZONE)).hour for o in of_type(history, "order"))
    assert hours[20] > 10 * hours[3]


def test_sunscreen_sells_in_summer(history):
    months = Counter(
        order["placed_at"][5:7]
        for order in of_type(history, "order")
        for row in order["lines"]
        if row["product"].startswith("PL-SPF")
    )
    assert months["07"] > 2 * months["01"]


def test_refunds_and_cancels_are_few_and_of_every_kind(history, reader):
    refunds = of_type(history, "refund")
    assert 0.04 < len({refund["order"] for refund in refunds}) / 6000 < 0.06
    assert Counter(refund["status"] for refund in refunds)["pending"] in (2, 3)
    assert {tuple(sorted({"amount", "goods", "lines"} & set(refund))) for refund in refunds} == {
        ("amount",),
        ("lines",),
        ("goods", "lines"),
    }
    assert any(order.refundable == 0 and not order.canceled for order in reader.orders.values() if order.paid_at)
    unpaid = {ref for ref, order in reader.orders.items() if order.paid_at is None}
    canceled = {line["order"] for line in of_type(history, "cancel")}
    assert 0.01 < len(unpaid | canceled) / 6000 < 0.035
    assert unpaid & canceled
    assert unpaid - canceled
    assert canceled - unpaid


def test_the_newest_orders_wait_to_be_sent_and_two_of_them_too_long(reader):
    waiting = [
        order
        for order in reader.orders.values()
        if order.paid_at and not order.canceled and any(b.left_to_ship for b in order.lines.values())
    ]
    assert 15 <= len(waiting) <= 25
    assert sum(NOW - order.paid_at > timedelta(hours=48) for order in waiting) >= 1


def test_parcels_leave_4_to_60_hours_after_payment(history, reader):
    last = {}
    for line in of_type(history, "ship"):
        last[line["order"]] = when(line["at"]) - reader.orders[line["order"]].paid_at
    assert timedelta(hours=4) <= min(last.values())
    assert max(last.values()) <= timedelta(hours=60)
    assert Counter(line["order"] for line in of_type(history, "ship")).most_common(1)[0][1] == 2


def test_codes_are_used_by_whom_and_when_they_are_for(history):
    seen = set()
    for order in of_type(history, "order"):
        buyer = order.get("customer") or order["email"]
        if order.get("discount_code") == "WELCOME10":
            assert buyer not in seen
        if order.get("discount_code") == "SPRING15":
            assert "03-19" <= order["placed_at"][5:10] <= "04-20"
        if order.get("discount_code") == "THANKS5":
            assert buyer in seen
        seen.add(buyer)
    codes = Counter(order.get("discount_code") for order in of_type(history, "order"))
    assert set(codes) == {None, "WELCOME10", "SPRING15", "THANKS5"}


def test_a_few_orders_go_abroad_with_the_tax_of_their_country(history):
    countries = Counter(order["country"] for order in of_type(history, "order"))
    assert set(countries) == {"GB", "IE", "DE", "FR"}
    assert 0.88 < countries["GB"] / 6000 < 0.97


def test_the_shelf_ends_as_the_catalogue_says(reader):
    variants = [variant for product in load_products() for variant in product.variants]
    assert set(reader.on_hand) == {variant.sku for variant in variants}
    for variant in variants:
        if variant.ends_at is None:
            assert reader.on_hand[variant.sku] > 5, variant.sku
        else:
            assert reader.on_hand[variant.sku] == variant.ends_at


def test_product_lines_carry_names_that_stand_alone(history):
    names = {line["ref"]: line["name"] for line in of_type(history, "product")}
    assert names["PL-FCL-150"] == "Foaming Cleanser, 150 ml"
    assert names["PL-SET-STR"] == "Starter Set"
    assert len(set(names.values())) == len(names) == 42


def test_without_orders_there_is_still_a_catalogue_with_its_stock():
    lines = make_history(orders=0)
    assert {line["type"] for line in lines} == {"product", "stock"}
    assert replay(lines).on_hand["PL-SPF-LGT"] == 0


def test_without_customer_lines_orders_carry_the_email():
    lines = make_history(orders=50, types=frozenset({"product", "order"}))
    assert all("email" in order and "customer" not in order for order in of_type(lines, "order"))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"now": datetime(2026, 11, 24, 14, 30)}, "now needs a time zone"),  # noqa: DTZ001 - the bad input
        ({"start": date(2026, 11, 25)}, "start lies after end"),
        ({"now": datetime(2025, 5, 24, tzinfo=UTC)}, "start lies after end, or after now"),
        ({"orders": -1}, "orders must not be negative"),
        ({"orders": 5, "customers": 6}, "customers lie between"),
        ({"orders": 5, "customers": 0}, "customers lie between"),
        ({"types": frozenset({"order", "gift"})}, "unknown types: gift"),
        ({"types": frozenset({"order", "cancel"})}, "cancel lines refer to refund lines"),
    ],
)
def test_contradictory_arguments_are_refused_before_the_first_line(changes, sentence):
    wanted = {"seed": 1, "orders": 10, **YEAR_AND_A_HALF, "time_zone": ZONE} | changes
    with pytest.raises(ValueError, match=sentence):
        generate_history(**wanted)


@pytest.mark.parametrize(
    ("kind", "spoil", "sentence"),
    [
        ("order", lambda line: line.update(placed_at="2026-01-01T10:00:00"), "has no offset"),
        ("order", lambda line: line["lines"][0].update(discount=10**6), "a discount is above its line"),
        ("order", lambda line: line["lines"][0].update(tax=line["lines"][0]["tax"] + 1), "the tax is not that"),
        ("order", lambda line: line.pop("paid_at"), "an unpaid order is shipped"),
        ("ship", lambda line: line.update(order="D-999999"), "D-999999"),
        ("refund", lambda line: line.update(amount=10**7), "more is refunded than is left"),
        ("refund", lambda line: line.update(at="2020-01-01T10:00:00+00:00"), "out of order"),
        ("ship", lambda line: line.update(colour="red"), "a field is unknown"),
        ("stock", lambda line: line.update(delta=-(10**6)), "falls below zero"),
    ],
)
def test_the_strict_reader_finds_a_planted_fault(kind, spoil, sentence):
    lines = make_history(orders=300)
    spoil(next(line for line in lines if line["type"] == kind and (kind != "refund" or "amount" in line)))
    with pytest.raises((AssertionError, KeyError), match=sentence):
        replay(lines)


def test_the_strict_reader_finds_a_cancel_with_money_left():
    lines = make_history(orders=1500)
    lines.remove(next(line for line in lines if "goods" in line))
    with pytest.raises(AssertionError, match="canceled with money left"):
        replay(lines)
