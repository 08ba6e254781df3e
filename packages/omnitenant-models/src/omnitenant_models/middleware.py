"""The middleware: finds out whom a request is for, and lets the rest of the site run in that context."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from asgiref.sync import async_to_sync, iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.utils.cache import patch_vary_headers

from omnitenant_context.context import TenantContext
from omnitenant_context.errors import TenantInactiveError, TenantNotFound
from omnitenant_context.scope import MASTER, Master, tenant_scope
from omnitenant_models._mounting import mount, script_prefix
from omnitenant_models._responses import find_page, finish, plain_page
from omnitenant_models._streaming import bind_response
from omnitenant_models.resolvers._build import build_resolver
from omnitenant_models.settings import omnitenant_settings

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

    from omnitenant_context.scope import Scope, Tenant

__all__ = ["TenantMiddleware"]

_Refusal: TypeAlias = TenantNotFound | TenantInactiveError


class TenantMiddleware:
    """Runs every request for the tenant it belongs to.

    Put it first in ``MIDDLEWARE``, above sessions, authentication and caching, which read the tenant's data.
    It asks the resolver of ``TENANT_RESOLVER``, sets ``request.tenant`` (None for the master) and makes the
    tenant active for everything below it, for a streaming body too; afterwards what was active before is
    active again, also after an error. Native under WSGI and ASGI.

    * Nobody found: 404, the same page for every address, or ``NOT_FOUND_VIEW(request)``.
    * The tenant is suspended, or its place is not ready: 503 with ``Retry-After``, or
      ``SUSPENDED_VIEW(request, tenant)``. Both views run in the master, without what middleware below this
      one provides; where they say nothing about the status it is 404 and 503.
    * ``EXEMPT_PATHS`` run in the master without the host or the resolver being asked. ``"/health/"`` covers
      ``/health`` and all below it, and not ``/health-records``. Django's own ``CommonMiddleware``, below, still
      refuses hosts that ``ALLOWED_HOSTS`` does not have.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        """Make the middleware with its resolver, once per process.

        Args:
            get_response: the rest of the site; a coroutine function under ASGI.

        Raises:
            ImproperlyConfigured: ``TENANT_RESOLVER`` names no resolver.
        """
        self.get_response = get_response
        self.resolver = build_resolver(omnitenant_settings.TENANT_RESOLVER)
        self._in_master = TenantContext.use_master_db()
        self._async = iscoroutinefunction(get_response)
        if self._async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """Answer a request."""
        if self._async:
            return self._acall(request)
        _set_tenant(request, None)
        if _is_exempt(request.path):
            return self._serve(request, MASTER, None)
        found: Tenant | Master | None = None
        try:
            with self._in_master:
                found = self.resolver.resolve(request)
            scope, prefix = self._admit(request, found)
        except (TenantNotFound, TenantInactiveError) as error:
            response = self._refuse(request, error, found)
        else:
            response = self._serve(request, scope, prefix)
        return self._varied(request, response)

    async def _acall(self, request: HttpRequest) -> HttpResponseBase:
        _set_tenant(request, None)
        if _is_exempt(request.path):
            return await self._aserve(request, MASTER, None)
        found: Tenant | Master | None = None
        try:
            with self._in_master:
                found = await self.resolver.aresolve(request)
            scope, prefix = self._admit(request, found)
        except (TenantNotFound, TenantInactiveError) as error:
            response = await self._arefuse(request, error, found)
        else:
            response = await self._aserve(request, scope, prefix)
        return self._varied(request, response)

    def _varied(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        headers = list(self.resolver.vary_headers(request))
        if headers:  # without any, Django would set an empty Vary
            patch_vary_headers(response, headers)
        return response

    def _admit(self, request: HttpRequest, found: Tenant | Master | None) -> tuple[Scope, str | None]:
        scope: Scope
        if found is None:
            message = f"{type(self.resolver).__qualname__} found nobody for {request.path!r}"
            raise TenantNotFound(message)
        if isinstance(found, Master):
            scope = MASTER
        else:
            scope = tenant_scope(found)
            _set_tenant(request, found)
        mount_point = self.resolver.mount_point(request)
        return scope, mount(request, mount_point) if mount_point else None

    def _serve(self, request: HttpRequest, scope: Scope, prefix: str | None) -> HttpResponseBase:
        with TenantContext.use_scope(scope), script_prefix(prefix):
            response: HttpResponseBase = self.get_response(request)
            bind_response(response, scope, prefix)
        return response

    async def _aserve(self, request: HttpRequest, scope: Scope, prefix: str | None) -> HttpResponseBase:
        with TenantContext.use_scope(scope), script_prefix(prefix):
            response: HttpResponseBase = await self.get_response(request)
            bind_response(response, scope, prefix)
        return response

    def _refuse(self, request: HttpRequest, error: _Refusal, found: Tenant | Master | None) -> HttpResponseBase:
        view = find_page(error)
        with self._in_master:
            response = plain_page(request, error) if view is None else _render(view, request, *_arguments(error, found))
            bind_response(response, MASTER, None)
            return finish(request, response, error)

    async def _arefuse(self, request: HttpRequest, error: _Refusal, found: Tenant | Master | None) -> HttpResponseBase:
        view = find_page(error)
        with self._in_master:
            response = (
                plain_page(request, error) if view is None else await _arender(view, request, *_arguments(error, found))
            )
            bind_response(response, MASTER, None)
            return finish(request, response, error)


def _is_exempt(path: str) -> bool:
    exempt = omnitenant_settings.EXEMPT_PATHS
    for start in (exempt,) if isinstance(exempt, str) else exempt:
        base = start.rstrip("/")
        if start and (path == base or path.startswith(base + "/")):
            return True
    return False


def _set_tenant(request: HttpRequest, tenant: Tenant | None) -> None:
    request.tenant = tenant  # type: ignore[attr-defined]  # this is what the middleware adds


def _arguments(error: _Refusal, found: Tenant | Master | None) -> tuple[Tenant | None, ...]:
    if isinstance(error, TenantNotFound):
        return ()
    # None where the resolver itself refused a tenant that it did not give out.
    return (None if isinstance(found, Master) else found,)


def _render(view: Callable[..., Any], *args: Any) -> HttpResponseBase:
    """Call a view and render its template, which Django does for the views of the URLconf only."""
    if iscoroutinefunction(view):
        view = async_to_sync(view)
    return _rendered(view(*args))


async def _arender(view: Callable[..., Any], *args: Any) -> HttpResponseBase:
    if not iscoroutinefunction(view):
        return await sync_to_async(_render)(view, *args)
    return await sync_to_async(_rendered)(await view(*args))


def _rendered(response: Any) -> HttpResponseBase:
    render = getattr(response, "render", None)
    return cast("HttpResponseBase", render() if callable(render) else response)
