"""django-rls-tenants: policies of PostgreSQL, and a manager that filters; the project fills keys by a default."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from django.db import models
from django_rls_tenants import RLSManager, RLSProtectedModel, admin_context, tenant_context
from django_rls_tenants.exceptions import RLSTenantError
from django_rls_tenants.tenants.state import get_current_tenant_id

from dialects._common import TenantBase, guarded_block, lenient

__all__ = [
    "Owned",
    "TenantBase",
    "enter",
    "guarded_block",
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

Owned: type[models.Model] = RLSProtectedModel
manager = RLSManager
reference = models.ForeignKey
one = models.OneToOneField
many = models.ManyToManyField
unscoped = admin_context
refusals = (RLSTenantError, *lenient)
strict = False


def rules(*others: Any) -> list[Any]:
    """Return the constraints of a model, the policy among them."""
    return [*RLSProtectedModel.Meta.constraints, *others]


def enter(tenant: Any) -> AbstractContextManager[None]:
    """Return a block in which a tenant is active."""
    return tenant_context(tenant.pk)


def nobody() -> AbstractContextManager[None]:
    """Return a block in which nothing is active."""
    from django_rls_tenants.tenants.context import _no_rls_state

    return _no_rls_state()


def tenant_key() -> models.ForeignKey[Any, Any]:
    """Return the foreign key to the tenant; the library leaves filling it to the project."""
    return models.ForeignKey("world.Tenant", on_delete=models.CASCADE, default=get_current_tenant_id)
