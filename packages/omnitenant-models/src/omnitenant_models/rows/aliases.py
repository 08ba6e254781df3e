"""Which database aliases belong to the active tenant, as the row scope is told by whoever routes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from omnitenant_context.errors import TenantMismatchError
from omnitenant_context.scope import ActiveTenant
from omnitenant_models.scopes import TenantScope, get_model_scope
from omnitenant_models.settings import omnitenant_settings

if TYPE_CHECKING:
    from django.db.models import Model

__all__ = ["aliases_of", "check_alias", "set_alias_resolver"]

AliasResolver = Callable[[ActiveTenant], frozenset[str]]


@dataclass(slots=True)
class _Registered:
    resolver: AliasResolver | None = None


_registered = _Registered()


def set_alias_resolver(resolver: AliasResolver | None) -> None:
    """Say which aliases hold a tenant's rows; replicas of one database are several aliases.

    Without a resolver every tenant lives in the master, as it does where no routing is installed.

    Args:
        resolver: gets the scope and returns the aliases. None takes it out.
    """
    _registered.resolver = resolver


def aliases_of(scope: ActiveTenant) -> frozenset[str]:
    """Return the aliases of a tenant; asked once per entry."""
    known: frozenset[str] | None = scope.memo.get("aliases")
    if known is None:
        resolver = _registered.resolver
        known = resolver(scope) if resolver else frozenset({omnitenant_settings.MASTER_DB_ALIAS})
        scope.memo["aliases"] = known
    return known


def check_alias(scope: ActiveTenant, alias: str, model: type[Model]) -> None:
    """Refuse to touch a tenant's rows in a database that is not the tenant's.

    Rows of a model whose scope is MASTER are in the master, whoever they belong to.

    Raises:
        TenantMismatchError: names the tenant, the database that was asked and those that are right.
    """
    aliases = aliases_of(scope)
    if alias in aliases:
        return
    master = omnitenant_settings.MASTER_DB_ALIAS
    if get_model_scope(model) is TenantScope.MASTER:
        if master in {alias, omnitenant_settings.REPLICAS.get(alias)}:
            return
        aliases = frozenset({master})
    mine = ", ".join(repr(each) for each in sorted(aliases))
    message = (
        f"{model._meta.label} was asked in database {alias!r}, but rows of the active tenant {scope.label!r} "
        f"are in {mine}; leave out using(), or enter the tenant whose database it is"
    )
    raise TenantMismatchError(message, active=scope.label, wanted=alias)
