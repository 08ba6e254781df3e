"""Making, migrating and removing the places of tenants.

``get_tenant_backend(tenant)`` gives the backend of the tenant's isolation type; ``states`` moves a tenant
through its life.
"""

from __future__ import annotations

from omnitenant_routing.provisioning.backend import TenantBackend
from omnitenant_routing.provisioning.registry import get_tenant_backend
from omnitenant_routing.provisioning.states import resume, suspend

__all__ = ["TenantBackend", "get_tenant_backend", "resume", "suspend"]
