"""Resolvers: whom a request is for.

``TENANT_RESOLVER`` names one of them, one of the project's own, or a list that is asked in turn.
"""

from __future__ import annotations

from omnitenant_context.scope import MASTER
from omnitenant_models.resolvers._changes import clear_resolver_cache
from omnitenant_models.resolvers.base import BaseTenantResolver
from omnitenant_models.resolvers.cached import CachedTenantResolver
from omnitenant_models.resolvers.chain import ChainTenantResolver
from omnitenant_models.resolvers.domain import CustomDomainTenantResolver
from omnitenant_models.resolvers.header import HeaderTenantResolver
from omnitenant_models.resolvers.path import PathTenantResolver
from omnitenant_models.resolvers.session import SessionTenantResolver
from omnitenant_models.resolvers.subdomain import SubdomainTenantResolver
from omnitenant_models.resolvers.user import UserTenantResolver

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
    "clear_resolver_cache",
]
