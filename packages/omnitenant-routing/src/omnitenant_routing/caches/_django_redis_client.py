"""Clients of django-redis whose keys, patterns and iterators belong to whoever is active."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

from django_redis.client.default import _main_exceptions
from django_redis.exceptions import ConnectionInterrupted
from django_redis.util import CacheKey

from omnitenant_context.context import get_scope
from omnitenant_context.errors import TenantMismatchError
from omnitenant_context.propagation import bind_iterator
from omnitenant_context.scope import Unscoped
from omnitenant_routing.caches._scanning import delete_matching
from omnitenant_routing.caches.keys import owner_in, reverse_key

if TYPE_CHECKING:
    from django_redis.client import DefaultClient as Base
else:
    Base = object

__all__ = ["OwnedKey", "StandingKey", "TenantClient", "tenant_client"]


class OwnedKey(CacheKey):  # type: ignore[misc]  # without types, as are the other classes of django-redis
    """A key as it stands in Redis."""

    __slots__ = ()

    def original_key(self) -> str:
        """Return the key that the code used: all of it, where ``CacheKey`` gives what follows the last colon."""
        return reverse_key(self)


class StandingKey(OwnedKey):
    """A key of ours, which nobody but this package holds: used as it is, whoever is active."""

    __slots__ = ()


class TenantClient(Base):  # type: ignore[misc]  # without types
    """Mixed in front of a client of django-redis; its backend is a
    :class:`~omnitenant_routing.caches.django_redis.RedisCache`.
    """

    _backend: Any

    def make_key(self, key: Any, version: int | None = None, prefix: str | None = None) -> CacheKey:
        """Make the key of whoever is active, and take one that was made before for the same.

        Raises:
            TenantRequiredError: nobody is active.
            TenantMismatchError: the key was made for somebody else.
        """
        if isinstance(key, CacheKey):
            return self._checked(key)
        return OwnedKey(super().make_key(key, version=version, prefix=prefix))

    def make_pattern(self, pattern: str, version: int | None = None, prefix: str | None = None) -> CacheKey:
        """Make a pattern for keys of whoever is active; see :meth:`make_key`."""
        if isinstance(pattern, CacheKey):
            return self._checked(pattern)
        return OwnedKey(super().make_pattern(pattern, version=version, prefix=prefix))

    def clear(self, *args: Any, **kwargs: Any) -> None:
        """Remove what belongs to whoever is active; everything where code is ``unscoped()``."""
        if isinstance(get_scope(), Unscoped) and not self._backend.is_shared:
            super().clear(*args, **kwargs)
        else:
            self._backend.clear()

    def iter_keys(
        self, search: str, itersize: int | None = None, client: Any = None, version: int | None = None
    ) -> Iterator[str]:
        """Iterate over the keys of whoever is active now, whoever is while it is iterated."""
        pattern = self.make_pattern(search, version=version)
        # It is a generator, which would not ask before its first step.
        return bind_iterator(super().iter_keys(pattern, itersize=itersize or self._backend._batch, client=client))

    def sscan_iter(self, key: Any, *args: Any, version: int | None = None, **kwargs: Any) -> Iterator[Any]:
        """Iterate over a set of whoever is active now, whoever is while it is iterated."""
        return bind_iterator(super().sscan_iter(self.make_key(key, version=version), *args, **kwargs))

    def delete_pattern(
        self,
        pattern: str,
        version: int | None = None,
        prefix: str | None = None,
        client: Any = None,
        itersize: int | None = None,
    ) -> int:
        """Delete the keys of whoever is active that match, in steps of ``itersize``; says how many there were."""
        made = self.make_pattern(pattern, version=version, prefix=prefix)
        return self.delete_matching([made], batch=itersize or self._backend._batch, client=client)

    def delete_matching(self, patterns: Iterable[str], *, batch: int, client: Any = None) -> int:
        """Delete keys as they stand in Redis, whosoever they are, in steps; says how many there were."""
        sharded = getattr(self, "_serverdict", None)
        clients = [client] if client is not None else sharded.values() if sharded else [self.get_client(write=True)]
        try:
            return sum(delete_matching(each, patterns, batch=batch) for each in clients)
        except _main_exceptions as error:
            raise ConnectionInterrupted(connection=client) from error

    def _checked(self, key: CacheKey) -> CacheKey:
        if isinstance(key, StandingKey):
            return key
        owner: str = self._backend.owner(key)
        start = f"{self._backend.key_prefix}:{owner}"
        if key.startswith((f"{start}:", f"{start}@")) or isinstance(get_scope(), Unscoped):
            return key
        made_for = owner_in(key)  # it may have been made with another prefix
        if made_for != owner:
            message = (
                f"the cache key {key!r} was made for {made_for!r}, and {owner!r} is active; use the key itself, and "
                "let the cache make it"
            )
            raise TenantMismatchError(message, active=owner, wanted=made_for)
        return key


@cache
def tenant_client(kind: type[Any]) -> type[Any]:
    """Return a class of clients with :class:`TenantClient` mixed in, under the same name."""
    if issubclass(kind, TenantClient):
        return kind
    return type(kind.__name__, (TenantClient, kind), {"__module__": kind.__module__, "__qualname__": kind.__qualname__})
