"""Whether the site's role is held by the policies of row-level security at all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.apps import apps

from omnitenant_models.rows.policies import TenantPolicy
from omnitenant_routing.doctor.findings import Finding, Level
from omnitenant_routing.postgresql.identifiers import qualified

__all__ = ["examine_role", "uses_policies"]


def uses_policies() -> bool:
    """Tell whether any model declares a policy."""
    return any(
        isinstance(constraint, TenantPolicy) for model in apps.get_models() for constraint in model._meta.constraints
    )


def examine_role(connection: Any, where: str) -> Iterator[Finding]:
    """Look at the role of a connection to PostgreSQL, where policies are used."""
    if not uses_policies():
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolname, rolsuper, rolbypassrls FROM pg_catalog.pg_roles WHERE rolname = current_user")
        role, is_superuser, bypasses = cursor.fetchone()
        cursor.execute(
            "SELECT n.nspname, c.relname FROM pg_catalog.pg_class c "
            "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
            "WHERE c.relkind IN ('r', 'p') AND c.relrowsecurity AND NOT c.relforcerowsecurity "
            "AND pg_has_role(current_user, c.relowner, 'USAGE') ORDER BY 1, 2"
        )
        unforced = cursor.fetchall()
    if is_superuser:
        yield Finding(
            "role.superuser",
            Level.ERROR,
            where,
            f"the role {role!r} is a superuser, for whom no policy of row-level security holds",
            "let the site connect as a role without SUPERUSER that owns no table",
        )
    elif bypasses:
        yield Finding(
            "role.bypassrls",
            Level.ERROR,
            where,
            f"the role {role!r} has BYPASSRLS, so no policy of row-level security holds for it",
            f"ALTER ROLE {role} NOBYPASSRLS, or let the site connect as another role",
        )
    for schema, table in unforced:
        name = qualified(schema, table)
        yield Finding(
            "role.owner",
            Level.ERROR,
            where,
            f"the role {role!r} owns {name}, and its policies are not forced upon owners",
            f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY",
        )
