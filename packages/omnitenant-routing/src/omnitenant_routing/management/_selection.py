"""For which tenants a command runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from django.core.management.base import CommandError, CommandParser

from omnitenant_models.tenants import IsolationType, TenantState
from omnitenant_models.utils import get_tenant_model

if TYPE_CHECKING:
    from omnitenant_models.tenants import BaseTenant

__all__ = [
    "add_selection_arguments",
    "add_tenant_argument",
    "get_tenant",
    "is_usable",
    "listed",
    "named",
    "select",
]


def add_tenant_argument(parser: CommandParser) -> None:
    """Add ``--tenant-id`` for a command that acts on exactly one tenant."""
    parser.add_argument("--tenant-id", required=True, help="The id of the tenant.")


def add_selection_arguments(parser: CommandParser) -> None:
    """Add the options that choose tenants."""
    parser.add_argument(
        "--tenant-id",
        action="append",
        metavar="ID",
        help="Only this tenant; may be given several times, and may be a pattern such as 'eu-*'.",
    )
    parser.add_argument(
        "--isolation-type",
        action="append",
        choices=IsolationType.values,
        help="Only tenants of this isolation type; may be given several times.",
    )
    parser.add_argument(
        "--state",
        action="append",
        choices=TenantState.values,
        help="Only tenants in this state; may be given several times.",
    )


def get_tenant(tenant_id: str) -> BaseTenant:
    """Return one tenant.

    Raises:
        CommandError: nobody has this id.
    """
    tenant = get_tenant_model()._base_manager.filter(tenant_id=tenant_id).first()
    if tenant is None:
        raise _unknown(tenant_id)
    return tenant


def named(options: dict[str, Any]) -> list[str]:
    """Return the ids and patterns of ``--tenant-id``."""
    return listed(options["tenant_id"])


def select(options: dict[str, Any]) -> list[BaseTenant]:
    """Return the tenants that the options choose, by id; all of them where nothing is chosen.

    Raises:
        CommandError: an id or pattern leads to no tenant.
    """
    tenants = list(get_tenant_model()._base_manager.order_by("tenant_id"))
    patterns = named(options)
    for pattern in patterns:
        if not any(fnmatchcase(tenant.tenant_id, pattern) for tenant in tenants):
            raise _unknown(pattern)
    if patterns:
        tenants = [t for t in tenants if any(fnmatchcase(t.tenant_id, p) for p in patterns)]
    for field in ("isolation_type", "state"):
        wanted = listed(options[field])
        if wanted:
            tenants = [tenant for tenant in tenants if getattr(tenant, field) in wanted]
    return tenants


def is_usable(tenant: BaseTenant, *, suspended: bool = False) -> bool:
    """Tell whether a tenant has its place.

    Args:
        tenant: any tenant.
        suspended: whether one that is closed to its users counts, too.
    """
    if tenant.state == TenantState.PENDING:
        return tenant.isolation_type not in {IsolationType.DATABASE, IsolationType.SCHEMA}
    return tenant.state == TenantState.ACTIVE or (suspended and tenant.state == TenantState.SUSPENDED)


def listed(value: str | Sequence[str] | None) -> list[str]:
    """Return the values of a repeatable option; ``call_command`` may have been given one text."""
    if value is None:
        return []
    return [value] if isinstance(value, str) else [str(each) for each in value]


def _unknown(wanted: str) -> CommandError:
    ids: Iterable[str] = get_tenant_model()._base_manager.values_list("tenant_id", flat=True)
    near = get_close_matches(wanted.lower(), ids, n=1)
    advice = f"did you mean {near[0]!r}?" if near else "list them with showtenants"
    matches = "matches the pattern" if any(each in wanted for each in "*?[") else "has the id"
    return CommandError(f"no tenant {matches} {wanted!r}; {advice}")
