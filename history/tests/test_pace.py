"""What makes an import quick leaves everything else as it was."""

import gc
import weakref

import pytest
from django.db import DataError, connection

from history.pace import EVERY, collecting_seldom
from history.tests.factories import feed, order, product
from history.writing import update_objects
from orders.models import Order
from orders.tests.factories import make_order


class Circle:
    def __init__(self):
        self.itself = self


def test_circles_are_collected_once_in_a_few_batches():
    with collecting_seldom() as collect:
        assert not gc.isenabled()
        seen = weakref.ref(Circle())
        for _ in range(EVERY - 1):
            collect()
        assert seen() is not None
        collect()
        assert seen() is None
    assert gc.isenabled()


def test_the_collector_is_on_again_after_a_failure():
    with pytest.raises(RuntimeError), collecting_seldom():
        raise RuntimeError
    assert gc.isenabled()


def test_a_collector_that_somebody_turned_off_stays_off():
    gc.disable()
    try:
        with collecting_seldom() as collect:
            collect()
        assert not gc.isenabled()
    finally:
        gc.enable()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_only_the_batches_commit_without_waiting_for_the_disk():
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit TO on")
        feed(product(), order())
        cursor.execute("SHOW synchronous_commit")
        assert cursor.fetchone() == ("on",)


@pytest.mark.django_db
def test_the_same_file_again_asks_the_same_few_questions(django_assert_max_num_queries):
    lines = [product(), *(order(f"O{number}", email=f"a{number}@example.com") for number in range(200))]
    feed(*lines)
    with django_assert_max_num_queries(20):
        assert feed(*lines).known == 201


@pytest.mark.postgres
@pytest.mark.django_db
def test_what_is_too_long_for_its_column_is_refused_and_not_cut():
    sold = make_order()
    sold.cancel_reason = "x" * 31
    with pytest.raises(DataError):
        update_objects(Order, [sold], ("cancel_reason",))


@pytest.mark.django_db
def test_empty_values_are_written_as_such():
    first, second = make_order(), make_order()
    first.held_at, second.held_at = second.placed_at, None
    update_objects(Order, [first, second], ("held_at",))
    assert dict(Order.objects.values_list("pk", "held_at")) == {first.pk: second.placed_at, second.pk: None}
