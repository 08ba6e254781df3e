"""Whether every tenant has its place, and every place its tenant."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from omnitenant_models.utils import get_tenant_model
from omnitenant_routing.doctor.findings import Finding, Level
from omnitenant_routing.postgresql.identifiers import quoted

if TYPE_CHECKING:
    from omnitenant_models.tenants import BaseTenant

__all__ = ["MARK", "Columns", "examine_columns", "examine_orphans", "read_columns"]

MARK = "omnitenant: "
"""How the comment begins that a tenant's schema and database carry, before the tenant's id."""

Columns = frozenset[tuple[str, str, str, bool]]
"""Table, column, type and whether it may be empty."""


def examine_orphans(connection: Any, where: str) -> Iterator[Finding]:
    """Look for schemas and databases on a server of PostgreSQL whose tenants are gone."""
    known = set(get_tenant_model()._base_manager.values_list("tenant_id", flat=True))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 'SCHEMA', nspname, obj_description(oid, 'pg_namespace') FROM pg_catalog.pg_namespace UNION ALL "
            "SELECT 'DATABASE', datname, shobj_description(oid, 'pg_database') FROM pg_catalog.pg_database "
            "ORDER BY 1, 2"
        )
        marked = [(kind, name, mark.removeprefix(MARK)) for kind, name, mark in cursor if (mark or "").startswith(MARK)]
    for kind, name, tenant_id in marked:
        if tenant_id not in known:
            yield Finding(
                "place.orphaned",
                Level.WARNING,
                where,
                f"the {kind.lower()} {name!r} is that of tenant {tenant_id!r}, who does not exist",
                f"DROP {kind} {quoted(name)}{' CASCADE' if kind == 'SCHEMA' else ''} when nobody needs it",
            )


def read_columns(connection: Any) -> Columns:
    """Return the columns of the place that is active on a connection to PostgreSQL."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), NOT a.attnotnull "
            "FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid "
            "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
            "WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped"
        )
        return frozenset(cursor.fetchall())


def examine_columns(read: Iterable[tuple[BaseTenant, frozenset[tuple[str, str]], Columns]]) -> Iterator[Finding]:
    """Compare the tables of tenants that have the same migrations.

    Args:
        read: tenants, with their applied migrations and their columns.
    """
    groups: dict[frozenset[tuple[str, str]], list[tuple[BaseTenant, Columns]]] = defaultdict(list)
    for tenant, applied, columns in read:
        groups[applied].append((tenant, columns))
    for members in groups.values():
        ((usual, _number),) = Counter(columns for _tenant, columns in members).most_common(1)
        for tenant, columns in members:
            differing = sorted({f"{table}.{column}" for table, column, *_ in columns ^ usual})
            if differing:
                yield Finding(
                    "place.differs",
                    Level.WARNING,
                    tenant.tenant_id,
                    f"its tables differ from those of other tenants with the same migrations: {', '.join(differing)}",
                    "compare them with another tenant's and mend by hand what was changed by hand",
                )
