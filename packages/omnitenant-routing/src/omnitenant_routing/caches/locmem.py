"""Django's cache in memory, with entries that belong to whoever is active."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, ClassVar, Final

from django.core.cache.backends import locmem

from omnitenant_routing.caches.mixin import DELETE, TenantCacheMixin

__all__ = ["LocMemCache"]

# What Django's cache in memory keeps under its LOCATION. Private, read in 5.2, 6.0 and 6.1.
_STORES: Final = ("_caches", "_expire_info", "_locks")


class LocMemCache(TenantCacheMixin, locmem.LocMemCache):
    """In the memory of each process; see :class:`~omnitenant_routing.caches.mixin.TenantCacheMixin`.

    A CACHE tenant has a store of its own: others' entries do not push its own out when ``MAX_ENTRIES`` is reached.
    """

    # Private, and so not in the stubs.
    _cache: OrderedDict[str, Any]
    _lock: AbstractContextManager[Any]
    _delete: Callable[[str], bool]

    clears_by: ClassVar[str] = DELETE
    can_delete: ClassVar[bool] = True

    def delete_entries_of(self, owner: str) -> int:
        """Delete what belongs to an owner in this cache; others wait no longer than for one step."""
        start = f"{self.key_prefix}:{owner}"
        with self._lock:
            keys = list(self._cache)
        mine = [key for key in keys if key.startswith((f"{start}:", f"{start}@"))]
        deleted = 0
        for first in range(0, len(mine), self._batch):
            with self._lock:
                deleted += sum(self._delete(key) for key in mine[first : first + self._batch])
        return deleted

    def own_location(self, tenant_id: str) -> Any:
        """Return the name of a store of the tenant's own."""
        return f"{self.entry['LOCATION']}|{tenant_id}"

    def clear_own_locations(self) -> None:
        """Empty the stores of all CACHE tenants."""
        for location in list(getattr(locmem, _STORES[0])):
            if location.startswith(self.own_location("")):
                locmem.LocMemCache(location, {}).clear()

    def drop(self) -> None:
        """Remove the store."""
        for each in _STORES:
            getattr(locmem, each).pop(self.entry["LOCATION"], None)
