"""What ``manage.py check`` says about caches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from django.conf import global_settings
from django.core.checks import CheckMessage, registry
from django.test import override_settings

from omnitenant_routing.checks.caches import check_cache_aliases, check_caches, check_default_cache
from routing_settings import MIDDLEWARE

PLAIN = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
KEYED = {**PLAIN, "KEY_FUNCTION": "omnitenant_routing.caches.make_key"}
TENANTS = {"BACKEND": "omnitenant_routing.caches.locmem.LocMemCache"}
SHARED = {**TENANTS, "KEY_FUNCTION": "omnitenant_routing.caches.make_shared_key"}
PLAIN_SHARED = {**PLAIN, "KEY_FUNCTION": "omnitenant_routing.caches.make_shared_key"}
DUMMY = {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}
OURS, SESSIONS = MIDDLEWARE
FETCH = "django.middleware.cache.FetchFromCacheMiddleware"
CACHED = "django.contrib.sessions.backends.cache"


def ids(messages: Sequence[CheckMessage]) -> list[str]:
    """Name what was found, without the package."""
    return [str(message.id).rpartition(".")[2] for message in messages]


@pytest.mark.parametrize(
    ("entry", "found"),
    [(PLAIN, ["W031"]), (KEYED, ["W032"]), (TENANTS, []), (SHARED, []), (PLAIN_SHARED, []), (DUMMY, [])],
)
def test_an_entry(entry: dict[str, Any], found: list[str]) -> None:
    """Each must say whether it parts tenants, and have a backend that clears accordingly."""
    with override_settings(CACHES={"default": TENANTS, "other": entry}):
        messages = check_caches()
        assert ids(messages) == found
        assert all("'other'" in message.msg for message in messages)


def test_djangos_own_default_is_told_before_it_is_deployed() -> None:
    """It is not what anybody wrote, so that no command says it each time."""
    with override_settings(CACHES=global_settings.CACHES):
        assert check_caches() == []
        assert ids(check_default_cache()) == ["W031"]
    with override_settings(CACHES={"default": TENANTS}):
        assert check_default_cache() == []


@pytest.mark.parametrize(
    ("middleware", "alias", "found"),
    [
        ([OURS, SESSIONS], "default", []),
        ([SESSIONS, OURS], "default", ["E030"]),
        ([SESSIONS], "default", ["E030"]),
        ([SESSIONS, OURS], "keyed", ["E030"]),
        ([SESSIONS, OURS], "shared", []),
        ([SESSIONS, OURS], "plain", []),
        ([OURS], "default", []),
    ],
)
def test_sessions_in_a_cache_of_tenants(middleware: list[str], alias: str, found: list[str]) -> None:
    """They must be asked for where somebody is active, or be shared."""
    with override_settings(
        CACHES={"default": TENANTS, "keyed": KEYED, "shared": SHARED, "plain": PLAIN},
        SESSION_ENGINE=CACHED,
        SESSION_CACHE_ALIAS=alias,
        MIDDLEWARE=middleware,
    ):
        assert ids(check_cache_aliases()) == found


def test_sessions_elsewhere_are_no_matter() -> None:
    """In the database, say."""
    with override_settings(CACHES={"default": TENANTS}, MIDDLEWARE=[SESSIONS, OURS]):
        assert check_cache_aliases() == []


@pytest.mark.parametrize(("middleware", "found"), [([OURS], []), ([], ["E030"])])
def test_throttles_where_nobody_is_active(middleware: list[str], found: list[str]) -> None:
    """They count in views, where the middleware has found somebody; without it nobody is there."""
    with override_settings(
        CACHES={"default": TENANTS},
        MIDDLEWARE=middleware,
        REST_FRAMEWORK={"DEFAULT_THROTTLE_CLASSES": ["rest_framework.throttling.AnonRateThrottle"]},
    ):
        assert ids(check_cache_aliases()) == found


@pytest.mark.parametrize(
    ("alias", "found"), [("default", []), ("keyed", []), ("shared", ["W034"]), ("plain", ["W034"])]
)
def test_pages_that_tenants_would_share(alias: str, found: list[str]) -> None:
    """Where they have one host name; only if pages are kept at all."""
    caches = {"default": TENANTS, "keyed": KEYED, "shared": SHARED, "plain": PLAIN}
    with override_settings(CACHES=caches, CACHE_MIDDLEWARE_ALIAS=alias, MIDDLEWARE=[OURS, FETCH]):
        assert ids(check_cache_aliases()) == found
    with override_settings(CACHES=caches, CACHE_MIDDLEWARE_ALIAS=alias, MIDDLEWARE=[OURS]):
        assert check_cache_aliases() == []


@pytest.mark.parametrize(
    ("backend", "alias", "found"),
    [("django-cache", "default", ["W033"]), ("django-cache", "shared", []), ("redis://", "default", [])],
)
def test_results_of_tasks(backend: str, alias: str, found: list[str]) -> None:
    """Some are written where nobody is active."""
    with override_settings(
        CACHES={"default": TENANTS, "shared": SHARED}, CELERY_RESULT_BACKEND=backend, CELERY_CACHE_BACKEND=alias
    ):
        assert ids(check_cache_aliases()) == found


def test_all_of_them_run() -> None:
    """The default of Django with --deploy only."""
    named = {check.__name__ for check in registry.registry.registered_checks}
    assert {"check_caches", "check_cache_aliases", "check_static_files"} <= named
    deployed = {check.__name__ for check in registry.registry.deployment_checks}
    assert {"check_default_cache", "check_file_fields"} <= deployed
