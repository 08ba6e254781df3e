"""The row scope: which rows of shared tables a piece of code may see and write."""

from __future__ import annotations

from omnitenant_models.rows.install import teach_model
from omnitenant_models.rows.keys import TenantKey, VisibleTenantKey, get_tenant_key
from omnitenant_models.rows.manager import TenantQuerySetManager
from omnitenant_models.rows.predicate import TenantMatch

__all__ = [
    "TenantKey",
    "TenantMatch",
    "TenantQuerySetManager",
    "VisibleTenantKey",
    "get_tenant_key",
    "teach_model",
]
