"""Remembers another resolver's answers for a few seconds."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import TYPE_CHECKING

from omnitenant_models.resolvers._answers import Answers
from omnitenant_models.resolvers._build import build_resolver
from omnitenant_models.resolvers._changes import clear_resolver_cache
from omnitenant_models.resolvers.base import BaseTenantResolver

if TYPE_CHECKING:
    from django.http import HttpRequest

    from omnitenant_context.scope import Master, Tenant
    from omnitenant_models.resolvers._build import ResolverLike

__all__ = ["CachedTenantResolver", "clear_resolver_cache"]


class CachedTenantResolver(BaseTenantResolver):
    """Remembers what another resolver answered, per process, under the key that it gives for the request.

    The middleware wraps every resolver that defines ``cache_key``, so a project has no need to. While an
    answer is remembered, a request costs no query for its tenant, and an event loop no thread.

    Bounds: an answer is used for ``RESOLVER_CACHE_SECONDS`` (seconds, counted from the moment the lookup
    began), and ``RESOLVER_CACHE_SIZE`` of them are kept, those for names that nobody has included. Saving or
    deleting a tenant or a domain in this process drops all at once; other processes follow in time. Each
    request gets its own copy of the tenant; objects that it refers to are shared.
    """

    def __init__(self, resolver: ResolverLike) -> None:
        """Wrap a resolver.

        Args:
            resolver: a resolver, its class, or the dotted path of one.

        Raises:
            ImproperlyConfigured: it is no resolver.
        """
        super().__init__()
        self.resolver = build_resolver(resolver, cached=False)
        self.answers = Answers()

    def resolve(self, request: HttpRequest) -> Tenant | Master | None:
        """Return the remembered answer, or ask."""
        key = self.resolver.cache_key(request)
        if key is None:
            return self.resolver.resolve(request)
        return self.answers.remember(key, lambda: self.resolver.resolve(request))

    async def aresolve(self, request: HttpRequest) -> Tenant | Master | None:
        """Return the remembered answer without waiting, or ask."""
        key = self.resolver.cache_key(request)
        if key is None:
            return await self.resolver.aresolve(request)
        return await self.answers.aremember(key, lambda: self.resolver.aresolve(request))

    @property
    def sole(self) -> bool:
        """Whether no other resolver is asked after this one."""
        return self.resolver.sole

    @sole.setter
    def sole(self, value: bool) -> None:
        self.resolver.sole = value

    def cache_key(self, request: HttpRequest) -> Hashable | None:
        """Return the resolver's key."""
        return self.resolver.cache_key(request)

    def mount_point(self, request: HttpRequest) -> str:
        """Return the resolver's mount point."""
        return self.resolver.mount_point(request)

    def vary_headers(self, request: HttpRequest) -> Iterable[str]:
        """Return the resolver's headers."""
        return self.resolver.vary_headers(request)
