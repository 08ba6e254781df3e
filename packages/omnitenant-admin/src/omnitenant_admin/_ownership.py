"""Whether the rows that a tenant has of a model can be told from those of others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omnitenant_models.rows import get_tenant_key
from omnitenant_models.scopes import TenantScope, get_model_scope

if TYPE_CHECKING:
    from django.db.models import Model

    from omnitenant_models.tenants import BaseTenant

__all__ = ["has_own_rows"]


def has_own_rows(tenant: BaseTenant, model: type[Model]) -> bool:
    """Tell whether a tenant has rows of its own: they name it, or stand in a place that is its alone."""
    if get_tenant_key(model) is not None:
        return True
    return tenant.isolation.needs_place and get_model_scope(model) is TenantScope.TENANT
