"""Questions that are kept: who sees them, who may change them, and what of them is recorded; the pages of questions."""

from urllib.parse import urlencode

import pytest

from accounts.tests.factories import make_user
from analytics.exports.datasets import DATASETS
from analytics.models import SavedQuestion
from analytics.snapshots.building import build_snapshots
from analytics.snapshots.calendar import CHANGES
from analytics.tests.factories import make_sale
from audit.models import AuditRecord
from core.days import today

pytestmark = pytest.mark.django_db

LIST = "/console/questions/"


def make_saved(owner, title="Late orders", dataset="orders", **fields):
    return SavedQuestion.objects.create(owner=owner, title=title, dataset=dataset, query="days=7", **fields)


def as_role(client, role="analyst", user=None):
    client.force_login(user or make_user(role))
    return client


def titles(client):
    return [one.title for one, _ in client.get(LIST).context["saved"]]


def test_a_question_is_saved_with_its_address_and_found_again(client):
    alice = make_user("analyst")
    asked = [
        ("days", "7"),
        ("currency", "GBP"),
        ("column", "country"),
        ("is", "is"),
        ("value", "GB"),
        ("group", "country"),
    ]

    answer = as_role(client, user=alice).post(
        f"{LIST}orders/save/?{urlencode(asked)}", {"title": "  By\tcountry ", "shared": "on"}
    )

    saved = SavedQuestion.objects.get()
    assert (saved.title, saved.dataset, saved.owner, saved.is_shared) == ("By country", "orders", alice, True)
    assert answer.url == saved.get_absolute_url()
    page = client.get(saved.get_absolute_url())
    assert page.context["page"].saved == saved
    assert "<h1>By country</h1>" in page.content.decode().replace("\n", "")
    assert [(one.column.name, one.given) for one in page.context["question"].conditions] == [("country", "GB")]
    record = AuditRecord.objects.get(action="question.save")
    assert (record.changes, record.actor_id) == ({"dataset": "orders", "shared": True}, alice.pk)


@pytest.mark.parametrize(
    ("title", "sentence"),
    [("", "Give the question a title."), ("x" * 101, "at most 100 characters"), ("a\x07b", "plain text"),
     ("Late orders", "already")],
)  # fmt: skip
def test_a_title_that_cannot_be_is_refused_with_a_sentence(client, title, sentence):
    alice = make_user("analyst")
    make_saved(alice)

    answer = as_role(client, user=alice).post(f"{LIST}orders/save/", {"title": title}, follow=True)

    assert sentence in answer.content.decode()
    assert SavedQuestion.objects.count() == 1


def test_a_question_too_long_to_keep_is_refused_with_a_sentence(client):
    conditions = [pair for _ in range(10) for pair in (("column", "country"), ("is", "is"), ("value", "€" * 200))]

    answer = as_role(client).post(f"{LIST}orders/save/?{urlencode(conditions)}", {"title": "Long"}, follow=True)

    assert SavedQuestion.objects.count() == 0
    assert "too long to be saved" in answer.content.decode()


def test_own_questions_and_shared_ones_over_tables_one_may_open_are_listed(client):
    alice, bob = make_user("analyst"), make_user("ops")
    make_saved(alice, "Mine")
    make_saved(bob, "Shared", is_shared=True)
    make_saved(bob, "His own")
    make_saved(make_user("admin"), "Of the record", dataset="audit", is_shared=True)
    make_saved(bob, "Of a table that is gone", dataset="gone", is_shared=True)

    assert titles(as_role(client, user=alice)) == ["Mine", "Shared"]
    assert titles(as_role(client, "admin")) == ["Of the record", "Shared"]


def test_only_whoever_made_it_or_the_administrator_changes_and_deletes(client):
    alice = make_user("analyst")
    shared, hidden = make_saved(alice, is_shared=True), make_saved(alice, "Hidden")

    as_role(client, "ops")
    for saved, status in ((shared, 403), (hidden, 404)):
        assert client.get(f"{LIST}saved/{saved.pk}/").status_code == status
        assert client.post(f"{LIST}saved/{saved.pk}/", {"title": "Bob's"}).status_code == status
        assert client.post(f"{LIST}saved/{saved.pk}/delete/").status_code == status
    assert AuditRecord.objects.filter(action="question.change", outcome="refused").count() == 3

    as_role(client, user=alice).post(f"{LIST}saved/{shared.pk}/", {"title": "Renamed"})
    shared.refresh_from_db()
    assert (shared.title, shared.is_shared) == ("Renamed", False)
    as_role(client, "admin").post(f"{LIST}saved/{shared.pk}/delete/")
    assert list(SavedQuestion.objects.all()) == [hidden]
    assert AuditRecord.objects.get(action="question.delete").changes == {"dataset": "orders"}


def test_a_title_that_is_taken_is_not_given_again(client):
    alice = make_user("analyst")
    make_saved(alice, "One")
    two = make_saved(alice, "Two")

    answer = as_role(client, user=alice).post(f"{LIST}saved/{two.pk}/", {"title": "One"}, follow=True)

    assert "already" in answer.content.decode()
    two.refresh_from_db()
    assert two.title == "Two"


def test_tables_go_by_their_own_permission(client):
    for path in (f"{LIST}audit/", f"{LIST}audit/csv/", f"{LIST}audit/save/"):
        call = client.get if path.endswith("audit/") else client.post
        as_role(client, "ops")
        assert call(path).status_code == 403
    assert AuditRecord.objects.filter(action="question.ask", outcome="refused").count() == 3
    assert as_role(client, "admin").get(f"{LIST}audit/").status_code == 200
    assert client.get(f"{LIST}nothing/").status_code == 404


def test_personal_columns_are_asked_only_by_those_who_may_see_them(client):
    make_sale(today(), email="alice@example.com", customer_name="Alice")
    query = urlencode([("column", "email"), ("is", "contains"), ("value", "alice"), ("show", "email")])

    for role, can_see in (("analyst", False), ("ops", False), ("admin", True)):
        page = as_role(client, role).get(f"{LIST}orders/?{query}")
        text = page.content.decode()
        assert ("alice@example.com" in text, "your role does not see" in text) == (can_see, not can_see)
        assert any(column.name == "email" for column in page.context["page"].columns) is can_see
    client.post(f"{LIST}orders/csv/?{query}")
    assert AuditRecord.objects.get(action="export.run").changes["personal"] is True


def test_every_table_has_a_page_in_a_bounded_number_of_queries(client, django_assert_max_num_queries):
    make_sale(today())
    build_snapshots(CHANGES)
    as_role(client, "admin")

    for name in DATASETS:
        with django_assert_max_num_queries(32):
            page = client.get(f"{LIST}{name}/")
        assert (page.status_code, page.context["question"].notices) == (200, [])
    with django_assert_max_num_queries(12):
        client.get(LIST)


def test_odd_page_numbers_and_odd_days_are_tolerated(client):
    make_sale(today())
    as_role(client)

    for query in (
        "page=99",
        "page=-1",
        "page=x",
        "from=2026-02-30&to=x",
        "currency=XXX",
        "saved=x",
        "saved=99",
        "days=5",
    ):
        assert client.get(f"{LIST}orders/?{query}").status_code == 200
