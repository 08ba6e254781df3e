"""Tests of the resolvers that read the tenant's id elsewhere: header, path, session, user."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import AnonymousUser, User
from django.contrib.sessions.backends.db import SessionStore
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.http import HttpRequest
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from omnitenant_context.errors import TenantNotFound
from omnitenant_models.resolvers import (
    MASTER,
    BaseTenantResolver,
    HeaderTenantResolver,
    PathTenantResolver,
    SessionTenantResolver,
    UserTenantResolver,
)
from probe.models import Tenant


def asked(path: str = "/", host: str = "api.example.com", **headers: str) -> Any:
    """Make a request."""
    return RequestFactory().get(path, headers={"host": host, **headers})


@pytest.fixture(params=["resolve", "aresolve"])
def run(request: pytest.FixtureRequest) -> Any:
    """Ask a resolver, in both ways: ``run(resolver, request)``."""

    def ask(resolver: BaseTenantResolver, asking: HttpRequest) -> Any:
        if request.param == "resolve":
            return resolver.resolve(asking)
        return async_to_sync(resolver.aresolve)(asking)

    return ask


def test_the_header_names_the_tenant(run: Any, acme: Tenant) -> None:
    """Also on the master's host: the header wins."""
    for host in ("api.example.com", "www.example.com"):
        assert run(HeaderTenantResolver(), asked(host=host, x_tenant_id="acme")) == acme


def test_the_header_is_a_setting(run: Any, acme: Tenant, configure: Any) -> None:
    """Its name is read at every request, and what is added to Vary with it."""
    configure(TENANT_HEADER="X-Customer")
    assert run(HeaderTenantResolver(), asked(x_customer="acme")) == acme
    assert HeaderTenantResolver().vary_headers(asked()) == ("X-Customer",)


def test_without_a_header_only_the_public_host_has_an_answer(run: Any, db: None) -> None:
    """The master there, nobody elsewhere."""
    assert run(HeaderTenantResolver(), asked(host="www.example.com")) is MASTER
    with pytest.raises(TenantNotFound, match="X-Tenant-ID"):
        run(HeaderTenantResolver(), asked())


def test_without_a_public_host_a_header_is_needed(run: Any, db: None, configure: Any) -> None:
    """No header never means the master then."""
    configure(PUBLIC_HOST=None)
    with pytest.raises(TenantNotFound):
        run(HeaderTenantResolver(), asked())


@pytest.mark.parametrize("tenant_id", ["Acme", "a b", "x" * 64, "master", "public", "-a", "a\n"])
def test_what_is_no_id_never_reaches_the_database(run: Any, db: None, tenant_id: str) -> None:
    """Scanners cost no query."""
    request = asked()
    request.META["HTTP_X_TENANT_ID"] = tenant_id
    with CaptureQueriesContext(connection) as queries, pytest.raises(TenantNotFound) as caught:
        run(HeaderTenantResolver(), request)
    assert len(queries) == 0
    assert caught.value.tenant_id == tenant_id


def test_an_unknown_id_is_not_found(run: Any, db: None) -> None:
    """Although it could be one."""
    with pytest.raises(TenantNotFound, match="'nobody'"):
        run(HeaderTenantResolver(), asked(x_tenant_id="nobody"))


def test_the_answer_varies_by_the_header(ask: Any, acme: Tenant, configure: Any) -> None:
    """On every answer, so that shared caches do not mix tenants; a domain needs no such thing."""
    assert "Vary" not in ask("/who/").headers
    configure(TENANT_RESOLVER="omnitenant_models.resolvers.HeaderTenantResolver")
    client = type(ask.client)()
    ask.client.handler = client.handler
    assert "X-Tenant-ID" in ask("/who/", x_tenant_id="acme").headers["Vary"]
    assert "X-Tenant-ID" in ask("/who/", "www.example.com").headers["Vary"]
    assert "X-Tenant-ID" in ask("/who/").headers["Vary"]


@pytest.mark.parametrize(("prefix", "path"), [("t", "/t/acme/"), ("/sites/eu/", "/sites/eu/acme/x"), ("", "/acme")])
def test_the_path_names_the_tenant(run: Any, acme: Tenant, configure: Any, prefix: str, path: str) -> None:
    """Below a prefix of any depth."""
    configure(TENANT_PATH_PREFIX=prefix)
    assert run(PathTenantResolver(), asked(path)) == acme


@pytest.mark.parametrize("path", ["/", "/t", "/t/", "/tt/acme/", "/x/t/acme/"])
def test_a_path_without_a_tenant(run: Any, acme: Tenant, configure: Any, path: str) -> None:
    """The master's on PUBLIC_HOST, and where there is none; nobody's on any other host."""
    assert run(PathTenantResolver(), asked(path, "www.example.com")) is MASTER
    with pytest.raises(TenantNotFound):
        run(PathTenantResolver(), asked(path))
    configure(PUBLIC_HOST=None)
    assert run(PathTenantResolver(), asked(path)) is MASTER
    assert PathTenantResolver().mount_point(asked(path)) == ""


def with_session(host: str = "api.example.com", **values: Any) -> Any:
    """Make a request with a stored session."""
    stored = SessionStore()
    stored.update(values)
    stored.save()
    request = asked(host=host)
    request.session = SessionStore(stored.session_key)
    return request


def test_the_session_names_the_tenant(run: Any, acme: Tenant) -> None:
    """Read synchronously or awaited; the tenant itself is remembered."""
    resolver = SessionTenantResolver()
    assert run(resolver, with_session(tenant_id="acme")) == acme
    request = with_session(tenant_id="acme")
    with CaptureQueriesContext(connection) as queries:
        assert run(resolver, request) == acme
    assert [query["sql"] for query in queries if "probe_" in query["sql"]] == []


def test_a_session_without_a_tenant(run: Any, db: None, configure: Any) -> None:
    """The master's on PUBLIC_HOST, and where there is none; nobody's elsewhere."""
    assert run(SessionTenantResolver(), with_session("www.example.com")) is MASTER
    with pytest.raises(TenantNotFound, match="'tenant_id'"):
        run(SessionTenantResolver(), with_session())
    configure(PUBLIC_HOST=None)
    assert run(SessionTenantResolver(), with_session()) is MASTER


@pytest.mark.parametrize("value", ["nobody", 7, ["acme"]])
def test_a_session_with_a_wrong_tenant(run: Any, acme: Tenant, value: Any) -> None:
    """Nobody's, never the master's."""
    with pytest.raises(TenantNotFound):
        run(SessionTenantResolver(), with_session(tenant_id=value))


def test_sessions_must_be_above(run: Any) -> None:
    """The error says what to move."""
    with pytest.raises(ImproperlyConfigured, match="SessionMiddleware above TenantMiddleware"):
        run(SessionTenantResolver(), asked())


class ByMail(UserTenantResolver):
    """Users belong to the tenant that their address says."""

    def get_tenant(self, user: Any) -> Any:
        """Answer."""
        return user.email.partition("@")[2].partition(".")[0] or None


class ByName(UserTenantResolver):
    """A path of attributes to an id."""

    attribute: ClassVar[str] = "profile.customer"


def staff(**values: Any) -> Any:
    """Make a user with a profile."""
    user: Any = User(pk=1, **values)
    user.profile = SimpleNamespace(customer="acme")
    return user


def of_user(user: Any, host: str = "api.example.com") -> Any:
    """Make a request of somebody who is logged in."""

    async def auser() -> Any:
        return user

    request = asked(host=host)
    request.user, request.auser = user, auser
    return request


def test_the_user_names_the_tenant(run: Any, acme: Tenant) -> None:
    """By a method, or a path of attributes, that gives the tenant or its id."""
    user = staff(email="ann@acme.com")
    assert run(ByMail(), of_user(user)) == acme
    assert run(ByName(), of_user(user)) == acme
    user.tenant = acme
    assert run(UserTenantResolver(), of_user(user)) is acme
    user.tenant = lambda: "acme"
    assert run(UserTenantResolver(), of_user(user)) == acme


@pytest.mark.parametrize("user", [AnonymousUser(), User(pk=1, email="")])
def test_nobodys_user(run: Any, db: None, user: Any, configure: Any) -> None:
    """Somebody without a tenant is at the master on its host, and where there is none; else nowhere."""
    assert run(ByMail(), of_user(user, "www.example.com")) is MASTER
    with pytest.raises(TenantNotFound):
        run(ByMail(), of_user(user))
    configure(PUBLIC_HOST=None)
    assert run(ByMail(), of_user(user)) is MASTER


def test_an_attribute_that_users_do_not_have_is_an_error(run: Any) -> None:
    """A typing mistake does not send everybody to the master."""
    with pytest.raises(ImproperlyConfigured, match="'tenant'"):
        run(UserTenantResolver(), of_user(User(pk=1), "www.example.com"))


def test_a_row_that_a_user_does_not_have_is_no_tenant(run: Any) -> None:
    """A one-to-one profile that was never made is like an empty one."""

    class WithoutRow:
        pk = 1
        is_authenticated = True

        @property
        def tenant(self) -> Any:
            raise Tenant.DoesNotExist

    assert run(UserTenantResolver(), of_user(WithoutRow(), "www.example.com")) is MASTER


def test_users_must_be_above(run: Any) -> None:
    """The error says what to move."""
    with pytest.raises(ImproperlyConfigured, match="AuthenticationMiddleware above TenantMiddleware"):
        run(UserTenantResolver(), asked())


def test_a_logged_in_user_reaches_the_tenant(ask: Any, acme: Tenant, configure: Any, settings: Any) -> None:
    """Through real sessions and authentication, with the middleware in the other order."""
    settings.MIDDLEWARE = [*settings.MIDDLEWARE[1:], settings.MIDDLEWARE[0]]
    configure(TENANT_RESOLVER=f"{__name__}.ByMail")
    user = User.objects.create_user("ann", "ann@acme.com", "secret")
    assert ask("/who/", "www.example.com").json()["scope"] == "master"
    ask.client.force_login(user)
    response = ask("/who/")
    assert response.json()["scope"] == "acme"
    assert "Cookie" in response.headers["Vary"]
