"""Whether the policies that models declare are those that stand in the database."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING, Any

from django.db import DatabaseError, transaction

from omnitenant_models.rows.policies import PREFIX, Policy, TenantPolicy, policies_of
from omnitenant_routing.doctor.findings import Finding, Level, keyed_models
from omnitenant_routing.doctor.roles import uses_policies

if TYPE_CHECKING:
    from django.db.models import Model

    from omnitenant_models.scopes import TenantScope

__all__ = ["examine_policies"]

_STANDING = """
SELECT p.polname, p.polpermissive, pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)
FROM pg_catalog.pg_policy p WHERE p.polrelid = to_regclass(%s)
"""


def examine_policies(connection: Any, where: str, *scopes: TenantScope) -> Iterator[Finding]:
    """Compare the declared policies of the tables that a place holds with those in force there."""
    if not uses_policies():
        return
    for model in keyed_models(*scopes):
        declared = [each for each in model._meta.constraints if isinstance(each, TenantPolicy)]
        if not declared:
            label = model._meta.label
            yield Finding(
                "policy.undeclared",
                Level.INFO,
                where,
                f"{label} belongs to tenants and has no policy of row-level security, which other models have",
                f"add TenantPolicy() to Meta.constraints of {label} and migrate",
            )
        for each in declared:
            for table, wanted in groupby(policies_of(model, each, connection), key=lambda policy: policy.table):
                yield from _examine_table(connection, where, model, table, list(wanted))


def _examine_table(
    connection: Any, where: str, model: type[Model], table: str, wanted: list[Policy]
) -> Iterator[Finding]:
    quoted = connection.ops.quote_name(table)
    with connection.cursor() as cursor:
        cursor.execute("SELECT relrowsecurity FROM pg_catalog.pg_class WHERE oid = to_regclass(%s)", [quoted])
        row = cursor.fetchone()
        cursor.execute(_STANDING, [quoted])
        standing = {name: rest for name, *rest in cursor.fetchall()}
    if row is None:
        return  # migrations that are pending are told elsewhere
    remedy = f"remake it: take TenantPolicy out of Meta.constraints of {model._meta.label}, migrate, and put it back"
    if not row[0]:
        yield Finding(
            "policy.off", Level.ERROR, where, f"row-level security is off on {table}",
            f"ALTER TABLE {quoted} ENABLE ROW LEVEL SECURITY",
        )  # fmt: skip
    for policy in wanted:
        found = standing.pop(policy.name, None)
        if found is None:
            yield Finding(
                "policy.missing", Level.ERROR, where, f"{table} lacks the policy {policy.name} for {policy.to}", remedy
            )
        elif _as_read(connection, table, policy) not in {None, *found[1:]} or found[1] != found[2]:
            yield Finding(
                "policy.drifted", Level.ERROR, where, f"the policy {policy.name} on {table} was changed by hand", remedy
            )
    for name, (is_permissive, *_) in standing.items():
        if is_permissive:
            ours = " of an earlier version" if name.startswith(PREFIX) else ""
            yield Finding(
                "policy.unknown", Level.ERROR, where,
                f"{table} has another permissive policy{ours}, {name}: a row is shown where any of them holds",
                f"DROP POLICY {connection.ops.quote_name(name)} ON {quoted}, or make it restrictive",
            )  # fmt: skip


def _as_read(connection: Any, table: str, policy: Policy) -> str | None:
    """Return the condition as PostgreSQL tells it, which is not as it was written; None where that may not be asked.

    It is put on a temporary table of the same name for a moment: the table itself is not touched.
    """
    quote = connection.ops.quote_name
    quoted, probe = quote(table), f"pg_temp.{quote(table)}"
    try:
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            cursor.execute(f"CREATE TEMPORARY TABLE {quoted} (LIKE {quoted})")
            cursor.execute(f"CREATE POLICY {quote(PREFIX)} ON {probe} USING ({policy.condition})")
            cursor.execute(
                "SELECT pg_get_expr(polqual, polrelid) FROM pg_catalog.pg_policy WHERE polrelid = to_regclass(%s)",
                [probe],
            )
            (text,) = cursor.fetchone()
            transaction.set_rollback(True, using=connection.alias)
    except DatabaseError:
        return None  # the role may make no temporary tables
    return str(text)
