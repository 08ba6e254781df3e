"""What a project's own models are built from."""

from __future__ import annotations

from omnitenant_models.domains import BaseDomain, DomainNameField
from omnitenant_models.rows.keys import VisibleTenantKey
from omnitenant_models.rows.manager import TenantQuerySetManager
from omnitenant_models.rows.policies import TenantPolicy
from omnitenant_models.rows.querysets import StampedQuerySet, TenantQuerySet
from omnitenant_models.rows.references import TenantReference
from omnitenant_models.tenants import BaseTenant, IsolationType, TenantState

__all__ = [
    "BaseDomain",
    "BaseTenant",
    "DomainNameField",
    "IsolationType",
    "StampedQuerySet",
    "TenantPolicy",
    "TenantQuerySet",
    "TenantQuerySetManager",
    "TenantReference",
    "TenantState",
    "VisibleTenantKey",
]
