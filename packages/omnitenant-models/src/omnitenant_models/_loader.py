"""Finds tenants by id for the context, which knows no database."""

from __future__ import annotations

from omnitenant_context.errors import TenantNotFound
from omnitenant_models.tenants import BaseTenant
from omnitenant_models.utils import get_tenant_model

__all__ = ["aload", "load"]


def load(tenant_id: str) -> BaseTenant:
    """Load a tenant from the master, whatever is active.

    Raises:
        TenantNotFound: nobody has this id.
    """
    model = get_tenant_model()
    try:
        return model._base_manager.get(tenant_id=tenant_id)
    except model.DoesNotExist:
        raise _unknown(tenant_id) from None


async def aload(tenant_id: str) -> BaseTenant:
    """Load a tenant in an event loop; see :func:`load`."""
    model = get_tenant_model()
    try:
        return await model._base_manager.aget(tenant_id=tenant_id)
    except model.DoesNotExist:
        raise _unknown(tenant_id) from None


def _unknown(tenant_id: str) -> TenantNotFound:
    return TenantNotFound(
        f"no tenant has the id {tenant_id!r}; list them with the command showtenants",
        tenant_id=tenant_id,
    )
