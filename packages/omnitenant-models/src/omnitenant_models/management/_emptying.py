"""Whether a database may be emptied: not inside a tenant that shares its tables."""

from __future__ import annotations

from django.core.management.base import CommandError
from django.db import connections

from omnitenant_context.context import get_scope
from omnitenant_context.scope import ActiveTenant, NamedSchema
from omnitenant_models.management._for_whom import has_own_database
from omnitenant_models.rows.aliases import aliases_of

__all__ = ["refuse_to_empty_shared_tables"]


def refuse_to_empty_shared_tables(command: str, database: str) -> None:
    """Refuse to empty tables that hold more than the active tenant's rows.

    A row filter cannot keep ``DELETE FROM`` and ``TRUNCATE`` from a whole table. With nobody or the master active
    the commands do what Django's do.

    Args:
        command: the name of the command.
        database: the alias that it was given.

    Raises:
        CommandError: says what would be lost, and what to do instead.
    """
    scope = get_scope()
    alias = connections[database].alias
    if isinstance(scope, NamedSchema):
        whom = f"schema {scope.name!r}"
    elif isinstance(scope, ActiveTenant) and not (has_own_database(scope) and alias in aliases_of(scope)):
        whom = f"tenant {scope.label!r}"
    else:
        return
    message = (
        f"{command} inside {whom} would empty the tables of database {alias!r}, which hold rows of all tenants; delete "
        "the rows through their managers, delete the tenant with deletetenant, or leave the tenant first to empty the "
        "whole database"
    )
    raise CommandError(message)
