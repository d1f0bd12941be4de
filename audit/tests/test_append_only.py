import pytest
from django.db import IntegrityError, connection, transaction

from audit.models import AuditOrigin, AuditRecord
from audit.recording import record

pytestmark = pytest.mark.django_db


def test_the_record_of_an_act_cannot_be_changed_or_removed():
    row = record("act")
    row.reason = "another"
    for attempt in (row.save, row.delete, lambda: AuditRecord.objects.update(reason="another")):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            attempt()
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM audit_auditrecord" if connection.vendor == "sqlite" else "TRUNCATE audit_auditrecord CASCADE"
        )
    assert AuditRecord.objects.get().reason == ""


def test_where_an_act_came_from_can_be_purged():
    AuditOrigin.objects.create(record=record("act"), address="192.0.2.1")
    AuditOrigin.objects.all().delete()
    assert AuditRecord.objects.count() == 1
