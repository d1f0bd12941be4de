import pytest
from django.db import IntegrityError, connection, transaction
from django.db.migrations.loader import MigrationLoader

from audit.models import AuditRecord
from audit.recording import record
from core.db import AppendOnly, NumberedWithoutGaps, append_only_lifted

TABLE = AuditRecord._meta.db_table


def refused(statement, parameters=()):
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, parameters)


def test_rows_cannot_be_updated_or_deleted(db):
    row = record("test.act")
    refused(f"UPDATE {TABLE} SET action = 'other' WHERE id = %s", [row.pk])
    refused(f"DELETE FROM {TABLE} WHERE id = %s", [row.pk])
    with pytest.raises(IntegrityError), transaction.atomic():
        row.save()
    with pytest.raises(IntegrityError), transaction.atomic():
        AuditRecord.objects.all().delete()
    assert AuditRecord.objects.get().action == "test.act"


def test_a_row_cannot_be_replaced_or_the_table_truncated(db):
    row = record("test.act")
    columns = "id, at, action, outcome, actor_role, subject_type, subject_id, changes, reason, request_id"
    values = f"SELECT {columns.replace('action', repr('other'))} FROM {TABLE}"
    if connection.vendor == "sqlite":
        refused(f"INSERT OR REPLACE INTO {TABLE} ({columns}) {values}")
        refused(f"REPLACE INTO {TABLE} ({columns}) {values}")
        refused(f"INSERT INTO {TABLE} ({columns}) {values} WHERE true ON CONFLICT (id) DO UPDATE SET action = 'other'")
    else:
        refused(f"TRUNCATE {TABLE} CASCADE")
        refused(f"INSERT INTO {TABLE} ({columns}) {values} ON CONFLICT (id) DO UPDATE SET action = 'other'")
    assert AuditRecord.objects.get(pk=row.pk).action == "test.act"


def test_another_row_with_the_same_unique_value_cannot_replace_one(db):
    """SQLite deletes the row in the way of a REPLACE, whatever its id; only recursive triggers see that."""
    if connection.vendor != "sqlite":
        return
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE trial (id integer PRIMARY KEY, word text UNIQUE)")
        cursor.execute(
            "CREATE TRIGGER append_only_trial_delete BEFORE DELETE ON trial "
            "BEGIN SELECT RAISE(ABORT, 'trial is append-only'); END"
        )
        cursor.execute("INSERT INTO trial VALUES (1, 'one')")
    refused("INSERT OR REPLACE INTO trial VALUES (2, 'one')")


def test_the_guard_is_lifted_only_inside_the_block(db):
    row = record("test.act")
    with append_only_lifted():
        AuditRecord.objects.filter(pk=row.pk).update(action="other")
    assert AuditRecord.objects.get().action == "other"
    refused(f"UPDATE {TABLE} SET action = 'third'")


def test_the_guard_is_back_after_an_error_inside_the_block(db):
    record("test.act")
    with pytest.raises(RuntimeError), append_only_lifted():
        raise RuntimeError
    refused(f"DELETE FROM {TABLE}")


@pytest.mark.django_db(transaction=True)
def test_the_guard_is_on_again_after_a_transactional_test_was_cleaned_up():
    record("test.act")
    refused(f"DELETE FROM {TABLE}")


def guards():
    """Every guard of every migration, with its table as it is called now."""
    loader = MigrationLoader(connection)
    state = loader.project_state()
    for (app, _), migration in loader.disk_migrations.items():
        for operation in migration.operations:
            if isinstance(operation, (AppendOnly, NumberedWithoutGaps)):
                yield state.apps.get_model(app, operation.model)._meta.db_table, operation


def test_every_table_that_was_ever_guarded_still_has_its_triggers(db):
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        else:
            cursor.execute("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled = 'O'")
        present = {name for (name,) in cursor.fetchall()}
    expected = {name for table, guard in guards() for name in guard.names(connection.vendor, table)}
    assert {f"append_only_{TABLE}_{'update' if connection.vendor == 'sqlite' else 'rows'}"} - expected == set()
    assert "without_gaps_orders_invoice" in expected
    assert expected - present == set()


def test_a_table_that_is_numbered_without_gaps_is_append_only_as_well(db):
    kept = {table for table, guard in guards() if isinstance(guard, AppendOnly)}

    assert {table for table, guard in guards() if isinstance(guard, NumberedWithoutGaps)} - kept == set()
