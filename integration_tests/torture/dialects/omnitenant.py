"""This project: plain models, a plain foreign key, one manager."""

from __future__ import annotations

from typing import Any

from django.db import models

from omnitenant_context.context import TenantContext
from omnitenant_context.errors import OmnitenantError
from omnitenant_context.scope import NOBODY
from omnitenant_context.testing import assert_nothing_active
from omnitenant_models.domains import BaseDomain
from omnitenant_models.models import TenantQuerySetManager
from omnitenant_models.tenants import BaseTenant

__all__ = [
    "DomainBase",
    "Owned",
    "TenantBase",
    "check_hygiene",
    "enter",
    "manager",
    "many",
    "nobody",
    "one",
    "reference",
    "refusals",
    "rules",
    "strict",
    "tenant_key",
    "unscoped",
]

Owned: type[models.Model] = models.Model
TenantBase = BaseTenant
DomainBase = BaseDomain
manager = TenantQuerySetManager
reference = models.ForeignKey
one = models.OneToOneField
many = models.ManyToManyField
enter = TenantContext.use_tenant
unscoped = TenantContext.unscoped


def rules(*written: Any) -> list[Any]:
    """Return the constraints of a model."""
    return list(written)


refusals = (OmnitenantError,)
"""What a refusal is."""

strict = True
"""An attack must be refused; that it had no effect is not enough."""


def tenant_key() -> models.ForeignKey[Any, Any]:
    """Return the foreign key to the tenant."""
    return models.ForeignKey("world.Tenant", on_delete=models.CASCADE)


check_hygiene = assert_nothing_active
"""Called after each probe."""


def nobody() -> Any:
    """Return a block in which no tenant is active."""
    return TenantContext.use_scope(NOBODY)
