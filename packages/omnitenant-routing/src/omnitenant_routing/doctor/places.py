"""Whether every tenant has its place, and every place its tenant."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final

from django.apps import apps
from django.db import connections

from omnitenant_context.context import TenantContext
from omnitenant_models.scopes import TenantScope, get_model_scope
from omnitenant_models.utils import get_tenant_model
from omnitenant_routing.databases.owned_database import read_comment
from omnitenant_routing.doctor.findings import Finding, Level
from omnitenant_routing.places import place_of
from omnitenant_routing.postgresql.identifiers import quoted
from omnitenant_routing.provisioning.postgresql import master_name

if TYPE_CHECKING:
    from omnitenant_models.tenants import BaseTenant

__all__ = ["Columns", "examine_columns", "examine_orphans", "examine_usage", "read_columns"]

Columns = frozenset[tuple[str, str, str, bool]]
"""Table, column, type and whether it may be empty."""

_PAIR: Final = 2


def examine_orphans(connection: Any, where: str, seen: set[tuple[Any, ...]]) -> Iterator[Finding]:
    """Look for schemas and databases on a server of PostgreSQL whose tenants are gone.

    Databases of other sites on the server are none of ours, nor are those of which it is not known.

    Args:
        connection: to a database of the settings.
        where: its alias.
        seen: what was looked at already; several aliases may lead to one server. Is added to.
    """
    known = set(get_tenant_model()._base_manager.values_list("tenant_id", flat=True))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_postmaster_start_time(), current_database(), 'SCHEMA', nspname, "
            "obj_description(oid, 'pg_namespace') FROM pg_catalog.pg_namespace UNION ALL "
            "SELECT pg_postmaster_start_time(), '', 'DATABASE', datname, "
            "shobj_description(oid, 'pg_database') FROM pg_catalog.pg_database ORDER BY 3, 4"
        )
        rows = cursor.fetchall()
    for *server, kind, name, comment in rows:
        mark, key = read_comment(comment or ""), (*server, kind, name)
        if mark is None or key in seen:
            continue
        seen.add(key)
        tenant_id, master = mark
        # A schema stands in a database of ours, and its mark names no master.
        is_ours = kind == "SCHEMA" or (master and master == master_name())
        if is_ours and tenant_id not in known:
            yield Finding(
                "place.orphaned",
                Level.WARNING,
                where,
                f"the {kind.lower()} {name!r} is that of tenant {tenant_id!r}, who does not exist",
                f"DROP {kind} {quoted(name)}{' CASCADE' if kind == 'SCHEMA' else ''} when nobody needs it",
            )


def examine_usage(tenant: BaseTenant) -> Iterator[Finding]:
    """Ask whether the role of the site may use the schema of a tenant. From outside: inside that is an error."""
    alias, schema = place_of(tenant)
    with TenantContext.use_master_db(), connections[alias].cursor() as cursor:
        cursor.execute("SELECT current_user, has_schema_privilege(%s, 'USAGE')", [schema])
        role, allowed = cursor.fetchone()
    if not allowed:
        yield Finding(
            "schema.unusable",
            Level.ERROR,
            tenant.tenant_id,
            f"the role {role!r} may not use the schema {schema!r}, so the tenant cannot work",
            f"GRANT USAGE ON SCHEMA {quoted(str(schema))} TO {quoted(role)}, and the rights to its tables",
        )


def read_columns(connection: Any) -> Columns:
    """Return the columns of a tenant's own tables in the place that is active on a connection to PostgreSQL."""
    tables = [
        model._meta.db_table
        for model in apps.get_models(include_auto_created=True)
        if get_model_scope(model) == TenantScope.TENANT
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), NOT a.attnotnull "
            "FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid "
            "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
            "WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped "
            "AND c.relname = ANY(%s)",
            [tables],
        )
        return frozenset(cursor.fetchall())


def examine_columns(read: Iterable[tuple[BaseTenant, frozenset[tuple[str, str]], Columns]]) -> Iterator[Finding]:
    """Compare the tables of tenants that have the same isolation type and the same migrations.

    Args:
        read: tenants, with their applied migrations and their columns.
    """
    groups: dict[tuple[str, frozenset[tuple[str, str]]], list[tuple[BaseTenant, Columns]]] = defaultdict(list)
    for tenant, applied, columns in read:
        groups[tenant.isolation_type, applied].append((tenant, columns))
    for members in groups.values():
        ((usual, _number),) = Counter(columns for _tenant, columns in members).most_common(1)
        for tenant, columns in members:
            others = "those of other tenants"
            if len(members) == _PAIR:
                # Nobody knows which of the two was changed.
                ((other, usual),) = [each for each in members if each[0] is not tenant]
                others = f"those of tenant {other.tenant_id!r}"
            differing = sorted({f"{table}.{column}" for table, column, *_ in columns ^ usual})
            if differing:
                yield Finding(
                    "place.differs",
                    Level.WARNING,
                    tenant.tenant_id,
                    f"its tables differ from {others} with the same migrations: {', '.join(differing)}",
                    "compare them with another tenant's and mend by hand what was changed by hand",
                )
