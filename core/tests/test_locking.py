import pytest
from django.db import transaction
from django.db.transaction import TransactionManagementError

from core.models import NumberSeries
from core.tests.races import at_once


@pytest.mark.postgres
def test_lock_takes_rows_in_the_order_of_their_keys_and_lets_references_in(db, django_assert_num_queries):
    with django_assert_num_queries(1) as captured:
        list(NumberSeries.objects.order_by("-last").lock())
    assert captured[0]["sql"].endswith('ORDER BY 1 ASC FOR NO KEY UPDATE OF "core_numberseries"') or captured[0][
        "sql"
    ].endswith('ORDER BY "core_numberseries"."name" ASC FOR NO KEY UPDATE OF "core_numberseries"')


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_lock_outside_a_transaction_is_an_error():
    with pytest.raises(TransactionManagementError):
        list(NumberSeries.objects.lock())


@pytest.mark.django_db(transaction=True)
def test_numbers_taken_under_lock_by_many_threads_have_no_gap_and_no_double():
    NumberSeries.objects.create(name="invoice")
    taken = []

    def take():
        for _ in range(10):
            with transaction.atomic():
                series = NumberSeries.objects.lock().get(name="invoice")
                series.last += 1
                series.save()
            taken.append(series.last)

    at_once([take] * 5)
    assert sorted(taken) == list(range(1, 51))
