"""Tests of omnitenant_drf.resolvers and views: what an API says before any view of it is reached."""

from __future__ import annotations

from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.test import Client

from probe.clients import HostAsyncClient
from probe.models import Tenant


@pytest.fixture(params=["wsgi", "asgi"])
def ask(request: pytest.FixtureRequest, configure: Any, acme: Tenant, globex: Tenant) -> Any:
    """Ask an API that finds its tenants by a header."""
    configure(
        TENANT_RESOLVER="omnitenant_drf.resolvers.APIHeaderTenantResolver",
        NOT_FOUND_VIEW="omnitenant_drf.views.tenant_not_found",
        SUSPENDED_VIEW="omnitenant_drf.views.tenant_inactive",
    )
    client: Any = Client() if request.param == "wsgi" else HostAsyncClient()

    def get(path: str = "/who/", host: str = "api.example.com", **headers: str) -> Any:
        call = client.get if request.param == "wsgi" else async_to_sync(client.get)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return call(path, headers={"host": host, **named})

    return get


def test_the_header_names_the_tenant(ask: Any) -> None:
    """One address for all tenants; caches are told what the answer depends on."""
    for name in ("acme", "globex", "acme"):
        answer = ask(x_tenant_id=name)
        assert answer.json()["scope"] == name
        assert "X-Tenant-ID" in answer.headers["Vary"]


def test_the_header_may_be_called_otherwise(ask: Any, configure: Any) -> None:
    """It is a setting."""
    configure(TENANT_HEADER="X-Customer")
    assert ask(x_customer="acme").json()["scope"] == "acme"
    assert ask(x_tenant_id="acme").status_code == 400


def test_a_missing_header_is_a_400(ask: Any) -> None:
    """The client forgot it, and is told so in JSON whatever it prefers."""
    for headers in ({}, {"accept": "text/html"}, {"x_tenant_id": ""}):
        answer = ask(**headers)
        assert answer.status_code == 400
        assert answer.json() == {
            "detail": "This request needs a tenant.",
            "code": "tenant_required",
        }
        assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("name", ["initech", "public", "../acme", "a" * 500, "ACME"])
def test_an_unknown_tenant_is_a_404(ask: Any, name: str) -> None:
    """Also what could be no tenant's id, and on every further request from the cache."""
    for _ in range(2):
        answer = ask(x_tenant_id=name)
        assert answer.status_code == 404
        assert answer.json() == {"detail": "Not found.", "code": "tenant_not_found"}


def test_a_suspended_tenant_is_a_503(ask: Any, make_tenant: Any) -> None:
    """With a time after which to ask again."""
    make_tenant("initech", state=Tenant.State.SUSPENDED)
    answer = ask(x_tenant_id="initech")
    assert (answer.status_code, answer.json()["code"]) == (503, "tenant_inactive")
    assert answer.headers["Retry-After"] == "300"


def test_the_masters_host_needs_no_header(ask: Any) -> None:
    """There is an API for operators too; with a header it is the tenant's."""
    assert ask(host="www.example.com").json()["scope"] == "master"
    assert ask(host="www.example.com", x_tenant_id="acme").json()["scope"] == "acme"


def test_behind_other_resolvers_the_views_say_404(ask: Any, configure: Any) -> None:
    """A host that nobody has is no missing header."""
    configure(TENANT_RESOLVER="omnitenant_models.resolvers.CustomDomainTenantResolver")
    answer = ask(host="nobody.example.com")
    assert (answer.status_code, answer.json()["code"]) == (404, "tenant_not_found")


def test_in_a_chain_the_header_or_the_host_will_do(ask: Any, configure: Any) -> None:
    """The host is asked where the header is missing; where both fail the header would have helped."""
    configure(
        TENANT_RESOLVER=[
            "omnitenant_drf.resolvers.APIHeaderTenantResolver",
            "omnitenant_models.resolvers.CustomDomainTenantResolver",
        ]
    )
    assert ask(host="globex.example.com").json()["scope"] == "globex"
    assert ask(host="globex.example.com", x_tenant_id="acme").json()["scope"] == "acme"
    assert ask(host="nobody.example.com").status_code == 400
