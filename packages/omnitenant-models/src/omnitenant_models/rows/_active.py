"""The active tenant as the row scope sees it: the value of its key, and what to say where there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from omnitenant_context.errors import TenantMismatchError, TenantRequiredError

if TYPE_CHECKING:
    from django.db.models import ForeignKey, Model

    from omnitenant_context.scope import ActiveTenant, Scope

__all__ = ["key_of", "tenant_required"]


def key_of(scope: ActiveTenant, key: ForeignKey[Any, Any]) -> Any:
    """Return what a tenant key holds in rows of the active tenant.

    Raises:
        TenantMismatchError: what is active is no row of the model that the key leads to.
    """
    tenant = scope.tenant
    if isinstance(tenant, key.remote_field.model):
        return getattr(tenant, key.target_field.attname)
    message = (
        f"{key.model._meta.label} belongs to rows of {key.remote_field.model._meta.label}, but the active "
        f"tenant {scope.label!r} is a {type(tenant).__qualname__}; enter a tenant that was loaded from "
        "get_tenant_model()"
    )
    raise TenantMismatchError(message, active=scope.label)


def tenant_required(scope: Scope, model: type[Model]) -> TenantRequiredError:
    """Say that rows of a model were asked for, or written, with no tenant to ask for."""
    return TenantRequiredError(
        f"{model._meta.label} belongs to tenants and no tenant is active ({scope.label}); enter one with "
        "TenantContext.use_tenant(tenant), or reach the rows of all tenants with TenantContext.unscoped()"
    )
