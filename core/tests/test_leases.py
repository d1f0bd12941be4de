from datetime import timedelta

import pytest
from django.utils import timezone

from core.leases import backoff, claim, held
from core.tests.races import at_once
from mail.models import OutgoingMail
from mail.tests.factories import make_mail


def test_a_claimed_row_is_not_due_until_its_lease_runs_out(db):
    mail = make_mail()
    first = claim(OutgoingMail.objects.due(), limit=10, seconds=60)
    assert [row.pk for row in first] == [mail.pk]
    assert first[0].attempts == 1
    assert claim(OutgoingMail.objects.due(), limit=10, seconds=60) == []

    OutgoingMail.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    again = claim(OutgoingMail.objects.due(), limit=10, seconds=60)
    assert [row.attempts for row in again] == [2]


def test_a_worker_whose_lease_ran_out_cannot_write_over_the_next_one(db):
    make_mail()
    [slow] = claim(OutgoingMail.objects.due(), limit=1, seconds=-1)
    [quick] = claim(OutgoingMail.objects.due(), limit=1, seconds=60)
    assert held(slow).update(last_error="slow") == 0
    assert held(quick).update(last_error="quick") == 1


def test_claim_takes_at_most_so_many_the_longest_waiting_first(db):
    now = timezone.now()
    mails = [make_mail(next_attempt_at=now - timedelta(minutes=minute)) for minute in (1, 3, 2)]
    taken = claim(OutgoingMail.objects.due(), limit=2, seconds=60)
    assert [row.pk for row in taken] == [mails[1].pk, mails[2].pk]


def test_claim_writes_nothing_when_nothing_is_due(db, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert claim(OutgoingMail.objects.due(), limit=5, seconds=60) == []


def test_backoff_grows_from_ten_seconds_to_six_hours():
    pauses = [backoff(attempts).total_seconds() for attempts in (1, 2, 3, 4, 5, 6, 7, 8, 1000)]
    assert pauses == [10, 40, 160, 640, 2560, 10240, 21600, 21600, 21600]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_workers_at_once_never_claim_the_same_row():
    for _ in range(60):
        make_mail()
    taken = []

    def work():
        while rows := claim(OutgoingMail.objects.due(), limit=3, seconds=60):
            taken.extend(row.pk for row in rows)

    at_once([work] * 6)
    assert len(taken) == len(set(taken)) == 60
    assert set(OutgoingMail.objects.values_list("attempts", flat=True)) == {1}
