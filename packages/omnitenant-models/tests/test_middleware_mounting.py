"""Tests of omnitenant_models._mounting: tenants below a part of the path."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from django.test import AsyncRequestFactory, RequestFactory
from django.urls import get_resolver, get_script_prefix, set_script_prefix

from omnitenant_models._mounting import mount, script_prefix
from omnitenant_models.resolvers import BaseTenantResolver
from probe.models import Tenant


@pytest.fixture(autouse=True)
def _by_path(configure: Any) -> None:
    configure(TENANT_RESOLVER="omnitenant_models.resolvers.PathTenantResolver")


def test_a_tenants_path_is_its_script_name(ask: Any, acme: Tenant) -> None:
    """The URLconf does not see it; reverse() and absolute addresses contain it; the path stays whole."""
    told = ask("/t/acme/who/?a=1", "www.example.com").json()
    assert told == {
        "tenant": "acme",
        "scope": "acme",
        "path": "/t/acme/who/",
        "path_info": "/who/",
        "script_name": "/t/acme",
        "reverse": "/t/acme/who/",
        "here": "http://www.example.com/t/acme/who/?a=1",
    }


def test_a_path_without_a_tenant_is_the_masters(ask: Any, acme: Tenant) -> None:
    """Nothing is moved, also right after a request of a tenant."""
    ask("/t/acme/who/", "www.example.com")
    told = ask("/who/", "www.example.com").json()
    assert (told["scope"], told["reverse"], told["script_name"]) == ("master", "/who/", "")


def test_a_path_that_ends_with_the_tenant_is_its_root(ask: Any, acme: Tenant) -> None:
    """Without a slash at the end it is as if there were one, as Django does for a SCRIPT_NAME."""
    told = ask("/t/acme", "www.example.com").json()
    assert (told["path"], told["path_info"]) == ("/t/acme/", "/")


def test_redirects_and_templates_have_the_prefix(ask: Any, acme: Tenant) -> None:
    """``redirect("name")`` and ``{% url %}`` make addresses of this tenant."""
    assert ask("/t/acme/leaving/", "www.example.com").headers["Location"] == "/t/acme/who/"
    assert ask("/t/acme/linked/", "www.example.com").content == b"/t/acme/who/"


def test_a_missing_slash_is_added_inside_the_tenant(ask: Any, acme: Tenant) -> None:
    """APPEND_SLASH works below the prefix."""
    assert ask("/t/acme/who", "www.example.com").headers["Location"] == "/t/acme/who/"


def test_the_prefix_is_gone_after_the_request(ask: Any, acme: Tenant) -> None:
    """Also after an error in the view."""
    set_script_prefix("/outer/")
    try:
        assert ask("/t/acme/linked/", "www.example.com").content == b"/outer/t/acme/who/"
        ask("/t/acme/boom/", "www.example.com")
        assert get_script_prefix() == "/outer/"
    finally:
        set_script_prefix("/")


def test_no_cache_of_urls_is_cleared_or_filled_per_tenant(ask: Any, acme: Tenant, globex: Tenant) -> None:
    """Tenants share the one compiled URLconf, which stays as it was."""
    ask("/t/acme/linked/", "www.example.com")
    before = get_resolver()
    ask("/t/globex/linked/", "www.example.com")
    assert get_resolver() is before


def test_relative_addresses_of_static_files_do_not_keep_a_tenant(ask: Any, acme: Tenant, settings: Any) -> None:
    """Django remembers STATIC_URL at its first reading; below a tenant that would be the tenant's for all."""
    settings.STATIC_URL = "assets/"
    settings.MEDIA_URL = "uploads/"
    with script_prefix("/t/acme/"):
        assert django_settings.STATIC_URL == "/assets/"
        assert django_settings.MEDIA_URL == "/uploads/"
    assert django_settings.STATIC_URL == "/assets/"


def test_an_unknown_tenant_in_the_path_is_not_found(ask: Any, acme: Tenant) -> None:
    """It does not fall back to the master."""
    assert ask("/t/nobody/who/", "www.example.com").status_code == 404
    assert ask("/t/ACME/who/", "www.example.com").status_code == 404


def test_a_suspended_tenant_in_the_path_leaves_no_prefix(ask: Any, make_tenant: Any) -> None:
    """The refusal comes before anything is moved."""
    make_tenant("acme", state="suspended")
    assert ask("/t/acme/who/", "www.example.com").status_code == 503
    assert get_script_prefix() == "/"


@pytest.mark.parametrize("factory", [RequestFactory(), AsyncRequestFactory()])
def test_a_mount_below_a_script_name_joins_it(factory: Any) -> None:
    """A site that is served below a path itself keeps that path in front."""
    request: Any = factory.get("/t/acme/who/")
    request.META["SCRIPT_NAME"] = "/site"
    set_script_prefix("/site")
    try:
        assert mount(request, "/t/acme") == "/site/t/acme/"
    finally:
        set_script_prefix("/")
    assert request.META["SCRIPT_NAME"] == "/site/t/acme"
    assert getattr(request, "script_name", "/site/t/acme") == "/site/t/acme"


class Wrong(BaseTenantResolver):
    """Names a mount point that is not in the path."""

    point = ""

    def resolve(self, request: HttpRequest) -> Any:
        """Answer."""
        return Tenant.objects.get(tenant_id="acme")

    def mount_point(self, request: HttpRequest) -> str:
        """Answer wrongly."""
        return self.point


@pytest.mark.parametrize("point", ["/t/globex", "/t/ac", "/t/acme/", "t"])
def test_a_wrong_mount_point_is_an_error(
    ask: Any, acme: Tenant, configure: Any, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    """Only whole segments at the start of the path can be moved."""
    monkeypatch.setattr(Wrong, "point", point)
    configure(TENANT_RESOLVER=f"{__name__}.Wrong")
    response = ask("/t/acme/who/", "www.example.com")
    assert response.exc_info[0] is ImproperlyConfigured
    assert repr(point) in str(response.exc_info[1])
