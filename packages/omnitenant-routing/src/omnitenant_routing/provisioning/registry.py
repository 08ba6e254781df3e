"""Which backend serves which isolation type."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omnitenant_context.errors import ProvisioningError
from omnitenant_models.tenants import IsolationType
from omnitenant_routing.provisioning.cache import CacheBackend
from omnitenant_routing.provisioning.database import DatabaseBackend
from omnitenant_routing.provisioning.schema import SchemaBackend
from omnitenant_routing.provisioning.shared import SharedBackend

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omnitenant_models.tenants import BaseTenant
    from omnitenant_routing.provisioning.backend import TenantBackend

__all__ = ["BACKENDS", "get_tenant_backend"]

BACKENDS: Mapping[str, type[TenantBackend]] = {
    IsolationType.DATABASE: DatabaseBackend,
    IsolationType.SCHEMA: SchemaBackend,
    IsolationType.TABLE: SharedBackend,
    IsolationType.CACHE: CacheBackend,
}


def get_tenant_backend(tenant: BaseTenant) -> TenantBackend:
    """Return what makes, migrates and removes the place of a tenant.

    Args:
        tenant: a saved tenant.

    Raises:
        ProvisioningError: the tenant's isolation type does not exist.
    """
    try:
        backend = BACKENDS[tenant.isolation_type]
    except KeyError:
        known = ", ".join(repr(str(name)) for name in BACKENDS)
        message = (
            f"tenant {tenant.tenant_id!r} has the isolation type {tenant.isolation_type!r}, which does not "
            f"exist; use one of {known}"
        )
        raise ProvisioningError(message, tenant_id=tenant.tenant_id) from None
    return backend(tenant)
