"""What a project's own models are built from."""

from __future__ import annotations

from omnitenant_models.models import (
    BaseDomain,
    BaseTenant,
    IsolationType,
    TenantPolicy,
    TenantQuerySet,
    TenantQuerySetManager,
    TenantReference,
    TenantState,
    VisibleTenantKey,
)

__all__ = [
    "BaseDomain",
    "BaseTenant",
    "IsolationType",
    "TenantPolicy",
    "TenantQuerySet",
    "TenantQuerySetManager",
    "TenantReference",
    "TenantState",
    "VisibleTenantKey",
]
