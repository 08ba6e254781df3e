"""What of a saved tenant never changes, because its data would stay behind."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from django.apps import apps
from django.db import router

from omnitenant_context.context import TenantContext
from omnitenant_context.errors import OmnitenantError
from omnitenant_context.scope import ActiveTenant
from omnitenant_models._kinds import IsolationType, TenantState
from omnitenant_models.rows.keys import get_tenant_key
from omnitenant_models.scopes import TenantScope, get_model_scope

if TYPE_CHECKING:
    from omnitenant_models.tenants import BaseTenant

__all__ = ["refuse_to_part"]

_FIXED = frozenset({"tenant_id", "isolation_type"})


def refuse_to_part(
    tenant: BaseTenant, using: str | None = None, update_fields: Collection[str] | None = None
) -> BaseTenant | None:
    """Refuse to save a tenant under another id, or with another isolation type than its data has.

    Reads the row in the database, because the instance in memory is what was changed; nothing is read where
    neither field would be written.

    Args:
        tenant: a saved tenant as it would be written.
        using: the alias of the database; None asks the router.
        update_fields: what would be written; None means all that is loaded.

    Returns:
        The row as it is stored, or None where it was not read.

    Raises:
        OmnitenantError: names both values and what to do instead.
    """
    written = _FIXED.intersection(tenant.__dict__)
    if update_fields is not None:
        written = written.intersection(update_fields)
    if not written:
        return None
    # Never from a replica, which may be behind.
    using = using or router.db_for_write(type(tenant), instance=tenant)
    stored = type(tenant)._base_manager.using(using).filter(pk=tenant.pk).first()
    if stored is None:
        return None
    if "tenant_id" in written and tenant.tenant_id != stored.tenant_id:
        message = (
            f"tenant {stored.tenant_id!r} cannot become {tenant.tenant_id!r}: a tenant_id never changes; "
            "change its name instead, or create another tenant"
        )
        raise OmnitenantError(message)
    if "isolation_type" in written and tenant.isolation_type != stored.isolation_type:
        _refuse_to_move(stored, tenant.isolation_type)
    return stored


def _refuse_to_move(stored: BaseTenant, isolation_type: str) -> None:
    known = {stored.isolation_type, isolation_type} <= set(IsolationType.values)
    if known and not stored.isolation.needs_place and not IsolationType(isolation_type).needs_place:
        return  # the rows of TABLE and CACHE tenants stand in the same tables
    data = "its place" if stored.state != TenantState.PENDING else _first_rows(stored)
    if data:
        message = (
            f"tenant {stored.tenant_id!r} has {data} in isolation type {stored.isolation_type!r} and cannot "
            f"change to {isolation_type!r}; create another tenant and move the data"
        )
        raise OmnitenantError(message)


def _first_rows(stored: BaseTenant) -> str:
    """Name a model of which a tenant has rows although it was never provisioned; empty when there is none."""
    if stored.isolation.needs_place:
        return ""
    with TenantContext.use_scope(ActiveTenant(stored)):
        for model in apps.get_models():
            if (
                get_tenant_key(model)
                and get_model_scope(model) is not TenantScope.MASTER
                and model._base_manager.exists()
            ):
                return f"rows of {model._meta.label}"
    return ""
