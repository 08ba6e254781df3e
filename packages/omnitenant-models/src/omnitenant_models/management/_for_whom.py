"""For whom a command of Django's runs: whoever is active, or whom its options name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Final

from django.core.management.base import CommandError, CommandParser

from omnitenant_context.context import TenantContext, get_scope
from omnitenant_context.errors import OmnitenantError
from omnitenant_context.loaders import load_tenant
from omnitenant_context.scope import ActiveTenant, Scope
from omnitenant_models.rows.aliases import aliases_of
from omnitenant_models.settings import omnitenant_settings
from omnitenant_models.tenants import IsolationType

__all__ = ["REMEDY", "add_tenant_arguments", "for_whom", "has_own_database", "isolation_of", "refusal"]

REMEDY: Final = (
    "say whose rows are meant with --tenant-id=ID, or all with --all-tenants; from code, enter "
    "TenantContext.use_tenant(tenant) or TenantContext.unscoped()"
)
"""What to do where rows of tenants are asked for with nobody active."""


def add_tenant_arguments(parser: CommandParser) -> None:
    """Add the options that say for whom."""
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--tenant-id", metavar="ID", help="Only what belongs to this tenant, in its place.")
    group.add_argument(
        "--all-tenants",
        action="store_true",
        help="The rows of all tenants in the database; those of tenants with a database of their own are in theirs.",
    )


@contextmanager
def for_whom(options: dict[str, Any], *, allow_inactive: bool = False) -> Iterator[None]:
    """Enter the context that the options ask for; without any, whoever is active stays so.

    Args:
        options: those of the command.
        allow_inactive: also enter a tenant that is suspended.

    Raises:
        CommandError: nobody has the id, the tenant is not active, or both options are given.
    """
    tenant_id, everybody = options.get("tenant_id"), options.get("all_tenants")
    if tenant_id and everybody:
        message = "--tenant-id and --all-tenants exclude each other; give one of them"
        raise CommandError(message)
    with ExitStack() as stack:
        try:
            if everybody:
                stack.enter_context(TenantContext.unscoped())
            elif tenant_id:
                tenant = load_tenant(tenant_id)
                stack.enter_context(TenantContext.use_tenant(tenant, allow_inactive=allow_inactive))
        except OmnitenantError as error:
            raise refusal(error) from error
        yield


def refusal(error: BaseException) -> CommandError:
    """Return an error as the command line shows it: on one line, without a traceback."""
    return CommandError(" ".join(str(error).split()))


def has_own_database(scope: Scope) -> bool:
    """Tell whether a tenant is active that shares its database with nobody."""
    return (
        isinstance(scope, ActiveTenant)
        and isolation_of(scope) == IsolationType.DATABASE
        and omnitenant_settings.MASTER_DB_ALIAS not in aliases_of(scope)
    )


def isolation_of(scope: Scope | None = None) -> str | None:
    """Return the isolation type of the active tenant; None where none is active."""
    scope = get_scope() if scope is None else scope
    return getattr(scope.tenant, "isolation_type", None) if isinstance(scope, ActiveTenant) else None
