"""Tests of omnitenant_models.middleware: who a request runs for, and what it gets when that is nobody."""

from __future__ import annotations

import logging
import threading
from typing import Any, ClassVar

import pytest
from asgiref.sync import async_to_sync
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from omnitenant_context.context import TenantContext
from omnitenant_context.errors import TenantInactiveError
from omnitenant_context.scope import MASTER
from omnitenant_models.middleware import TenantMiddleware
from omnitenant_models.resolvers import BaseTenantResolver
from probe.models import Tenant


class Fixed(BaseTenantResolver):
    """Answers with what the test says."""

    answer: Any = None
    seen: ClassVar[list[str]] = []

    def resolve(self, request: HttpRequest) -> Any:
        """Note who is active, and answer."""
        self.seen.append(TenantContext.get_scope().label)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class AsyncFixed(BaseTenantResolver):
    """The same for an event loop only."""

    async def aresolve(self, request: HttpRequest) -> Any:
        """Answer."""
        return await TenantFinder.find()


class TenantFinder:
    """Finds the first tenant."""

    @staticmethod
    async def find() -> Any:
        """Query."""
        return await Tenant.objects.aget(tenant_id="acme")


@pytest.fixture
def fixed(configure: Any, monkeypatch: pytest.MonkeyPatch) -> type[Fixed]:
    """Let the middleware ask the resolver above."""
    monkeypatch.setattr(Fixed, "seen", [])
    configure(TENANT_RESOLVER=f"{__name__}.Fixed")
    return Fixed


@pytest.mark.parametrize("view", ["who", "awho"])
def test_a_request_runs_for_its_tenant(ask: Any, acme: Tenant, globex: Tenant, view: str) -> None:
    """Sync and async views under both kinds of handler see the tenant of their host, one after another."""
    for tenant in (acme, globex, acme):
        told = ask(f"/{view}/", f"{tenant.tenant_id}.example.com").json()
        assert told["tenant"] == told["scope"] == tenant.tenant_id


def test_the_public_host_runs_for_the_master(ask: Any, db: None) -> None:
    """On PUBLIC_HOST the master is active and there is no tenant."""
    told = ask("/who/", "www.example.com").json()
    assert (told["tenant"], told["scope"]) == (None, "master")


def test_what_was_active_before_is_active_again(ask: Any, acme: Tenant, globex: Tenant) -> None:
    """A request made inside another tenant's context restores that context."""
    with TenantContext.use_tenant(globex):
        assert ask("/who/").json()["scope"] == "acme"
        assert TenantContext.get_tenant() is globex


def test_nothing_is_left_after_an_error_in_a_view(ask: Any, acme: Tenant) -> None:
    """An exception becomes Django's 500, and nobody is active afterwards."""
    assert ask("/boom/").status_code == 500


def test_nothing_is_left_when_the_rest_of_the_site_raises(acme: Tenant) -> None:
    """An exception that passes through the middleware itself is not swallowed, and nobody stays active."""

    def get_response(request: HttpRequest) -> HttpResponse:
        raise TenantInactiveError("of another tenant, entered by the view")

    request = RequestFactory().get("/", headers={"host": "acme.example.com"})
    with pytest.raises(TenantInactiveError, match="by the view"):
        TenantMiddleware(get_response)(request)


def test_what_a_view_entered_and_never_left_is_left(ask: Any, acme: Tenant) -> None:
    """A careless view does not pass its context on."""
    assert ask("/careless/").content == b"unscoped"


def test_a_warm_request_asks_nothing(ask: Any, acme: Tenant) -> None:
    """The second request for a host costs no query."""
    ask("/who/")
    with CaptureQueriesContext(connection) as queries:
        assert ask("/who/").json()["tenant"] == "acme"
    assert len(queries) == 0


def test_a_cold_request_asks_once(ask: Any, acme: Tenant) -> None:
    """Domain and tenant come with one query."""
    with CaptureQueriesContext(connection) as queries:
        ask("/who/")
    assert len(queries) == 1


def test_an_unknown_host_gets_a_plain_page(ask: Any, acme: Tenant) -> None:
    """404 in HTML without a word about tenants or hosts."""
    response = ask("/who/", "nobody.example.com")
    assert response.status_code == 404
    assert response.headers["Content-Type"].startswith("text/html")
    assert b"There is nothing at this address." in response.content
    assert b"nobody" not in response.content
    assert response.headers["Cache-Control"] == "no-store"
    assert "Accept" in response.headers["Vary"]


def test_an_unknown_host_gets_json_where_the_client_prefers_it(ask: Any, db: None) -> None:
    """404 in JSON by the Accept header."""
    response = ask("/who/", "nobody.example.com", accept="application/json, text/html;q=0.5")
    assert (response.status_code, response.json()) == (
        404,
        {"detail": "There is nothing at this address."},
    )


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_debug_adds_the_reason(ask: Any, db: None, settings: Any, accept: str) -> None:
    """With DEBUG the page says what was looked for, escaped."""
    settings.DEBUG = True
    response = ask("/who/", "nobody.example.com", accept=accept)
    assert b"nobody.example.com" in response.content
    assert b"'nobody.example.com'" not in response.content or accept == "application/json"


def test_a_resolver_that_gives_none_found_nobody(ask: Any, fixed: Any, db: None) -> None:
    """None is answered like TenantNotFound."""
    assert ask("/who/").status_code == 404


def test_a_resolver_runs_in_the_master(ask: Any, fixed: Any, acme: Tenant, monkeypatch: Any) -> None:
    """Whatever is active around the middleware, the resolver asks the master."""
    monkeypatch.setattr(fixed, "answer", MASTER)
    with TenantContext.use_tenant(acme):
        ask("/who/")
    assert fixed.seen == ["master"]


def test_a_resolver_that_gives_no_tenant_is_an_error(ask: Any, fixed: Any, db: None, monkeypatch: Any) -> None:
    """An id instead of a tenant never counts as one."""
    monkeypatch.setattr(fixed, "answer", "acme")
    response = ask("/who/")
    assert response.status_code == 500
    assert "'acme' is no tenant" in str(response.exc_info[1])


def test_a_resolver_with_aresolve_alone_works_everywhere(ask: Any, acme: Tenant, configure: Any) -> None:
    """The same coroutine resolver serves the sync and the async handler."""
    configure(TENANT_RESOLVER=f"{__name__}.AsyncFixed")
    assert ask("/who/").json()["tenant"] == "acme"


def test_a_host_that_is_not_allowed_stays_djangos(ask: Any, db: None) -> None:
    """ALLOWED_HOSTS holds: 400, not 404."""
    assert ask("/who/", "evil.test").status_code == 400


@pytest.mark.parametrize("state", ["suspended", "failed", "provisioning"])
def test_a_tenant_that_is_not_active_gets_503(ask: Any, make_tenant: Any, state: str) -> None:
    """With Retry-After, and without saying which tenant it is or why."""
    make_tenant("acme", state=state)
    response = ask("/who/")
    assert response.status_code == 503
    assert response.headers["Retry-After"] == "300"
    assert b"acme" not in response.content.lower()


def test_a_suspended_tenant_gets_json_where_the_client_prefers_it(ask: Any, make_tenant: Any) -> None:
    """503 in JSON by the Accept header."""
    make_tenant("acme", state="suspended")
    response = ask("/who/", accept="application/json")
    assert (response.status_code, list(response.json())) == (503, ["detail"])


def test_hits_on_a_suspended_tenant_are_no_errors(ask: Any, make_tenant: Any, caplog: pytest.LogCaptureFixture) -> None:
    """The reason is logged, as one warning: an error would be mailed for every hit."""
    make_tenant("acme", state="suspended")
    with caplog.at_level(logging.INFO, "django.request"):
        ask("/who/")
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "tenant 'acme' is suspended" in caplog.text


def test_a_project_shows_its_own_page_for_a_suspended_tenant(ask: Any, make_tenant: Any, configure: Any) -> None:
    """SUSPENDED_VIEW gets the tenant, runs in the master, and is a 503 though it says 200."""
    make_tenant("acme", state="suspended")
    configure(SUSPENDED_VIEW="probe.views.suspended")
    response = ask("/who/")
    assert response.content == b"Acme sleeps, says master/"
    assert (response.status_code, response.headers["Retry-After"]) == (503, "300")


@pytest.mark.parametrize("view", ["not_found", "anot_found"])
def test_a_project_shows_its_own_page_for_nobody(ask: Any, db: None, configure: Any, view: str) -> None:
    """NOT_FOUND_VIEW, sync or async, runs in the master; its template is rendered; it is a 404."""
    configure(NOT_FOUND_VIEW=f"probe.views.{view}")
    response = ask("/who/", "nobody.example.com")
    assert (response.status_code, response.content) == (404, b"nobody for master/")


def test_a_resolver_may_refuse_by_itself(
    ask: Any, fixed: Any, db: None, configure: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A TenantInactiveError from the resolver is a 503; the page gets no tenant then."""
    monkeypatch.setattr(fixed, "answer", TenantInactiveError("closed on Sundays"))
    assert ask("/who/").status_code == 503
    configure(SUSPENDED_VIEW="probe.views.suspended")
    assert ask("/who/").content == b"nobody sleeps, says master/"


def test_a_project_may_send_strangers_away(ask: Any, db: None, configure: Any) -> None:
    """A redirect from NOT_FOUND_VIEW stays one."""
    configure(NOT_FOUND_VIEW="probe.views.elsewhere")
    assert ask("/who/", "nobody.example.com").status_code == 302


def test_a_view_that_cannot_be_imported_is_named(ask: Any, db: None, configure: Any) -> None:
    """The error says which setting and which path."""
    configure(NOT_FOUND_VIEW="probe.views.missing")
    response = ask("/who/", "nobody.example.com")
    assert "['NOT_FOUND_VIEW'] names 'probe.views.missing'" in str(response.exc_info[1])


@pytest.mark.parametrize(
    ("exempt", "status"),
    [
        (["/who/"], 200),
        ("/who", 200),
        (["/other/", "/who"], 200),
        (["/"], 200),
        (["/wh"], 404),
        ("/health", 404),
        ([""], 404),
        ("", 404),
    ],
)
def test_exempt_paths_run_in_the_master(
    ask: Any, db: None, configure: Any, settings: Any, exempt: Any, status: int
) -> None:
    """A probe with an IP address for a host reaches its view; whole segments are compared."""
    settings.ALLOWED_HOSTS = ["*"]
    configure(EXEMPT_PATHS=exempt)
    response = ask("/who/", "10.0.0.7:8000")
    assert response.status_code == status
    if status == 200:
        assert response.json()["scope"] == "master"


def test_exempt_paths_ask_neither_host_nor_resolver(fixed: Any, configure: Any) -> None:
    """What ALLOWED_HOSTS refuses reaches an exempt view, without a query."""
    configure(EXEMPT_PATHS=["/health/"])

    def get_response(request: Any) -> HttpResponse:
        return HttpResponse(str(request.tenant))

    middleware: Any = TenantMiddleware(get_response)
    request = RequestFactory().get("/health/", headers={"host": "10.0.0.7"})
    assert middleware(request).content == b"None"
    assert fixed.seen == []


def test_a_resolver_that_does_not_exist_is_named_at_construction(configure: Any) -> None:
    """The error comes when the site starts, and names the path."""
    configure(TENANT_RESOLVER="probe.nowhere.Resolver")
    with pytest.raises(ImproperlyConfigured, match=r"'probe\.nowhere\.Resolver'"):
        TenantMiddleware(lambda request: HttpResponse())


def test_the_middleware_is_native_in_an_event_loop(acme: Tenant) -> None:
    """A warm request stays in its thread: nothing is handed to another one."""
    threads: list[int] = []

    async def get_response(request: HttpRequest) -> HttpResponse:
        threads.append(threading.get_ident())
        return HttpResponse()

    async def visit() -> int:
        for _ in range(2):
            await middleware(RequestFactory().get("/", headers={"host": "acme.example.com"}))
        steps = middleware(RequestFactory().get("/", headers={"host": "acme.example.com"}))
        with pytest.raises(StopIteration):
            steps.send(None)  # a coroutine that never waits ends in its first step
        return threading.get_ident()

    middleware: Any = TenantMiddleware(get_response)
    assert set(threads) <= {async_to_sync(visit)()}
    assert len(threads) == 3
