"""CACHE: rows in shared tables, and a cache of the tenant's own, which is made when it is first used."""

from __future__ import annotations

from django.core.cache import caches

from omnitenant_context.errors import ProvisioningError
from omnitenant_models.settings import omnitenant_settings
from omnitenant_routing.caches.mixin import TenantCacheMixin
from omnitenant_routing.caches.own import CONFIG, own_cache_of
from omnitenant_routing.provisioning.shared import SharedBackend

__all__ = ["CacheBackend"]


class CacheBackend(SharedBackend):
    """As for TABLE; what the configuration says of the cache is looked at before the tenant becomes active."""

    def check(self) -> None:
        """Refuse a ``config['cache_config']`` that makes no cache, or that nothing would read. Connects to nothing.

        Raises:
            ProvisioningError: names what is wrong.
        """
        super().check()
        alias = omnitenant_settings.MASTER_CACHE_ALIAS
        cache = caches[alias]
        if isinstance(cache, TenantCacheMixin) and not cache.is_shared:
            own_cache_of(self.tenant, cache)
        elif self.tenant.config.get(CONFIG):
            message = (
                f"tenant {self.tenant.tenant_id!r} has config[{CONFIG!r}], which the backend of the cache {alias!r} "
                "does not read; use one of omnitenant_routing.caches there"
            )
            raise ProvisioningError(message, tenant_id=self.tenant.tenant_id)
