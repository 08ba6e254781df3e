"""Whether the rows of one tenant can be found without reading everybody's, and ids go on where they stopped."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from omnitenant_models.rows.keys import get_tenant_key
from omnitenant_models.scopes import TenantScope
from omnitenant_routing.doctor.findings import Finding, Level, keyed_models, numbered_models

__all__ = ["examine_indexes", "examine_sequences"]


def examine_indexes(connection: Any, where: str, *scopes: TenantScope) -> Iterator[Finding]:
    """Look for tables of tenants without an index that begins with the tenant."""
    introspection = connection.introspection
    with connection.cursor() as cursor:
        present = set(introspection.table_names(cursor))
        for model in keyed_models(*scopes):
            options, key = model._meta, get_tenant_key(model)
            if options.db_table not in present or key is None:
                continue
            constraints = introspection.get_constraints(cursor, options.db_table).values()
            found = (each["columns"] for each in constraints if each["index"] or each["unique"] or each["primary_key"])
            if not any(columns and columns[0] == key.column for columns in found):
                yield Finding(
                    "index.missing",
                    Level.WARNING,
                    where,
                    f"no index of {options.db_table} begins with {key.column}: queries read everybody's rows",
                    f"add models.Index(fields=[{key.name!r}, ...]) to Meta.indexes of {options.label}, or take "
                    f"db_index=False off {key.name!r}",
                )


def examine_sequences(connection: Any, where: str, *scopes: TenantScope) -> Iterator[Finding]:
    """Look for sequences behind the ids that are in use, as rows that were loaded with their ids leave them."""
    quote = connection.ops.quote_name
    with connection.cursor() as cursor:
        present = set(connection.introspection.table_names(cursor))
        for model in numbered_models(*scopes):
            table, column = model._meta.db_table, str(model._meta.pk.column)
            if table not in present:
                continue
            cursor.execute("SELECT pg_get_serial_sequence(%s, %s)", [quote(table), column])
            (sequence,) = cursor.fetchone()
            if sequence is None:
                continue
            cursor.execute(f"SELECT max({quote(column)}) FROM {quote(table)}")  # noqa: S608 - quoted
            (highest,) = cursor.fetchone()
            # As the server gave it, which quotes it where needed.
            cursor.execute(f"SELECT last_value + is_called::int FROM {sequence}")  # noqa: S608 - see above
            (upcoming,) = cursor.fetchone()
            if highest is not None and highest >= upcoming:
                yield Finding(
                    "sequence.behind",
                    Level.ERROR,
                    where,
                    f"the sequence of {table} would give {upcoming} next, and {highest} is taken",
                    f"SELECT setval('{sequence}', {highest})",
                )
