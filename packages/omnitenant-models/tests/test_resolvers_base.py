"""Tests of what a project's own resolver may look like, and of chains of them."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.http import HttpRequest
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from omnitenant_context.errors import TenantNotFound
from omnitenant_models.resolvers import (
    MASTER,
    BaseTenantResolver,
    CachedTenantResolver,
    ChainTenantResolver,
    HeaderTenantResolver,
    PathTenantResolver,
)
from omnitenant_models.resolvers._build import build_resolver
from omnitenant_models.utils import get_tenant_model
from probe.models import Tenant

PACKAGE = "omnitenant_models.resolvers"


class GuideResolver(BaseTenantResolver):
    """Resolve tenant from HTTP header."""

    def resolve(self, request):  # type: ignore[no-untyped-def]  # as users write it
        """Find it."""
        tenant_id = request.headers.get("X-Tenant-ID")

        if not tenant_id:
            raise TenantNotFound("X-Tenant-ID header required")

        Tenant: Any = get_tenant_model()  # noqa: N806 - the guide's spelling
        try:
            return Tenant.objects.get(tenant_id=tenant_id)
        except Tenant.DoesNotExist:
            raise TenantNotFound(f"Tenant '{tenant_id}' not found")  # noqa: B904 - as the guide has it


class Duck:
    """A resolver without a base."""

    vary_on = ("X-Duck",)

    def resolve(self, request: HttpRequest) -> Any:
        """Find it."""
        return Tenant.objects.get(tenant_id="acme")


class AsyncDuck:
    """The same for an event loop, with a key."""

    async def aresolve(self, request: HttpRequest) -> Any:
        """Find it."""
        return await Tenant.objects.aget(tenant_id="acme")

    def cache_key(self, request: HttpRequest) -> str:
        """Depend on nothing."""
        return "always"


class Neither:
    """No resolver."""


class Empty(BaseTenantResolver):
    """A resolver that cannot."""


class Misnamed(BaseTenantResolver):
    """A resolver whose author did not know of aresolve."""

    async def resolve(self, request: HttpRequest) -> Any:  # type: ignore[override]  # the mistake under test
        """Never called."""


class Nobody(BaseTenantResolver):
    """Finds nobody, the quiet way."""

    vary_on: ClassVar[tuple[str, ...]] = ("X-Nobody",)

    def resolve(self, request: HttpRequest) -> Any:
        """Find nothing."""
        return None


class Own(ChainTenantResolver):
    """A chain as a class."""

    members: ClassVar[list[Any]] = [Nobody, f"{PACKAGE}.HeaderTenantResolver"]


def test_the_guides_resolver_works(ask: Any, acme: Tenant, configure: Any) -> None:
    """Written as the guide does, found, missing and unknown, under both handlers."""
    configure(TENANT_RESOLVER=f"{__name__}.GuideResolver")
    assert ask("/who/", x_tenant_id="acme").json()["scope"] == "acme"
    assert ask("/who/").status_code == 404
    assert ask("/who/", x_tenant_id="nobody").status_code == 404


@pytest.mark.parametrize("duck", ["Duck", "AsyncDuck"])
def test_a_resolver_needs_no_base(ask: Any, acme: Tenant, configure: Any, duck: str) -> None:
    """One method is enough, and what else it defines is used."""
    configure(TENANT_RESOLVER=f"{__name__}.{duck}")
    response = ask("/who/")
    assert response.json()["scope"] == "acme"
    assert ("X-Duck" in response.headers.get("Vary", "")) == (duck == "Duck")
    with CaptureQueriesContext(connection) as queries:
        ask("/who/")
    assert len(queries) == (1 if duck == "Duck" else 0)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("Neither", "is no resolver"),
        ("Empty", r"Empty cannot resolve anything; define resolve"),
        ("Misnamed", "name it aresolve"),
        ("Missing", "cannot be imported"),
    ],
)
def test_what_is_no_resolver_is_refused_by_name(given: str, says: str) -> None:
    """When the site starts, not at the first request."""
    with pytest.raises(ImproperlyConfigured, match=says) as caught:
        build_resolver(f"{__name__}.{given}")
    assert given in str(caught.value)


def test_a_resolver_with_a_key_is_remembered_without_asking() -> None:
    """Only those that give keys are wrapped, and none twice."""
    assert isinstance(build_resolver(HeaderTenantResolver), CachedTenantResolver)
    assert isinstance(build_resolver(GuideResolver), GuideResolver)
    wrapped = CachedTenantResolver(HeaderTenantResolver)
    assert build_resolver(wrapped) is wrapped


def chained(configure: Any, *members: str) -> None:
    """Let the middleware ask several resolvers."""
    configure(TENANT_RESOLVER=[f"{PACKAGE}.{member}" for member in members])


def test_a_list_is_a_chain(ask: Any, acme: Tenant, globex: Tenant, configure: Any) -> None:
    """The first who finds somebody answers."""
    chained(configure, "HeaderTenantResolver", "CustomDomainTenantResolver")
    assert ask("/who/", x_tenant_id="globex").json()["scope"] == "globex"
    assert ask("/who/").json()["scope"] == "acme"
    assert ask("/who/", x_tenant_id="nobody").json()["scope"] == "acme"
    assert ask("/who/", "www.example.com").json()["scope"] == "master"


def test_a_chain_that_finds_nobody_says_why(db: None) -> None:
    """Every member's reason is in the error."""
    chain = ChainTenantResolver([HeaderTenantResolver, f"{PACKAGE}.CustomDomainTenantResolver"])
    with pytest.raises(TenantNotFound, match=r"X-Tenant-ID.*; .*no tenant has the domain"):
        chain.resolve(RequestFactory().get("/", headers={"host": "nobody.example.com"}))


def test_members_are_remembered_by_themselves(ask: Any, acme: Tenant, configure: Any) -> None:
    """A warm request through a chain costs no query, whichever member answers."""
    chained(configure, "HeaderTenantResolver", "CustomDomainTenantResolver")
    for headers in ({}, {"x_tenant_id": "acme"}, {"x_tenant_id": "nobody"}):
        ask("/who/", **headers)
        with CaptureQueriesContext(connection) as queries:
            assert ask("/who/", **headers).json()["scope"] == "acme"
        assert len(queries) == 0


def test_the_member_that_answered_moves_the_path(ask: Any, acme: Tenant, configure: Any) -> None:
    """A tenant found by its host keeps the whole path; one found by its path does not."""
    chained(configure, "PathTenantResolver", "CustomDomainTenantResolver")
    assert ask("/t/acme/who/", "www.example.com").json()["reverse"] == "/t/acme/who/"
    assert ask("/who/").json()["reverse"] == "/who/"


def test_a_chain_varies_by_whom_it_asked(ask: Any, acme: Tenant, configure: Any) -> None:
    """By the header that was missing, and not by cookies that nobody looked at."""
    configure(
        TENANT_RESOLVER=[
            f"{__name__}.Nobody",
            f"{PACKAGE}.CustomDomainTenantResolver",
            f"{PACKAGE}.HeaderTenantResolver",
        ]
    )
    assert ask("/who/").headers["Vary"] == "X-Nobody"
    assert ask("/who/", "nobody.example.com").headers["Vary"] == "Accept, X-Nobody, X-Tenant-ID"


def test_a_member_leaves_the_master_to_those_after_it(acme: Tenant, configure: Any) -> None:
    """Without a PUBLIC_HOST, a path that names nobody is the master's only where nobody else is asked."""
    configure(PUBLIC_HOST=None)
    request = RequestFactory().get("/", headers={"host": "acme.example.com"})
    assert PathTenantResolver().resolve(request) is MASTER
    chain = ChainTenantResolver([PathTenantResolver, f"{PACKAGE}.CustomDomainTenantResolver"])
    assert chain.resolve(request) == acme


def test_chains_nest_and_can_be_classes(ask: Any, acme: Tenant, configure: Any) -> None:
    """A chain is a resolver like another, with members of its own."""
    configure(TENANT_RESOLVER=[f"{__name__}.Own", f"{PACKAGE}.PathTenantResolver"])
    assert ask("/who/", x_tenant_id="acme").json()["scope"] == "acme"
    assert ask("/t/acme/who/").json()["reverse"] == "/t/acme/who/"


def test_an_empty_chain_is_refused(configure: Any) -> None:
    """It could never answer."""
    with pytest.raises(ImproperlyConfigured, match="no members"):
        build_resolver([])
