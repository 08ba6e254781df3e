"""Doors to the project's models, to tenants' places, and to who is active."""

from __future__ import annotations

from omnitenant_models.scopes import TenantScope
from omnitenant_models.utils import get_current_tenant, get_domain_model, get_tenant_model
from omnitenant_routing.provisioning import get_tenant_backend

__all__ = [
    "TenantScope",
    "get_current_tenant",
    "get_domain_model",
    "get_tenant_backend",
    "get_tenant_model",
]
