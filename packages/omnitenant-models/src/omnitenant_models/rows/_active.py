"""The active tenant as the row scope sees it: the value of its key, and what to say where there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from omnitenant_context.errors import TenantMismatchError, TenantRequiredError
from omnitenant_models.rows.aliases import check_alias

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.models import ForeignKey, Model

    from omnitenant_context.scope import ActiveTenant, Scope

__all__ = ["key_of", "prepared_key_of", "tenant_required"]


def key_of(scope: ActiveTenant, key: ForeignKey[Any, Any]) -> Any:
    """Return what a tenant key holds in rows of the active tenant: None once that tenant was deleted.

    Raises:
        TenantMismatchError: what is active is no row of the model that the key leads to.
    """
    known: dict[type[Model], str] = scope.memo.setdefault("tenant attributes", {})
    name = known.get(key.model)
    if name is None:
        _refuse_other_models(scope, key)
        name = known[key.model] = key.target_field.attname
    return getattr(scope.tenant, name)


def _refuse_other_models(scope: ActiveTenant, key: ForeignKey[Any, Any]) -> None:
    tenant = scope.tenant
    if isinstance(tenant, key.remote_field.model):
        return
    message = (
        f"{key.model._meta.label} belongs to rows of {key.remote_field.model._meta.label}, but the active "
        f"tenant {scope.label!r} is a {type(tenant).__qualname__}; enter a tenant that was loaded from "
        "get_tenant_model()"
    )
    raise TenantMismatchError(message, active=scope.label)


def prepared_key_of(scope: ActiveTenant, key: ForeignKey[Any, Any], connection: BaseDatabaseWrapper) -> Any:
    """Return :func:`key_of` as a database takes it; asked once per entry, model and database.

    Raises:
        TenantMismatchError: the database is not the tenant's.
    """
    known: dict[tuple[type[Model], str], Any] = scope.memo.setdefault("prepared tenant keys", {})
    where = key.model, connection.alias
    value = known.get(where)
    if value is None:
        check_alias(scope, connection.alias, key.model)
        value = known[where] = key.get_db_prep_value(key_of(scope, key), connection)
    return value


def tenant_required(scope: Scope, model: type[Model]) -> TenantRequiredError:
    """Say that rows of a model were asked for, or written, with no tenant to ask for."""
    return TenantRequiredError(
        f"{model._meta.label} belongs to tenants and no tenant is active ({scope.label}); enter one with "
        "TenantContext.use_tenant(tenant), or reach the rows of all tenants with TenantContext.unscoped()"
    )
