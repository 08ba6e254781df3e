"""What a project's own models are built from."""

from __future__ import annotations

from omnitenant_models.models import (
    BaseDomain,
    BaseTenant,
    IsolationType,
    TenantQuerySetManager,
    TenantState,
)

__all__ = ["BaseDomain", "BaseTenant", "IsolationType", "TenantQuerySetManager", "TenantState"]
