"""Who a request is for."""

from __future__ import annotations

from omnitenant_models.resolvers import (
    MASTER,
    BaseTenantResolver,
    CachedTenantResolver,
    ChainTenantResolver,
    CustomDomainTenantResolver,
    HeaderTenantResolver,
    PathTenantResolver,
    SessionTenantResolver,
    SubdomainTenantResolver,
    UserTenantResolver,
)

__all__ = [
    "MASTER",
    "BaseTenantResolver",
    "CachedTenantResolver",
    "ChainTenantResolver",
    "CustomDomainTenantResolver",
    "HeaderTenantResolver",
    "PathTenantResolver",
    "SessionTenantResolver",
    "SubdomainTenantResolver",
    "UserTenantResolver",
]
