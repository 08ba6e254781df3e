"""The resolver interface: whom a request is for."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any, ClassVar

from asgiref.sync import async_to_sync, sync_to_async
from django.core.exceptions import ImproperlyConfigured

if TYPE_CHECKING:
    from django.http import HttpRequest

    from omnitenant_context.scope import Master, Tenant

__all__ = ["BaseTenantResolver"]


class BaseTenantResolver:
    """Says whom a request is for; the base of every resolver.

    A subclass defines :meth:`resolve`, or ``async def aresolve``, or both; each serves for the other, so one
    resolver works under WSGI and ASGI. The middleware calls it with the master active and before sessions and
    authentication have run. One instance serves all requests of a process, in several threads: keep nothing
    of a request on ``self``.

    Example::

        class MyResolver(BaseTenantResolver):
            def resolve(self, request):
                try:
                    return get_tenant_model().objects.get(tenant_id=request.headers.get("X-Customer"))
                except get_tenant_model().DoesNotExist:
                    raise TenantNotFound("unknown customer")
    """

    vary_on: ClassVar[tuple[str, ...]] = ()
    """Request headers that the answer depends on, besides the address; they are added to ``Vary``."""

    sole: bool = True
    """Whether no other resolver is asked after this one; a chain sets it to False on its members."""

    def __init__(self) -> None:
        """Make the resolver; the middleware does so once per process, without arguments.

        Raises:
            ImproperlyConfigured: the class defines neither method, or ``resolve`` as a coroutine.
        """
        check_methods(self)

    def resolve(self, request: HttpRequest) -> Tenant | Master | None:
        """Find whom a request is for. May do I/O.

        Args:
            request: the request, as it came in.

        Returns:
            The tenant; ``MASTER`` where the request is for the master; None where nobody is found, which is
            answered like :class:`TenantNotFound`.

        Raises:
            TenantNotFound: nothing leads to a tenant; answered with 404.
            TenantInactiveError: the tenant must not be entered; answered with 503.
        """
        return async_to_sync(self.aresolve)(request)

    async def aresolve(self, request: HttpRequest) -> Tenant | Master | None:
        """Find whom a request is for, in an event loop; see :meth:`resolve`.

        Unless overridden, :meth:`resolve` runs in the thread of the request's synchronous code.
        """
        return await sync_to_async(self.resolve)(request)

    def cache_key(self, request: HttpRequest) -> Hashable | None:
        """Return what the answer depends on, so that it can be remembered for a few seconds.

        Called for every request, in the event loop under ASGI: no I/O.

        Args:
            request: the request.

        Returns:
            A key; requests with the same key get the same answer. None, the default: always ask.

        Raises:
            TenantNotFound: it is clear already that nothing leads to a tenant.
        """
        return None

    def mount_point(self, request: HttpRequest) -> str:
        """Return the leading part of the path that names the tenant and is no part of the site's own URLs.

        Called after the request was resolved. The middleware moves it from ``path_info`` to the script prefix.

        Args:
            request: the request.

        Returns:
            Whole path segments such as ``"/t/acme"``, without a slash at the end; the default is none, ``""``.
        """
        return ""

    def vary_headers(self, request: HttpRequest) -> Iterable[str]:
        """Return the request headers that this answer depended on: :attr:`vary_on`."""
        return self.vary_on


def check_methods(resolver: Any) -> None:
    """Refuse a resolver that could never answer.

    Raises:
        ImproperlyConfigured: says what is missing.
    """
    kind = type(resolver)
    name = f"{kind.__module__}.{kind.__qualname__}"
    if iscoroutinefunction(getattr(kind, "resolve", None)):
        message = f"{name}.resolve is a coroutine function; name it aresolve"
        raise ImproperlyConfigured(message)
    base = BaseTenantResolver
    own = (
        getattr(kind, "resolve", base.resolve) is not base.resolve,
        getattr(kind, "aresolve", base.aresolve) is not base.aresolve,
    )
    if not any(own):
        message = f"{name} cannot resolve anything; define resolve(request) or async aresolve(request)"
        raise ImproperlyConfigured(message)
