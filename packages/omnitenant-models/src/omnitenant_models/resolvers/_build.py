"""Makes resolvers of what settings name."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from omnitenant_models.resolvers.base import BaseTenantResolver, check_methods
from omnitenant_models.settings import SETTING_NAME

if TYPE_CHECKING:
    from django.http import HttpRequest

    from omnitenant_context.scope import Master, Tenant

__all__ = ["ResolverLike", "build_resolver", "import_resolver"]

ResolverLike: TypeAlias = "str | type[Any] | BaseTenantResolver | Any"


def build_resolver(
    given: ResolverLike | Sequence[ResolverLike], *, cached: bool = True, sole: bool = True
) -> BaseTenantResolver:
    """Make a resolver, ready for use.

    Args:
        given: a dotted path, a class or an instance; a list of them makes a chain. A class needs no base, only
            ``resolve`` or ``aresolve``.
        cached: remember its answers, where it gives keys for them.
        sole: see :attr:`BaseTenantResolver.sole`.

    Raises:
        ImproperlyConfigured: names the path or the class, and what is wrong with it.
    """
    if isinstance(given, (list, tuple)):
        from omnitenant_models.resolvers.chain import ChainTenantResolver

        return ChainTenantResolver(given)
    found = import_resolver(given) if isinstance(given, str) else given
    instance = found() if isinstance(found, type) else found
    resolver = instance if isinstance(instance, BaseTenantResolver) else _Adapted(instance)
    if not sole:
        resolver.sole = False
    if cached and _gives_keys(resolver):
        from omnitenant_models.resolvers.cached import CachedTenantResolver

        return CachedTenantResolver(resolver)
    return resolver


def import_resolver(path: str) -> Any:
    """Import what a dotted path in ``TENANT_RESOLVER`` names.

    Raises:
        ImproperlyConfigured: there is nothing at the path, or it is no resolver.
    """
    try:
        found = import_string(path)
    except ImportError as error:
        message = (
            f"{SETTING_NAME}['TENANT_RESOLVER'] names {path!r}, which cannot be imported ({error}); write "
            "the dotted path of a resolver class"
        )
        raise ImproperlyConfigured(message) from error
    if not (hasattr(found, "resolve") or hasattr(found, "aresolve")):
        message = (
            f"{SETTING_NAME}['TENANT_RESOLVER'] names {path!r}, which is no resolver; derive it from "
            "omnitenant_models.resolvers.BaseTenantResolver"
        )
        raise ImproperlyConfigured(message)
    return found


def _gives_keys(resolver: BaseTenantResolver) -> bool:
    from omnitenant_models.resolvers.cached import CachedTenantResolver

    if isinstance(resolver, CachedTenantResolver):
        return False
    if isinstance(resolver, _Adapted):
        return hasattr(resolver.adapted, "cache_key")
    return type(resolver).cache_key is not BaseTenantResolver.cache_key


class _Adapted(BaseTenantResolver):
    """A resolver that has no base of ours; what it does not define works as in the base."""

    def __init__(self, adapted: Any) -> None:
        check_methods(adapted)
        self.adapted = adapted

    def resolve(self, request: HttpRequest) -> Tenant | Master | None:
        method = getattr(self.adapted, "resolve", super().resolve)
        return method(request)

    async def aresolve(self, request: HttpRequest) -> Tenant | Master | None:
        method = getattr(self.adapted, "aresolve", super().aresolve)
        return await method(request)

    def cache_key(self, request: HttpRequest) -> Hashable | None:
        method = getattr(self.adapted, "cache_key", super().cache_key)
        return method(request)

    def mount_point(self, request: HttpRequest) -> str:
        method = getattr(self.adapted, "mount_point", super().mount_point)
        return method(request)

    def vary_headers(self, request: HttpRequest) -> Iterable[str]:
        return getattr(self.adapted, "vary_on", ())
