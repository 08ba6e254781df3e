"""Tests of omnitenant_models.checks.middleware: what is wrong with the way of a request."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import override_settings

from omnitenant_models.checks.middleware import check_middleware

MINE = "omnitenant_models.middleware.TenantMiddleware"
SESSIONS = "django.contrib.sessions.middleware.SessionMiddleware"
USERS = "django.contrib.auth.middleware.AuthenticationMiddleware"
FETCH = "django.middleware.cache.FetchFromCacheMiddleware"
UPDATE = "django.middleware.cache.UpdateCacheMiddleware"
RESOLVERS = "omnitenant_models.resolvers"


def found() -> list[str]:
    """Return the numbers of what the checks report."""
    reports = check_middleware()
    assert all(report.hint for report in reports)
    return [str(report.id).removeprefix("omnitenant_models.") for report in reports]


def test_a_good_set_up_is_silent() -> None:
    """The settings of these tests are in order."""
    assert found() == []


@override_settings(MIDDLEWARE=[SESSIONS, USERS])
def test_a_missing_middleware_is_a_warning() -> None:
    """A project that only runs tasks needs none."""
    assert found() == ["W020"]


def test_a_subclass_counts(settings: Any) -> None:
    """A project may derive its own middleware, of ours and of Django's."""
    settings.MIDDLEWARE = [f"{__name__}.Derived", SESSIONS]
    assert found() == []
    settings.MIDDLEWARE = [f"{__name__}.DerivedSessions", f"{__name__}.Derived"]
    assert found() == ["E020"]


def _derived() -> tuple[type[Any], type[Any]]:
    from django.utils.module_loading import import_string

    return type("Derived", (import_string(MINE),), {}), type("DerivedSessions", (import_string(SESSIONS),), {})


Derived, DerivedSessions = _derived()


@pytest.mark.parametrize("above", [SESSIONS, USERS, FETCH, UPDATE])
def test_what_reads_the_tenants_data_must_be_below(settings: Any, above: str) -> None:
    """Sessions, users and the page cache above the middleware are errors."""
    settings.MIDDLEWARE = [above, MINE]
    assert found() == ["E020"]
    settings.MIDDLEWARE = [MINE, above]
    assert found() == []


@override_settings(MIDDLEWARE=["nowhere.Middleware", MINE, "probe.views.who"])
def test_what_cannot_be_imported_is_djangos_to_report() -> None:
    """Functions and missing modules are passed over."""
    assert found() == []


@pytest.mark.parametrize(
    ("resolver", "above"),
    [("SessionTenantResolver", [SESSIONS]), ("UserTenantResolver", [SESSIONS, USERS])],
)
def test_some_resolvers_turn_the_order_around(settings: Any, configure: Any, resolver: str, above: list[str]) -> None:
    """What they read must be above, and in the master."""
    configure(TENANT_RESOLVER=[f"{RESOLVERS}.HeaderTenantResolver", f"{RESOLVERS}.{resolver}"])
    settings.MIDDLEWARE = [MINE, *above]
    assert found() == ["E021"] * len(above) + ["E022"] * len(above)
    settings.MIDDLEWARE = [*above, MINE]
    assert found() == ["E022"] * len(above)
    configure(MODEL_SCOPES={"sessions": "master", "auth": "master"})
    assert found() == []


@pytest.mark.parametrize(
    "resolver",
    ["nowhere.Resolver", "probe.views.who", [], [f"{RESOLVERS}.PathTenantResolver", "nowhere.R"]],
)
def test_what_is_no_resolver_is_an_error(configure: Any, resolver: Any) -> None:
    """With the path in the message, also inside a list."""
    configure(TENANT_RESOLVER=resolver)
    assert found() == ["E023"]


@pytest.mark.parametrize("name", ["PUBLIC_HOST", "SUBDOMAIN_BASE"])
@pytest.mark.parametrize("value", ["https://example.com", "a b", "example.com/x", 7])
def test_what_is_no_host_name_is_an_error(configure: Any, name: str, value: Any) -> None:
    """An address, for example."""
    configure(**{name: value})
    assert found() == ["E024"]


def test_subdomains_need_a_base(configure: Any) -> None:
    """PUBLIC_HOST serves where SUBDOMAIN_BASE is missing."""
    configure(TENANT_RESOLVER=f"{RESOLVERS}.SubdomainTenantResolver")
    assert found() == []
    configure(PUBLIC_HOST=None)
    assert found() == ["E025"]


@pytest.mark.parametrize("paths", ["health/", ["/"], [""], ["/health/", "ready"], [7]])
def test_exempt_paths_are_below_the_root(configure: Any, paths: Any) -> None:
    """The root alone would exempt the whole site."""
    configure(EXEMPT_PATHS=paths)
    assert found() == ["E026"]


def test_good_exempt_paths_are_silent(configure: Any) -> None:
    """One as a text, or several."""
    for paths in ("/health/", ["/health", "/ready/"], ()):
        configure(EXEMPT_PATHS=paths)
        assert found() == []


@pytest.mark.parametrize("name", ["NOT_FOUND_VIEW", "SUSPENDED_VIEW"])
@pytest.mark.parametrize("value", ["probe.views.missing", "probe.views.closed_in", "views", 7])
def test_views_must_exist(configure: Any, name: str, value: Any) -> None:
    """Before the first stranger comes."""
    configure(**{name: value})
    assert found() == ["E027"]
