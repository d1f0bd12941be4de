"""Questions over the tables of the exports: conditions of each kind, groups and their sums, hostile input, files."""

import csv
import io
from datetime import date
from urllib.parse import urlencode

import pytest
from django.http import QueryDict

from accounts.tests.factories import make_user
from analytics.exports.csv_text import Kind
from analytics.exports.datasets import DATASETS
from analytics.exports.exporting import csv_pieces
from analytics.figures.reading import best_sellers, facts_of
from analytics.figures.windows import Window
from analytics.questions import answering
from analytics.questions.answering import Answer
from analytics.questions.asking_forms import GROUPABLE, read_question
from analytics.questions.conditions import OF_TEXT, ORDERED, Operator
from analytics.snapshots.building import build_snapshots
from analytics.snapshots.calendar import CHANGES
from audit.models import AuditRecord
from history.tests.factories import (
    attempt,
    dispute,
    feed,
    order,
    payout,
    product,
    refund,
    row,
    stock,
    transaction,
)
from monitoring.tests.factories import make_issue

pytestmark = pytest.mark.django_db

JUNE = Window(date(2026, 6, 1), date(2026, 6, 30))
DAYS = [("from", "2026-06-01"), ("to", "2026-06-30"), ("currency", "GBP")]
VALUES = {
    Kind.TEXT: "a%_!'\"\\",
    Kind.NUMBER: "-1",
    Kind.MINOR: "1250",
    Kind.MONEY: "12.50",
    Kind.PERCENT: "20.00",
    Kind.DECIMAL: "1.5",
    Kind.DAY: "2026-06-02",
    Kind.MOMENT: "2026-06-02",
}


@pytest.fixture
def trade():
    """A month with something of everything."""
    feed(
        *(product(sku, stock=100, category=f"Shelf {sku}") for sku in ("P1", "P2")),
        order("O1", row("P1", 3, 1500, discount=450, cost=400), row("P2", 1, 2500), shipping=300, tax=870,
              country="GB"),
        order("O2", row("P2", 1, 2500), email="b@example.com", placed_at="2026-06-03T10:00:00+01:00",
              paid_at="2026-06-03T23:30:00+01:00", country="FR", discount_code="TEN"),
        order("O3", row("P1", 2, 2500), email="c@example.com", paid_at="2026-06-10T10:00:00+01:00", country="GB"),
        attempt(), refund("R1", amount=1620), stock(), dispute(amount=100), transaction(), payout(),
    )  # fmt: skip
    make_issue()
    build_snapshots(CHANGES)


def ask(dataset, *pairs, personal=False):
    declared = DATASETS[dataset]
    given = QueryDict(urlencode([*DAYS, *pairs]))
    return read_question(declared, declared.columns_for(with_personal=personal), given)


def where(column, operator, value=""):
    return [("column", column), ("is", operator), ("value", value)]


def found(question):
    """The rows of an answer as plain text, by column."""
    names = [column.name for column in question.headings]
    answer = Answer(question)
    return [dict(zip(names, map(str, line), strict=True)) for line in answer[0 : answer.count()]]


def numbers(question, column):
    return {line[column] for line in found(question)}


def test_every_condition_of_every_kind_can_be_asked_of_every_table(trade):
    for dataset, declared in DATASETS.items():
        columns = {column.kind: column for column in declared.columns if not column.is_personal}
        everything = Answer(ask(dataset)).size
        for kind, column in columns.items():
            sizes = {}
            for operator in OF_TEXT if kind is Kind.TEXT else ORDERED:
                asked = where(column.name, operator, VALUES[kind])
                question = ask(dataset, *asked, ("sort", f"-{column.name}"), ("show", column.name))
                answer = Answer(question)
                sizes[operator] = answer.size
                assert (question.notices, len(answer[0:50])) == ([], min(answer.size, 50)), (dataset, asked)
            for one, other in ((Operator.IS, Operator.IS_NOT), (Operator.EMPTY, Operator.FILLED)):
                assert sizes[one] + sizes[other] == everything, (dataset, column.name, one)


def test_the_groups_of_every_table_hold_all_its_rows_and_its_file_the_same(trade):
    for dataset, declared in DATASETS.items():
        for column in [one for one in declared.columns if one.kind in GROUPABLE and not one.is_personal][:3]:
            question = ask(dataset, ("group", column.name), ("sort", "rows"))
            answer = Answer(question)
            lines = answer[0 : answer.count()]
            assert sum(line[1] for line in lines) == answer.totals[0], (dataset, column.name)
            text = b"".join(piece.content for piece in csv_pieces(answer.as_file())).decode()
            kept = list(csv.reader(io.StringIO(text, newline="")))
            assert kept[0] == [heading.name for heading in question.headings]
            assert [line[1] for line in kept[1:]] == [str(line[1]) for line in lines], (dataset, column.name)


CONDITIONS = {
    "text is": (where("country", "is", "GB"), 2),
    "text is not": (where("country", "is-not", "GB"), 1),
    "text contains, in any case": (where("discount_code", "contains", "te"), 1),
    "a percent sign is a percent sign": (where("discount_code", "contains", "%"), 0),
    "no code": (where("discount_code", "empty"), 2),
    "money above": (where("net_sales", "above", "25"), 2),
    "money at least": (where("net_sales", "at-least", "25.00"), 3),
    "minor units below": (where("net_sales_minor", "below", "2501"), 1),
    "a number": (where("units", "is", "4"), 1),
    "on a day": (where("business_day", "is", "2026-06-03"), 1),
    "until a day": (where("business_day", "at-most", "2026-06-03"), 2),
    "a moment on a day of the store": (where("paid_at", "is", "2026-06-03"), 1),
    "a moment after a day": (where("paid_at", "above", "2026-06-03"), 1),
    "two at once": (where("country", "is", "GB") + where("units", "above", "2"), 1),
}


def test_conditions_leave_the_rows_that_meet_them(trade):
    for name, (pairs, count) in CONDITIONS.items():
        question = ask("orders", *pairs)
        assert (name, question.notices, Answer(question).size, len(found(question))) == (name, [], count, count)


def test_the_sums_of_a_grouped_question_are_the_figures(trade):
    facts = facts_of([JUNE], "GBP")[0]
    refunds = sum(int(line["returns"]) for line in found(ask("refunds", ("group", "country"), ("sum", "returns"))))

    by_country = found(ask("order_lines", ("group", "country"), ("sum", "gross_sales"), ("sum", "units")))
    by_product = found(ask("products", ("group", "product"), ("sum", "net_sales")))
    total = Answer(ask("order_lines")).totals[1]

    assert sum(int(line["gross_sales"]) for line in by_country) == facts.gross == total["gross_sales"]
    assert sum(int(line["units"]) for line in by_country) == facts.units
    assert refunds == facts.returns
    sellers = {seller.product: seller.net_sales for seller in best_sellers(JUNE, "GBP")}
    assert {line["product"]: int(line["net_sales"]) for line in by_product} == sellers
    assert [line["net_sales"] for line in by_product] == sorted(
        (line["net_sales"] for line in by_product), reverse=True
    )


def test_groups_go_by_month_and_by_two_columns(trade):
    question = ask(
        "orders", ("group", "business_day.month"), ("then", "country"), ("sum", "units"), ("sort", "country")
    )

    assert question.notices == []
    assert found(question) == [
        {"business_day_month": "2026-06", "country": "FR", "rows": "1", "units": "1"},
        {"business_day_month": "2026-06", "country": "GB", "rows": "2", "units": "6"},
    ]


def test_figures_that_do_not_add_up_over_days_are_not_summed():
    names = {column.name for column in DATASETS["daily"].columns if column.adds_up}

    assert {"orders", "net_sales", "new_customers"} <= names
    assert {"unique_customers", "refunded_orders", "aov"} & names - {"aov"} == set()
    assert not any(column.adds_up for column in DATASETS["kpi_summary"].columns)


HOSTILE = {
    "a column of another table": (where("password", "is", "x"), "“password” is no column of this table"),
    "sql for a column": (where('country" OR 1=1 --', "is", "x"), "is no column of this table"),
    "sql for a group": ([("group", "country); DROP TABLE orders_order; --")], "is no column of this table"),
    "sql for an order": ([("sort", "units; DELETE FROM orders_order")], "to be sorted by"),
    "sql for a column to show": ([("show", "(SELECT 1)")], "is no column of this table"),
    "an operator of one's own": (where("country", "OR 1=1", "x"), "“OR 1=1” is no way to compare"),
    "no operator": ([("column", "country")], "“” is no way to compare"),
    "contains for money": (where("net_sales", "contains", "1"), "“net_sales” holds money"),
    "above for text": (where("country", "above", "A"), "“country” holds text"),
    "words for a number": (where("units", "is", "many"), "a whole number, not “many”"),
    "a number of a thousand digits": (where("units", "is", "9" * 1000), "a whole number"),
    "half a penny": (where("net_sales", "is", "1.005"), "an amount like 1.25"),
    "a float": (where("net_sales", "is", "1e9"), "an amount like"),
    "no day": (where("business_day", "is", "2026-02-30"), "a day like 2026-06-01"),
    "the year 9999": (where("business_day", "is", "9999-01-01"), "a day like 2026-06-01"),
    "a nul": (where("country", "is", "a\0b"), "plain text"),
    "a long text": (where("country", "is", "x" * 201), "at most 200 characters"),
    "money for a group": ([("group", "net_sales")], "cannot be grouped by “net_sales”"),
    "months of a text": ([("group", "country.month")], "cannot be grouped by"),
    "a personal column": (where("email", "contains", "a"), "your role does not see"),
    "personal groups": ([("group", "email")], "your role does not see"),
    "a personal column to show": ([("show", "email")], "your role does not see"),
    "too many": (where("units", "above", "0") * 11, "at most 10 conditions"),
}


def test_what_makes_no_sense_is_said_and_left_out(trade):
    for name, (pairs, sentence) in HOSTILE.items():
        question = ask("orders", *pairs)
        assert len(question.notices) == 1, name
        assert sentence in question.notices[0]
        assert len(found(question)) == 3, name


def test_a_value_is_never_part_of_a_statement(trade):
    for value in ("' OR '1'='1", "%(start)s", "%s", "\\", "!", "x'; DROP TABLE orders_order; --"):
        for operator in (Operator.IS, Operator.CONTAINS):
            assert found(ask("orders", *where("country", operator, value))) == []


def test_the_query_string_asks_the_same_again(trade):
    pairs = [*where("country", "is", "GB"), *where("discount_code", "empty"), ("group", "country"),
             ("then", "business_day.month"), ("sum", "units"), ("sort", "-rows"), ("show", "units")]  # fmt: skip
    question = ask("orders", *pairs)

    again = read_question(
        DATASETS["orders"], DATASETS["orders"].columns_for(with_personal=False), QueryDict(question.query)
    )

    assert (again.query, found(again)) == (question.query, found(question))
    relative = read_question(DATASETS["orders"], DATASETS["orders"].columns, QueryDict("days=7"))
    assert "days=7" in relative.query


def test_a_question_that_takes_too_long_is_stopped_with_a_sentence(trade, client, monkeypatch):
    slow = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 90000000) SELECT COUNT(*) FROM n"
    rows = answering.source
    monkeypatch.setattr(answering, "PATIENCE", 1)
    monkeypatch.setattr(answering, "source", lambda asked: f"SELECT s.* FROM ({rows(asked)}) s WHERE ({slow}) > 0")
    client.force_login(make_user("analyst"))

    page = client.get(f"/console/questions/orders/?{urlencode(DAYS)}")

    assert page.status_code == 200
    assert "so it was stopped" in page.content.decode()


def test_the_file_is_exactly_the_answer_and_is_recorded(trade, client):
    client.force_login(make_user("analyst"))
    shown = [("show", name) for name in ("order_number", "units", "net_sales")]
    query = urlencode([*DAYS, *where("country", "is", "GB"), ("sort", "-units"), *shown])

    page = client.get(f"/console/questions/orders/?{query}")
    answer = client.post(f"/console/questions/orders/csv/?{query}")

    text = answer.getvalue().decode()
    rows = [line.split(",") for line in text.splitlines()]
    assert rows[0] == ["order_number", "units", "net_sales"]
    shown = [[cell["text"] for cell in line] for line in page.context["page"].table.rows]
    assert [[number, units, f"£{net}"] for number, units, net in rows[1:]] == shown
    assert [units for _, units, _ in rows[1:]] == ["4", "2"]
    kept = AuditRecord.objects.get(action="export.run").changes
    assert (kept["dataset"], kept["personal"], kept["conditions"]) == ("orders", False, ["country:is"])
    assert 'GB"' not in str(kept["conditions"])
