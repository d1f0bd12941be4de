"""What tables refuse themselves, on both databases: rewriting, gaps in numbers. And the one way to take row locks."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

from django.db import OperationalError, connection, models
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

PREFIX = "append_only_"
GAPS_PREFIX = "without_gaps_"

POSTGRES_FUNCTION = """
CREATE OR REPLACE FUNCTION append_only_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'integrity_constraint_violation';
END $$
"""

# Its arguments are the column of the number and the column that has a series for each of its values.
POSTGRES_GAPS_FUNCTION = """
CREATE OR REPLACE FUNCTION without_gaps_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    given bigint;
    wanted bigint;
BEGIN
    EXECUTE format(
        'SELECT ($1).%1$I, COALESCE((SELECT MAX(t.%1$I) FROM %3$I.%4$I t WHERE t.%2$I = ($1).%2$I), 0) + 1',
        TG_ARGV[0], TG_ARGV[1], TG_TABLE_SCHEMA, TG_TABLE_NAME
    ) INTO given, wanted USING NEW;
    IF given IS DISTINCT FROM wanted THEN
        RAISE EXCEPTION '% is numbered without gaps: % is refused', TG_TABLE_NAME, given
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$
"""


def is_temporary(error: BaseException) -> bool:
    """Whether an error says that the database is locked or away just now, so that the same may work in a moment.

    SQLite also calls it an OperationalError if a table is missing; waiting does not help there.
    """
    if not isinstance(error, OperationalError):
        return False
    return connection.vendor != "sqlite" or "locked" in str(error) or "busy" in str(error)


def drop_broken_connection() -> None:
    """Let the next statement open a new connection if this one is of no more use. Call it after a temporary error."""
    if not connection.in_atomic_block:
        connection.close_if_unusable_or_obsolete()


class LockingQuerySet(models.QuerySet):
    """A queryset whose rows are locked in one way and one order everywhere."""

    def lock(self) -> Self:
        """Lock the rows in order of their keys, against everything but reads and references. Needs a transaction."""
        return self.order_by("pk").select_for_update(of=("self",), no_key=True)


class _Guard(Operation):
    """Triggers on a table, which are no part of the state of the models.

    SQLite drops the triggers of a table that a later migration alters, for it builds the table anew: such a migration
    ends with the guards of that table once more. A test looks for the triggers of every table that was ever guarded.
    """

    reversible = True
    reduces_to_sql = True

    def __init__(self, model: str) -> None:
        self.model = model

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Triggers are no part of the state of the models."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: ProjectState) -> None:
        """Create the triggers."""
        meta = to_state.apps.get_model(app_label, self.model)._meta
        for statement in self.create_statements(schema_editor.connection.vendor, meta):
            schema_editor.execute(statement, params=None)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: ProjectState, to_state: Any) -> None:
        """Drop the triggers."""
        table = from_state.apps.get_model(app_label, self.model)._meta.db_table
        on = f' ON "{table}"' if schema_editor.connection.vendor == "postgresql" else ""
        for name in self.names(schema_editor.connection.vendor, table):
            schema_editor.execute(f'DROP TRIGGER IF EXISTS "{name}"{on}', params=None)

    def names(self, vendor: str, table: str) -> list[str]:
        """Return the names of the triggers."""
        raise NotImplementedError

    def create_statements(self, vendor: str, meta: Any) -> list[str]:
        """Return the statements that make them."""
        raise NotImplementedError


class AppendOnly(_Guard):
    """Make a table refuse UPDATE, DELETE and TRUNCATE; on SQLite INSERT OR REPLACE of a row that exists as well."""

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return "AppendOnly", [self.model], {}

    def describe(self) -> str:
        return f"Make {self.model} append-only"

    @property
    def migration_name_fragment(self) -> str:
        return f"append_only_{self.model.lower()}"

    def names(self, vendor: str, table: str) -> list[str]:
        """Return the names of the triggers."""
        return trigger_names(vendor, table)

    def create_statements(self, vendor: str, meta: Any) -> list[str]:
        """Return the statements that make them."""
        return _create_statements(vendor, meta.db_table, meta.pk.column)


class NumberedWithoutGaps(_Guard):
    """Make a table refuse a row whose `number` is not the next one: 1, then the largest so far + 1.

    Each value of the column `per` has a series of its own. The table is append-only as well, so that no number goes,
    and unique in `per` and `number`: of two transactions that take the same number, the second waits and is refused.
    """

    def __init__(self, model: str, *, per: str, number: str = "number") -> None:
        super().__init__(model)
        self.per = per
        self.number = number

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return "NumberedWithoutGaps", [self.model], {"per": self.per, "number": self.number}

    def describe(self) -> str:
        return f"Number {self.model} without gaps per {self.per}"

    @property
    def migration_name_fragment(self) -> str:
        return f"without_gaps_{self.model.lower()}"

    def names(self, vendor: str, table: str) -> list[str]:
        """Return the names of the triggers."""
        return [f"{GAPS_PREFIX}{table}"]

    def create_statements(self, vendor: str, meta: Any) -> list[str]:
        """Return the statements that make them."""
        table, (name,) = meta.db_table, self.names(vendor, meta.db_table)
        number, per = (meta.get_field(field).column for field in (self.number, self.per))
        if vendor == "postgresql":
            return [
                POSTGRES_GAPS_FUNCTION,
                f'CREATE OR REPLACE TRIGGER "{name}" BEFORE INSERT ON "{table}" '
                f"FOR EACH ROW EXECUTE FUNCTION without_gaps_refuse('{number}', '{per}')",
            ]
        largest = f'(SELECT MAX("{number}") FROM "{table}" WHERE "{per}" = NEW."{per}")'  # noqa: S608  names from the models
        return [
            f'CREATE TRIGGER IF NOT EXISTS "{name}" BEFORE INSERT ON "{table}" '
            f'WHEN NEW."{number}" IS NOT COALESCE({largest}, 0) + 1 '
            f"BEGIN SELECT RAISE(ABORT, '{table} is numbered without gaps'); END"
        ]


def trigger_names(vendor: str, table: str) -> list[str]:
    """Return the names of the triggers that keep a table append-only."""
    events = ("rows", "truncate") if vendor == "postgresql" else ("update", "delete", "replace")
    return [f"{PREFIX}{table}_{event}" for event in events]


def _create_statements(vendor: str, table: str, key: str) -> list[str]:
    names = trigger_names(vendor, table)
    if vendor == "postgresql":
        return [
            POSTGRES_FUNCTION,
            f'CREATE OR REPLACE TRIGGER "{names[0]}" BEFORE UPDATE OR DELETE ON "{table}" '
            "FOR EACH ROW EXECUTE FUNCTION append_only_refuse()",
            f'CREATE OR REPLACE TRIGGER "{names[1]}" BEFORE TRUNCATE ON "{table}" '
            "FOR EACH STATEMENT EXECUTE FUNCTION append_only_refuse()",
        ]
    refuse = f"SELECT RAISE(ABORT, '{table} is append-only');"
    exists = f'EXISTS (SELECT 1 FROM "{table}" WHERE "{key}" = NEW."{key}")'  # noqa: S608  names from the models
    return [
        f'CREATE TRIGGER IF NOT EXISTS "{names[0]}" BEFORE UPDATE ON "{table}" BEGIN {refuse} END',
        f'CREATE TRIGGER IF NOT EXISTS "{names[1]}" BEFORE DELETE ON "{table}" BEGIN {refuse} END',
        f'CREATE TRIGGER IF NOT EXISTS "{names[2]}" BEFORE INSERT ON "{table}" WHEN {exists} BEGIN {refuse} END',
    ]


@contextmanager
def append_only_lifted() -> Iterator[None]:
    """Let a test run empty guarded tables between two tests; the triggers are back when the block ends."""
    lift, restore = _lift_statements()
    with connection.cursor() as cursor:
        for statement in lift:
            cursor.execute(statement)
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            for statement in restore:
                cursor.execute(statement)


@contextmanager
def rewritable(model: type[models.Model]) -> Iterator[None]:
    """Let one deliberate act rewrite rows of a guarded table, in the caller's transaction.

    The guards are back when the block ends. An error has to undo the transaction, which undoes the lifting with it. On
    PostgreSQL writers of the table wait until the transaction ends.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("a guard is lifted in a transaction, so that nothing can leave it lifted")
    table = model._meta.db_table
    names = trigger_names(connection.vendor, table)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # what still waits to be checked would be in the way
            lift = [f'ALTER TABLE "{table}" DISABLE TRIGGER "{name}"' for name in names]
            restore = [f'ALTER TABLE "{table}" ENABLE TRIGGER "{name}"' for name in names]
        else:
            cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s", [table])
            triggers = [(name, sql) for name, sql in cursor.fetchall() if name in names]
            lift, restore = [f'DROP TRIGGER "{name}"' for name, _ in triggers], [sql for _, sql in triggers]
        for statement in lift:
            cursor.execute(statement)
        yield
        for statement in restore:
            cursor.execute(statement)


def _lift_statements() -> tuple[list[str], list[str]]:
    patterns = [f"{prefix}%".replace("_", r"\_") for prefix in (PREFIX, GAPS_PREFIX)]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger "
                "WHERE tgname LIKE %s OR tgname LIKE %s ORDER BY 1",
                patterns,
            )
            tables = [row[0] for row in cursor.fetchall()]
            return (
                [f"ALTER TABLE {table} DISABLE TRIGGER USER" for table in tables],
                [f"ALTER TABLE {table} ENABLE TRIGGER USER" for table in tables],
            )
        cursor.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' "
            "AND (name LIKE %s ESCAPE '\\' OR name LIKE %s ESCAPE '\\')",
            patterns,
        )
        triggers = cursor.fetchall()
    return [f'DROP TRIGGER "{name}"' for name, _ in triggers], [sql for _, sql in triggers]
