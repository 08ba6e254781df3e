"""What can go wrong."""

from __future__ import annotations

from omnitenant_context.errors import (
    DomainNotFound,
    OmnitenantError,
    ProvisioningError,
    TenantInactiveError,
    TenantMismatchError,
    TenantNotFound,
    TenantRequiredError,
)

__all__ = [
    "DomainNotFound",
    "OmnitenantError",
    "ProvisioningError",
    "TenantInactiveError",
    "TenantMismatchError",
    "TenantNotFound",
    "TenantRequiredError",
]
