"""Checks of ``CACHES``: what tenants would share unawares, and what would ask for a tenant where none is active."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from django.conf import global_settings, settings
from django.core.checks import CheckMessage, Error, Warning  # noqa: A004 - the name is Django's
from django.utils.module_loading import import_string

from omnitenant_routing.caches.keys import make_key, make_shared_key
from omnitenant_routing.caches.mixin import TenantCacheMixin

__all__ = ["check_cache_aliases", "check_caches", "check_default_cache"]

_MINE: Final = "omnitenant_models.middleware.TenantMiddleware"
_SESSIONS: Final = "django.contrib.sessions.middleware.SessionMiddleware"
_PAGES: Final = (
    "django.middleware.cache.FetchFromCacheMiddleware",
    "django.middleware.cache.UpdateCacheMiddleware",
    "django.middleware.cache.CacheMiddleware",
)
_CACHED_SESSIONS: Final = frozenset(
    {"django.contrib.sessions.backends.cache", "django.contrib.sessions.backends.cached_db"}
)
_KEYS_HINT: Final = (
    "Use a backend of omnitenant_routing.caches, which parts tenants. What everybody shall share says so with "
    "'KEY_FUNCTION': 'omnitenant_routing.caches.make_shared_key'."
)
_SHARED_HINT: Final = (
    "Name a cache whose KEY_FUNCTION is 'omnitenant_routing.caches.make_shared_key', or run it where a tenant is "
    "active."
)


def check_caches(app_configs: Any = None, **_: Any) -> list[CheckMessage]:
    """Report caches whose entries tenants share without anybody having said so, or that clear everybody's.

    The cache that Django has where no setting names one is reported by :func:`check_default_cache`.
    """
    if settings.CACHES == global_settings.CACHES:
        return []
    return [message for alias in settings.CACHES for message in _entry(alias)]


def check_default_cache(app_configs: Any = None, **_: Any) -> list[CheckMessage]:
    """Report that Django's own default is used, a cache in memory that knows no tenants (only with ``--deploy``)."""
    return list(_entry("default")) if settings.CACHES == global_settings.CACHES else []


def check_cache_aliases(app_configs: Any = None, **_: Any) -> list[CheckMessage]:
    """Report what uses a cache of tenants where nobody is active, and pages that tenants would share."""
    return [*_nobody(), *_pages()]


def _entry(alias: str) -> Iterator[CheckMessage]:
    kind, function = _backend(alias), _key_function(alias)
    if kind is None or kind.__module__ == "django.core.cache.backends.dummy":
        return  # what cannot be imported Django reports itself
    if issubclass(kind, TenantCacheMixin):
        return
    if function is make_key:
        yield Warning(
            f"The cache {alias!r} parts tenants by its keys, but clear() of {kind.__qualname__} empties everybody's.",
            hint="Use the same backend from omnitenant_routing.caches, or one with its TenantCacheMixin.",
            id="omnitenant_routing.W032",
        )
    elif function is not make_shared_key:
        yield Warning(
            f"The cache {alias!r} does not part tenants: what one of them stores, all others read.",
            hint=_KEYS_HINT,
            id="omnitenant_routing.W031",
        )


def _nobody() -> Iterator[CheckMessage]:
    """Find what reads or writes a cache outside of any tenant."""
    mine = _place(_MINE)
    for path, alias, what in _users():
        place = _place(path) if path else None
        if path and (place is None or (mine is not None and place > mine)):
            continue
        if _is_strict(alias):
            yield Error(
                f"The cache {alias!r} belongs to whoever is active, but {what} use it where nobody is.",
                hint=_SHARED_HINT,
                id="omnitenant_routing.E030",
            )
    result = str(getattr(settings, "CELERY_RESULT_BACKEND", "") or "")
    alias = str(getattr(settings, "CELERY_CACHE_BACKEND", "") or "")
    if result in {"django-cache", "cache"} and _is_strict(alias):
        yield Warning(
            f"The results of tasks are kept in the cache {alias!r}, which belongs to whoever is active: Celery also "
            "writes them where nobody is, after a time limit or when a worker was lost.",
            hint=_SHARED_HINT,
            id="omnitenant_routing.W033",
        )


def _users() -> Iterator[tuple[str, str, str]]:
    """Give the middleware that must stand below ours (none: it runs in views), the alias and who uses it."""
    if settings.SESSION_ENGINE in _CACHED_SESSIONS:
        yield _SESSIONS, settings.SESSION_CACHE_ALIAS, "sessions"
    agents = "django_user_agents.middleware.UserAgentMiddleware"
    yield agents, str(getattr(settings, "USER_AGENTS_CACHE", "") or ""), "user agents"
    framework = getattr(settings, "REST_FRAMEWORK", None) or {}
    if framework.get("DEFAULT_THROTTLE_CLASSES") and _place(_MINE) is None:
        yield "", "default", "throttles of REST framework"


def _pages() -> Iterator[CheckMessage]:
    """Find pages that are kept where tenants are not told apart."""
    alias = settings.CACHE_MIDDLEWARE_ALIAS
    if all(_place(path) is None for path in _PAGES) or alias not in settings.CACHES or _is_strict(alias):
        return
    yield Warning(
        f"Whole pages are kept in the cache {alias!r}, which does not part tenants: where they have no host names of "
        "their own, one gets another's pages.",
        hint="Let CACHE_MIDDLEWARE_ALIAS name a cache with a backend of omnitenant_routing.caches.",
        id="omnitenant_routing.W034",
    )


def _is_strict(alias: str) -> bool:
    """Tell whether an alias needs somebody to be active."""
    if alias not in settings.CACHES:
        return False
    function, kind = _key_function(alias), _backend(alias)
    return function is make_key or (function is None and kind is not None and issubclass(kind, TenantCacheMixin))


def _key_function(alias: str) -> Any:
    """Return what makes the keys, or None where the entry does not say or it cannot be imported."""
    given = settings.CACHES[alias].get("KEY_FUNCTION")
    try:
        return import_string(given) if isinstance(given, str) else given
    except ImportError:
        return None


def _backend(alias: str) -> type[Any] | None:
    try:
        found: Any = import_string(settings.CACHES[alias].get("BACKEND", ""))
    except ImportError:
        return None
    return found if isinstance(found, type) else None


def _place(path: str) -> int | None:
    """Return where a middleware, or one made of it, stands in ``MIDDLEWARE``."""
    return next((place for place, each in enumerate(settings.MIDDLEWARE) if path in _names(each)), None)


def _names(middleware: str) -> set[str]:
    try:
        kind: Any = import_string(middleware)
    except Exception:  # noqa: BLE001 - whatever it is, Django says so itself as soon as it serves
        return {middleware}
    return {middleware, *(f"{base.__module__}.{base.__qualname__}" for base in getattr(kind, "__mro__", ()))}
