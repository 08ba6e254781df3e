"""django-scopes: a manager that filters by the scope, and no more; keys are filled by a default of the project's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from django.db import models
from django_scopes import ScopedManager, ScopeError, get_scope, scope, scopes_disabled
from django_scopes.state import state

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

Owned: type[models.Model] = models.Model
reference = models.ForeignKey
one = models.OneToOneField
many = models.ManyToManyField
rules = keep_rules
unscoped = scopes_disabled
refusals = (ScopeError, *lenient)
strict = False


def manager() -> Any:
    """Return the manager of the library."""
    return ScopedManager(tenant="tenant")


def enter(tenant: Any) -> AbstractContextManager[None]:
    """Return a block in which a tenant is active."""
    found: AbstractContextManager[None] = scope(tenant=tenant)
    return found


@contextmanager
def nobody() -> Iterator[None]:
    """Run a block in which nothing is active."""
    token = state.set(None)
    try:
        yield
    finally:
        state.reset(token)


def _active() -> Any:
    found = get_scope().get("tenant")
    return getattr(found, "pk", None)


def tenant_key() -> models.ForeignKey[Any, Any]:
    """Return the foreign key to the tenant; the library leaves filling it to the project."""
    return models.ForeignKey("world.Tenant", on_delete=models.CASCADE, default=_active)
