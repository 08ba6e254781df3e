"""Removes what a tenant has in all caches, as when it is deleted."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from django.core.cache import caches
from django.utils.module_loading import import_string

from omnitenant_context.context import TenantContext
from omnitenant_context.errors import OmnitenantError, ProvisioningError
from omnitenant_context.scope import ActiveTenant
from omnitenant_routing.caches.mixin import TenantCacheMixin
from omnitenant_routing.caches.own import forget_own_cache, own_cache_of
from omnitenant_routing.caches.owners import owner_of

if TYPE_CHECKING:
    from omnitenant_models.tenants import BaseTenant

logger = logging.getLogger(__name__)

__all__ = ["clear_before_delete", "clear_caches"]


def clear_caches(tenant: BaseTenant) -> None:
    """Remove what a tenant has in every cache of ``CACHES`` with a backend of this package, and in its own cache.

    Whoever is active, and whatever the tenant's state. What another vendor's backend holds under keys of
    :func:`~omnitenant_routing.caches.make_key` stays until it times out.

    Args:
        tenant: any tenant that has or had an id.
    """
    owner = owner_of(ActiveTenant(tenant))
    # In the master no cache gives way to a tenant's own.
    with TenantContext.use_master_db():
        for alias in filter(_knows_tenants, caches):
            cache: Any = caches[alias]
            if cache.is_shared:
                continue
            own = _own(tenant, cache) if cache.has_own_caches else None
            if own is not None:
                own.remove_all_of(owner)
            # Here too: the tenant may have had no cache of its own before.
            cache.remove_all_of(owner)
    forget_own_cache(tenant.tenant_id)


def _knows_tenants(alias: str) -> bool:
    try:
        kind = import_string(caches.settings[alias]["BACKEND"])
    except ImportError:
        return False  # it is none of ours, and whoever uses it will be told
    return isinstance(kind, type) and issubclass(kind, TenantCacheMixin)


def _own(tenant: BaseTenant, cache: TenantCacheMixin) -> TenantCacheMixin | None:
    try:
        return own_cache_of(tenant, cache)
    except ProvisioningError as error:
        # Nothing was ever stored under a configuration that makes no cache, and the tenant must be removable.
        logger.warning("nothing was removed from the own cache of tenant %r: %s", tenant.tenant_id, error)
        return None


def clear_before_delete(sender: Any, instance: BaseTenant, **_: Any) -> None:
    """Clear the caches of a tenant whose row goes away: another one may get its id (a ``pre_delete`` receiver).

    Clearing in vain, where the transaction is rolled back, does no harm.

    Raises:
        ProvisioningError: a cache is down, which keeps the row from being deleted.
    """
    try:
        clear_caches(instance)
    except OmnitenantError:
        raise
    except Exception as error:
        message = (
            f"what tenant {instance.tenant_id!r} has in caches could not be removed: {error}; mend the cause and "
            "delete the tenant again"
        )
        raise ProvisioningError(message, tenant_id=instance.tenant_id) from error
