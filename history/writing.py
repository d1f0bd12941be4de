"""Writing sets of rows a few times faster than bulk_create does, which checks and compiles every value by itself.

Nothing is written that bulk_create would write otherwise: a test compares them. PostgreSQL takes the rows by COPY,
SQLite by one statement that is run for each. Keys are drawn beforehand, so that rows can name each other.
"""

import json
from collections.abc import Callable, Collection, Iterable, Sequence
from operator import itemgetter
from typing import Any

from django.db import connection, models
from django.db.models import ForeignKey

type Values = Sequence[Any]


def insert_objects(model: type[models.Model], objects: Iterable[models.Model]) -> None:
    """Insert unsaved instances of one model and give them their keys, in the caller's transaction."""
    rows = list(objects)
    if not rows:
        return
    fields = model._meta.concrete_fields
    names = [field.attname for field in fields]
    key_name = names[fields.index(model._meta.pk)]
    relations = [
        (field.name, field.attname, field.target_field.attname) for field in fields if isinstance(field, ForeignKey)
    ]
    alias = connection.alias
    for row, key in zip(rows, draw_keys(model, len(rows)), strict=True):
        values, state = row.__dict__, row._state
        values[key_name] = key
        for name, attname, key_of_related in relations:
            if values[attname] is None and (related := state.fields_cache.get(name)) is not None:
                values[attname] = getattr(related, key_of_related)  # it had none when it was set
        state.adding, state.db = False, alias
    columns = itemgetter(*names)
    _insert(model, fields, (columns(row.__dict__) for row in rows))


def insert_values(model: type[models.Model], names: Sequence[str], values: Collection[Values]) -> None:
    """Insert rows given as values of the named fields; every field but the key must be named."""
    fields = [field for field in model._meta.concrete_fields if not field.primary_key]
    if sorted(names) != sorted(field.attname for field in fields):
        raise TypeError(f"{model.__name__} has the fields {sorted(field.attname for field in fields)}")
    by_name = {field.attname: field for field in fields}
    if values:
        _insert(model, [by_name[name] for name in names], values)


def update_objects(model: type[models.Model], objects: Collection[models.Model], names: Sequence[str]) -> None:
    """Write these fields of rows that the caller has locked."""
    if not objects:
        return
    fields = [field for field in model._meta.concrete_fields if field.attname in names]
    key = next(field for field in model._meta.concrete_fields if field.primary_key)
    quote, table = connection.ops.quote_name, connection.ops.quote_name(model._meta.db_table)
    columns = [quote(str(field.column)) for field in (*fields, key)]
    rows = [
        [field.get_db_prep_save(getattr(row, field.attname), connection) for field in (*fields, key)]
        for row in sorted(objects, key=lambda row: row.pk)
    ]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            arrays = ", ".join(f"%s::{_kind(field)}[]" for field in (*fields, key))
            assignments = ", ".join(f"{column} = given.{column}" for column in columns[:-1])
            given = f"unnest({arrays}) AS given({', '.join(columns)})"
            where = f"{table}.{columns[-1]} = given.{columns[-1]}"
            statement = f"UPDATE {table} SET {assignments} FROM {given} WHERE {where}"  # noqa: S608  names of models
            cursor.execute(statement, [list(column) for column in zip(*rows, strict=True)])
        else:
            assignments = ", ".join(f"{column} = %s" for column in columns[:-1])
            statement = f"UPDATE {table} SET {assignments} WHERE {columns[-1]} = %s"  # noqa: S608  names of models
            cursor.executemany(statement, rows)


def _kind(field: Any) -> str:
    """Return the type of a column without its length: a cast to that would cut what is too long, not refuse it."""
    return str(field.rel_db_type(connection)).partition("(")[0]


def draw_keys(model: type[models.Model], count: int) -> list[int]:
    """Return keys for new rows that nobody else will use; needs a transaction (on SQLite it holds the write lock)."""
    table = model._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)", [f'"{table}"', count]
            )
            return [row[0] for row in cursor.fetchall()]
        cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
        last = cursor.fetchone()
    first = (last[0] if last else 0) + 1
    return list(range(first, first + count))


def _insert(model: type[models.Model], fields: Sequence[Any], values: Iterable[Values]) -> None:
    quote = connection.ops.quote_name
    columns = ", ".join(quote(field.column) for field in fields)
    table = quote(model._meta.db_table)
    rows = _converted(fields, values)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with connection.wrap_database_errors, cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
        else:
            marks = ", ".join(["%s"] * len(fields))
            cursor.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", list(rows))  # noqa: S608


def _converted(fields: Sequence[Any], values: Iterable[Values]) -> Iterable[Values]:
    converters = [(place, convert) for place, field in enumerate(fields) if (convert := _converter(field)) is not None]
    for given in values:
        row = list(given)
        for place, convert in converters:
            if row[place] is not None:
                row[place] = convert(row[place])
        yield row


def _converter(field: Any) -> Callable[[Any], Any] | None:
    """Return what brings a value to the form in which the database takes it; None where it takes it as it is."""
    if isinstance(field, models.JSONField):
        return json.dumps
    if connection.vendor == "postgresql":
        return None
    if isinstance(field, models.DateTimeField):
        return connection.ops.adapt_datetimefield_value
    if isinstance(field, models.DateField):
        return connection.ops.adapt_datefield_value
    return None
