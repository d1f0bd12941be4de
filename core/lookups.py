"""`among`: whether a column holds one of many values, which travel as one parameter."""

import json
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Field, ForeignObject, Lookup


@ForeignObject.register_lookup
@Field.register_lookup
class Among(Lookup[Any]):
    """Like `in`, for thousands of values: `in` makes a parameter, and a piece of the statement, of each."""

    lookup_name = "among"

    def get_prep_lookup(self) -> list[Any]:
        """Return the values as the column takes them; keys of other tables as those keys."""
        field = self.lhs.output_field
        return [field.get_prep_value(value) for value in self.rhs]

    def as_sql(self, compiler: Any, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        """SQLite takes a list as JSON."""
        column, parameters = self.process_lhs(compiler, connection)
        values = "IN (SELECT value FROM json_each(%s))"
        return f"{column} {values}", (*parameters, json.dumps(self.rhs))

    def as_postgresql(self, compiler: Any, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        """PostgreSQL takes a list as an array."""
        column, parameters = self.process_lhs(compiler, connection)
        kind = str(self.lhs.output_field.rel_db_type(connection)).partition("(")[0]
        return f"{column} = ANY(%s::{kind}[])", (*parameters, self.rhs)
