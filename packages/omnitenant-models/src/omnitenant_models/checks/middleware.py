"""Checks of the way of a request: the order of middleware, the resolver, and the settings both read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning  # noqa: A004 - the name is Django's
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from omnitenant_models.domains import normalize_host
from omnitenant_models.resolvers import (
    ChainTenantResolver,
    SessionTenantResolver,
    SubdomainTenantResolver,
    UserTenantResolver,
)
from omnitenant_models.resolvers._build import build_resolver, import_resolver
from omnitenant_models.scopes import TenantScope, get_app_scope
from omnitenant_models.settings import SETTING_NAME, omnitenant_settings

__all__ = ["check_middleware"]

_MINE = "omnitenant_models.middleware.TenantMiddleware"
_SESSIONS = "django.contrib.sessions.middleware.SessionMiddleware"
_USERS = "django.contrib.auth.middleware.AuthenticationMiddleware"
_BELOW = {
    _SESSIONS: "sessions are the tenant's, and would be read with nobody active",
    _USERS: "users are the tenant's, and would be read with nobody active",
    "django.middleware.cache.UpdateCacheMiddleware": "pages would be stored with nobody active",
    "django.middleware.cache.FetchFromCacheMiddleware": "one tenant's pages could answer another's requests",
    "django.middleware.cache.CacheMiddleware": "one tenant's pages could answer another's requests",
}


def check_middleware(app_configs: Any = None, **_: Any) -> list[CheckMessage]:
    """Report what would let requests run for nobody, or for somebody else.

    The order of ``MIDDLEWARE``, ``TENANT_RESOLVER``, and the host names, paths and views in the settings.
    """
    kinds, found = _resolvers()
    return [*found, *_order(kinds), *_hosts(kinds), *_paths(), *_views()]


def _resolvers() -> tuple[list[type[Any]], list[CheckMessage]]:
    """Return the classes of all resolvers in use, and what is wrong with the setting."""
    kinds: list[type[Any]] = []
    pending: list[Any] = [omnitenant_settings.TENANT_RESOLVER]
    try:
        while pending:
            given = pending.pop()
            if isinstance(given, (list, tuple)):
                pending.extend(given)
                continue
            found = import_resolver(given) if isinstance(given, str) else given
            kind = found if isinstance(found, type) else type(found)
            kinds.append(kind)
            if issubclass(kind, ChainTenantResolver):
                pending.extend(kind.members)
        build_resolver(omnitenant_settings.TENANT_RESOLVER)
    except ImproperlyConfigured as error:
        return kinds, [
            Error(
                f"{error}.",
                hint="It is the dotted path of a resolver, or a list of paths.",
                id="omnitenant_models.E023",
            )
        ]
    return kinds, []


def _order(kinds: list[type[Any]]) -> Iterator[CheckMessage]:
    stack = list(_middleware())
    mine = [place for place, kind in enumerate(stack) if _MINE in _names(kind)]
    if not mine:
        yield Warning(
            "TenantMiddleware is not in MIDDLEWARE: requests run with nobody active.",
            hint=f"Put {_MINE!r} first.",
            id="omnitenant_models.W020",
        )
        return
    above = _needed_above(kinds)
    for path, why in _BELOW.items():
        places = [place for place, kind in enumerate(stack) if path in _names(kind)]
        name = path.rpartition(".")[2]
        if path in above:
            if not places or places[0] > mine[0]:
                yield Error(
                    f"{above[path]} needs {name} above TenantMiddleware in MIDDLEWARE.",
                    hint=f"Move TenantMiddleware below {path!r}, or use another resolver.",
                    id="omnitenant_models.E021",
                )
        elif places and places[0] < mine[0]:
            yield Error(
                f"{name} is above TenantMiddleware in MIDDLEWARE: {why}.",
                hint="Put TenantMiddleware first.",
                id="omnitenant_models.E020",
            )
    yield from _scopes(above)


def _needed_above(kinds: list[type[Any]]) -> dict[str, str]:
    """Return which middleware must know the user or session before the tenant is known, and for whom."""
    above: dict[str, str] = {}
    for kind in kinds:
        if issubclass(kind, (SessionTenantResolver, UserTenantResolver)):
            above[_SESSIONS] = kind.__name__
        if issubclass(kind, UserTenantResolver):
            above[_USERS] = kind.__name__
    return above


def _scopes(above: dict[str, str]) -> Iterator[CheckMessage]:
    labels = {_SESSIONS: "sessions", _USERS: settings.AUTH_USER_MODEL.partition(".")[0]}
    for path, resolver in above.items():
        label = labels[path]
        if get_app_scope(label) is not TenantScope.MASTER:
            yield Error(
                f"{resolver} reads the app {label!r} before the tenant is known, but its tables are the tenants'.",
                hint=f"Set {SETTING_NAME}['MODEL_SCOPES'][{label!r}] to 'master', or use another resolver.",
                id="omnitenant_models.E022",
            )


def _middleware() -> Iterator[Any]:
    for path in settings.MIDDLEWARE:
        try:
            yield import_string(path)
        except Exception:  # noqa: BLE001 - whatever it is, Django says so itself as soon as it serves
            yield None


def _names(middleware: Any) -> set[str]:
    # By name, because importing the middleware of an app that is not installed is an error.
    kinds = middleware.__mro__ if isinstance(middleware, type) else ()
    return {f"{kind.__module__}.{kind.__qualname__}" for kind in kinds}


def _hosts(kinds: list[type[Any]]) -> Iterator[CheckMessage]:
    for name in ("PUBLIC_HOST", "SUBDOMAIN_BASE"):
        value: Any = getattr(omnitenant_settings, name)
        if value is None:
            continue
        try:
            normalize_host(value)
        except (ValueError, AttributeError):
            yield Error(
                f"{SETTING_NAME}[{name!r}] is {value!r}, which is no host name.",
                hint="Write the name alone, such as 'example.com', without scheme and path.",
                id="omnitenant_models.E024",
            )
    based = omnitenant_settings.SUBDOMAIN_BASE or omnitenant_settings.PUBLIC_HOST
    if not based and any(issubclass(kind, SubdomainTenantResolver) for kind in kinds):
        yield Error(
            "SubdomainTenantResolver does not know below which domain tenants live.",
            hint=f"Set {SETTING_NAME}['SUBDOMAIN_BASE'], such as 'example.com'.",
            id="omnitenant_models.E025",
        )


def _paths() -> Iterator[CheckMessage]:
    exempt: Any = omnitenant_settings.EXEMPT_PATHS
    for path in (exempt,) if isinstance(exempt, str) else exempt:
        if not (isinstance(path, str) and path.startswith("/") and path.strip("/")):
            yield Error(
                f"{SETTING_NAME}['EXEMPT_PATHS'] has {path!r}, which is no path below the root.",
                hint="Write paths such as '/health/'. What is exempt runs in the master, for every host.",
                id="omnitenant_models.E026",
            )


def _views() -> Iterator[CheckMessage]:
    for name in ("NOT_FOUND_VIEW", "SUSPENDED_VIEW"):
        path: Any = getattr(omnitenant_settings, name)
        if path is None:
            continue
        try:
            problem = "" if callable(import_string(path)) else "which is no view"
        except (ImportError, AttributeError, TypeError) as error:
            problem = f"which cannot be imported ({error})"
        if problem:
            yield Error(
                f"{SETTING_NAME}[{name!r}] is {path!r}, {problem}.",
                hint="Write the dotted path of a view.",
                id="omnitenant_models.E027",
            )
