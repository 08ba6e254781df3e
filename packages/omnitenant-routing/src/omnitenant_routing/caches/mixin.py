"""What makes a cache backend of Django's, or of anybody, one of tenants.

.. code-block:: python

    from django.core.cache.backends.memcached import PyMemcacheCache
    from omnitenant_routing.caches.mixin import TenantCacheMixin

    class TenantMemcache(TenantCacheMixin, PyMemcacheCache):
        pass
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar, Final, cast

from django.core.cache import caches
from django.core.cache.backends.base import MEMCACHE_MAX_KEY_LENGTH, BaseCache, get_key_func
from django.core.exceptions import ImproperlyConfigured

from omnitenant_context.context import get_scope
from omnitenant_context.scope import ActiveTenant, Unscoped
from omnitenant_models.settings import omnitenant_settings
from omnitenant_routing.caches._dispatch import dispatch_methods
from omnitenant_routing.caches.generations import Generations
from omnitenant_routing.caches.keys import make_key, make_shared_key
from omnitenant_routing.caches.own import own_cache_of
from omnitenant_routing.caches.owners import SHARED, current_owner

if TYPE_CHECKING:
    from django.core.cache.backends.base import BaseCache as Base
else:
    Base = object

__all__ = ["DELETE", "GENERATION", "TenantCacheMixin"]

DELETE: Final = "delete"
GENERATION: Final = "generation"

_needs_a_look = re.compile(r"[\x00-\x20\x7f]").search
_generations = Generations()


class ReadyKey(str):
    """A key as it stands in the cache."""

    __slots__ = ()


class TenantCacheMixin(Base):
    """Mixed in front of a cache backend: keys belong to whoever is active, and so does ``clear()``.

    ``KEY_FUNCTION`` is :func:`~omnitenant_routing.caches.make_key` when left out, and may be
    :func:`~omnitenant_routing.caches.make_shared_key` for a cache of what everybody shares. Further keys of the entry
    in ``CACHES``:

    - ``TENANT_CLEAR``: how ``clear()`` empties what belongs to one: ``"delete"`` finds and deletes its entries, where
      the backend can list keys; ``"generation"`` puts them out of reach by a new number in the keys, whatever their
      count. Entries of a past generation stay until they time out or are evicted.
    - ``TENANT_CLEAR_BATCH``: how many entries one step of deleting takes (1,000).
    - ``TENANT_GENERATION_SECONDS``: for how long a process remembers a generation (1 second). That long another
      process may still read what was cleared.

    With nobody active every method but ``close()`` raises ``TenantRequiredError``. Where code is
    ``unscoped()``, ``clear()`` is the backend's own and empties everything. Sync and async methods are the same; an
    object of this class may be used in any context, whoever it was first used for.
    """

    clears_by: ClassVar[str] = GENERATION
    """How ``clear()`` works unless ``TENANT_CLEAR`` says otherwise."""
    can_delete: ClassVar[bool] = False
    """Whether ``TENANT_CLEAR`` may be ``"delete"``: the class has :meth:`delete_entries`."""
    has_own_caches: bool = False
    """Whether tenants may have caches of their own in place of this one."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Let the backend's methods follow tenants with caches of their own."""
        super().__init_subclass__(**kwargs)
        backends = [base for base in cls.__mro__ if issubclass(base, BaseCache) and base is not BaseCache]
        hidden = [base for base in backends if not issubclass(base, TenantCacheMixin)]
        if hidden and cls.__mro__.index(hidden[0]) < cls.__mro__.index(TenantCacheMixin):
            message = (
                f"{cls.__qualname__} has {hidden[0].__qualname__} in front of TenantCacheMixin, which then does "
                "nothing; name the mixin first"
            )
            raise TypeError(message)
        dispatch_methods(cls, without=(TenantCacheMixin,))

    def __init__(self, location: Any, params: dict[str, Any], *, own: bool = False) -> None:
        """Make the cache.

        Args:
            location: ``LOCATION`` of the entry in ``CACHES``.
            params: the rest of the entry.
            own: it is the own cache of a tenant.

        Raises:
            ImproperlyConfigured: a value of the entry means nothing; names it and what would.
        """
        super().__init__(location, params)  # type: ignore[call-arg]  # backends take both
        function = get_key_func(params.get("KEY_FUNCTION") or make_key)
        if function not in {make_key, make_shared_key}:
            message = (
                f"{type(self).__qualname__} makes its keys itself, so KEY_FUNCTION cannot be "
                f"{params['KEY_FUNCTION']!r}; leave it out, or use 'omnitenant_routing.caches.make_shared_key' for "
                "what everybody shares; other keys are made by overriding make_key()"
            )
            raise ImproperlyConfigured(message)
        self.is_shared = function is make_shared_key
        self._whose = (f"{type(self).__module__}.{type(self).__qualname__}", repr(location), self.key_prefix)
        self._clears_by = self._chosen(params)
        self._batch = int(params.get("TENANT_CLEAR_BATCH", 1_000))
        self._seconds = float(params.get("TENANT_GENERATION_SECONDS", 1.0))
        self.entry: dict[str, Any] = {"BACKEND": type(self), "LOCATION": location, **params}
        # Whatever asks for it gets what make_key() makes.
        self.key_func = self._make
        self.has_own_caches = not own and not self.is_shared and self._is_of_the_master()

    def make_key(self, key: Any, version: int | None = None) -> str:
        """Make the key of whoever is active.

        Raises:
            TenantRequiredError: nobody is active.
        """
        if isinstance(key, ReadyKey):
            return key
        return self._make(key, self.key_prefix, self.version if version is None else version)

    def validate_key(self, key: str) -> None:
        """Warn about keys that memcached would not take. Looks once at those that it would."""
        if len(key) > MEMCACHE_MAX_KEY_LENGTH or _needs_a_look(key):
            super().validate_key(key)

    def clear(self) -> None:
        """Remove every entry of whoever is active: of the tenant, of the master, or what is shared.

        Where code is ``unscoped()`` it removes everything that is in the cache, whosoever. Caches that tenants have
        elsewhere, by ``config["cache_config"]``, are others.

        Raises:
            TenantRequiredError: nobody is active.
        """
        if isinstance(get_scope(), Unscoped) and not self.is_shared:
            super().clear()
            if self.has_own_caches:
                self.clear_own_locations()
            _generations.forget()
        elif self._here()._clears_by == DELETE:
            self.delete_entries()
        else:
            self.start_generation()

    def delete_entries(self) -> int:
        """Find and delete every entry of whoever is active, those of past generations too, in steps.

        Returns:
            How many there were.

        Raises:
            TenantRequiredError: nobody is active.
            ImproperlyConfigured: the backend cannot list its keys.
        """
        here = self._here()
        if not here.can_delete:
            message = f"a {type(here).__qualname__} cannot list its keys; use start_generation()"
            raise ImproperlyConfigured(message)
        return here.delete_entries_of(here.owner())

    def start_generation(self) -> None:
        """Put every entry of whoever is active out of reach, at once and whatever their number.

        Raises:
            TenantRequiredError: nobody is active.
            ImproperlyConfigured: the keys of this cache have no generations.
        """
        here = self._here()
        if here._clears_by != GENERATION:
            message = f"the keys of a {type(here).__qualname__} have no generations; set TENANT_CLEAR to {GENERATION!r}"
            raise ImproperlyConfigured(message)
        here.start_generation_of(here.owner())

    def delete_entries_of(self, owner: str) -> int:
        """Delete what belongs to an owner in this cache, whoever is active. For backends that can list keys.

        Args:
            owner: as :meth:`owner` names it.

        Returns:
            How many entries there were.
        """
        raise NotImplementedError

    def start_generation_of(self, owner: str) -> None:
        """Put what belongs to an owner in this cache out of reach, whoever is active."""
        key = self.ready_key(f"{self.key_prefix}:{owner}@:")
        _generations.start(
            (self._whose, owner),
            seconds=self._seconds,
            write=lambda new: super(TenantCacheMixin, self).set(key, new, timeout=None),
        )

    def remove_all_of(self, owner: str) -> None:
        """Remove what belongs to an owner in this cache, in the way in which ``clear()`` does it."""
        if self._clears_by == DELETE:
            self.delete_entries_of(owner)
        else:
            self.start_generation_of(owner)

    def owner(self, key: Any = None) -> str:
        """Return whose entries are used now.

        Raises:
            TenantRequiredError: nobody is active.
        """
        return SHARED if self.is_shared else current_owner(key)

    def own_cache(self) -> TenantCacheMixin | None:
        """Return the own cache of the active tenant that takes this one's place; None where it has none.

        Raises:
            ProvisioningError: the tenant's ``config['cache_config']`` is wrong.
        """
        scope = get_scope()
        if not isinstance(scope, ActiveTenant):
            return None
        try:
            return cast("TenantCacheMixin | None", scope.memo["own_cache"])
        except KeyError:
            found = scope.memo["own_cache"] = own_cache_of(scope.tenant, self)
            return found

    def own_location(self, tenant_id: str) -> Any:
        """Return the LOCATION of the own cache of a CACHE tenant that configures none; None where it needs none."""
        return None

    def clear_own_locations(self) -> None:
        """Empty every place that :meth:`own_location` gave."""

    def release(self) -> None:
        """Close what this cache holds open and nobody uses just now; using it again opens it."""

    def drop(self) -> None:
        """Forget the own cache of a tenant that is gone, when its entries have been removed."""
        self.release()

    def _make(self, key: Any, key_prefix: str, version: int | str) -> str:
        if self._clears_by == DELETE:
            return f"{key_prefix}:{self.owner(key)}:{version}:{key}"
        owner = self.owner(key)
        return f"{key_prefix}:{owner}@{self._generation(owner)}:{version}:{key}"

    def _generation(self, owner: str) -> str:
        key = self.ready_key(f"{self.key_prefix}:{owner}@:")
        return _generations.current(
            (self._whose, owner),
            seconds=self._seconds,
            read=lambda: super(TenantCacheMixin, self).get(key),
            add=lambda new: super(TenantCacheMixin, self).add(key, new, timeout=None),
        )

    def ready_key(self, key: str) -> str:
        """Mark a key as one that stands in the cache, so that it is used as it is."""
        return ReadyKey(key)

    def _here(self) -> TenantCacheMixin:
        """Return the cache that is used now: this one, or the own one of the active tenant."""
        return (self.own_cache() if self.has_own_caches else None) or self

    def _chosen(self, params: dict[str, Any]) -> str:
        chosen: str = params.get("TENANT_CLEAR", self.clears_by)
        ways = [DELETE, GENERATION] if self.can_delete else [GENERATION]
        if chosen not in ways:
            message = (
                f"TENANT_CLEAR of a {type(self).__qualname__} cannot be {chosen!r}; it can be "
                f"{' or '.join(repr(way) for way in ways)}"
            )
            raise ImproperlyConfigured(message)
        return chosen

    def _is_of_the_master(self) -> bool:
        # A backend is not told its alias: two entries that say the same are one cache.
        entry = {"LOCATION": "", **(caches.settings.get(omnitenant_settings.MASTER_CACHE_ALIAS) or {})}
        return {**entry, "BACKEND": None} == {**self.entry, "BACKEND": None}
