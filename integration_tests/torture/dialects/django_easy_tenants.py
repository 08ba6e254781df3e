"""django-easy-tenants: a manager that filters by a lazy value, and a base class that fills keys."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import models
from easy_tenants import tenant_context
from easy_tenants.exceptions import TenantError
from easy_tenants.models import TenantAwareAbstract, TenantManager
from easy_tenants.utils import state, tenant_context_disabled

from dialects._common import TenantBase, guarded_block, keep_rules, lenient

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

Owned: type[models.Model] = TenantAwareAbstract
manager = TenantManager
reference = models.ForeignKey
one = models.OneToOneField
many = models.ManyToManyField
rules = keep_rules
enter = tenant_context
unscoped = tenant_context_disabled
refusals = (TenantError, *lenient)
strict = False


@contextmanager
def nobody() -> Iterator[None]:
    """Run a block in which nothing is active."""
    token = state.set(None)
    try:
        yield
    finally:
        state.reset(token)


def tenant_key() -> models.ForeignKey[Any, Any]:
    """Return the foreign key to the tenant."""
    return models.ForeignKey("world.Tenant", on_delete=models.CASCADE, editable=False)
