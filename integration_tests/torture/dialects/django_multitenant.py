"""django-multitenant: base classes and foreign keys that filter, made for Citus."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import models
from django_multitenant.exceptions import EmptyTenant
from django_multitenant.fields import TenantForeignKey, TenantOneToOneField
from django_multitenant.mixins import TenantManagerMixin, TenantModelMixin
from django_multitenant.models import TenantModel
from django_multitenant.utils import get_current_tenant, set_current_tenant, unset_current_tenant

from dialects._common import TenantBase as PlainTenant
from dialects._common import guarded_block, lenient

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


class TenantBase(TenantModelMixin, PlainTenant):  # type: ignore[misc]  # the library has no types
    """The tenant, which the library wants to know its own key."""

    class TenantMeta:
        tenant_field_name = "id"

    class Meta:
        abstract = True


class Owned(TenantModel):  # type: ignore[misc]  # the library has no types
    """A row of a tenant."""

    class TenantMeta:
        tenant_field_name = "tenant_id"

    class Meta:
        abstract = True
        # What composite foreign keys lead to.
        constraints = [models.UniqueConstraint(fields=["tenant", "id"], name="%(class)s_by_tenant")]


class Manager(TenantManagerMixin, models.Manager):  # type: ignore[misc,type-arg]  # the library has no types
    """The library's manager; its own is kept in migrations, which is not needed here."""


manager = Manager
reference = TenantForeignKey
one = TenantOneToOneField
many = models.ManyToManyField
refusals = (EmptyTenant, *lenient)
strict = False


@contextmanager
def enter(tenant: Any) -> Iterator[None]:
    """Run a block in which a tenant is active."""
    before = get_current_tenant()
    set_current_tenant(tenant)
    try:
        yield
    finally:
        set_current_tenant(before)


@contextmanager
def nobody() -> Iterator[None]:
    """Run a block in which nothing is active."""
    before = get_current_tenant()
    unset_current_tenant()
    try:
        yield
    finally:
        set_current_tenant(before)


unscoped = nobody
"""Without a tenant the library filters nothing."""


def rules(*written: Any) -> list[Any]:
    """Return the constraints of a model, with the one that composite foreign keys lead to."""
    return [*Owned.Meta.constraints, *written]


def tenant_key() -> models.ForeignKey[Any, Any]:
    """Return the foreign key to the tenant."""
    return models.ForeignKey("world.Tenant", on_delete=models.CASCADE)
