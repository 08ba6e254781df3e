"""The WSGI middleware, checked by the validator of the standard library."""

from __future__ import annotations

import io
import threading
from typing import TYPE_CHECKING, Any
from wsgiref.util import FileWrapper, setup_testing_defaults
from wsgiref.validate import validator

import pytest

from omnitenant_context.context import TenantContext, enter, get_scope
from omnitenant_context.errors import DomainNotFound, OmnitenantError
from omnitenant_context.loaders import load_tenant
from omnitenant_context.scope import MASTER
from omnitenant_context.wsgi import TenantWSGIMiddleware

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from omnitenant_context.scope import Tenant

pytestmark = pytest.mark.usefixtures("directory")

HEADERS = [("Content-Type", "text/plain")]


def active() -> str:
    """Give the label of what is active."""
    return get_scope().label


def by_host(environ: WSGIEnvironment) -> Any:
    """Resolve by the host header, where one host stands for the master and one for nobody."""
    host = environ["HTTP_HOST"]
    assert active() == "nobody"
    return {"master": MASTER, "nobody": None}[host] if host in ("master", "nobody") else load_tenant(host)


class Server:
    """Plays the server: asks for each part, and notes what is active around it."""

    def __init__(self, app: WSGIApplication) -> None:
        self.app = validator(app)
        self.started: list[tuple[str, dict[str, str]]] = []
        self.started_in: list[str] = []

    def get(self, host: str, method: str = "GET") -> bytes:
        """Serve one request."""
        environ: dict[str, Any] = {
            "HTTP_HOST": host,
            "REQUEST_METHOD": method,
            "QUERY_STRING": "",
            "wsgi.file_wrapper": FileWrapper,
        }
        setup_testing_defaults(environ)

        def start_response(status: str, headers: list[tuple[str, str]], _: Any = None) -> Any:
            self.started.append((status, dict(headers)))
            self.started_in.append(active())
            return lambda _: None

        before = active()
        body: Any = self.app(environ, start_response)
        parts = []
        try:
            for part in body:
                assert active() == before
                parts.append(part)
        finally:
            body.close()
        assert active() == before
        return b" ".join(parts)


def hello(_environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer at once."""
    start_response("200 OK", HEADERS)
    return [active().encode()]


def test_a_plain_response_has_its_tenant() -> None:
    """In the application and in start_response; a list is handed over as it is."""
    server = Server(TenantWSGIMiddleware(hello, by_host))
    assert [server.get(host) for host in ("acme", "bolt", "master", "nobody")] == [
        b"acme",
        b"bolt",
        b"master",
        b"nobody",
    ]
    assert server.started_in == ["acme", "bolt", "master", "nobody"]
    body = TenantWSGIMiddleware(hello, by_host)({"HTTP_HOST": "acme"}, lambda *_: print)
    assert body == [b"acme"]


def test_a_generator_has_its_tenant_in_each_step() -> None:
    """An application that is a generator, start_response and cleanup included."""
    seen = []

    def app(_environ: WSGIEnvironment, start_response: StartResponse) -> Iterator[bytes]:
        try:
            start_response("200 OK", HEADERS)
            yield active().encode()
            yield active().encode()
        finally:
            seen.append(active())

    server = Server(TenantWSGIMiddleware(app, by_host))
    assert server.get("acme") == b"acme acme"
    assert server.started_in == ["acme"]
    assert seen == ["acme"]


def test_a_body_that_is_not_read_is_closed_in_its_tenant() -> None:
    """A server that drops the connection, before or after the first part, calls close."""
    seen = []

    class Body:
        def __iter__(self) -> Iterator[bytes]:
            return self

        def __next__(self) -> bytes:
            return active().encode()

        def close(self) -> None:
            seen.append(active())

    def app(_environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", HEADERS)
        return Body()

    middleware = TenantWSGIMiddleware(app, by_host)
    for steps in (0, 1):
        body: Any = middleware({"HTTP_HOST": "acme"}, lambda *_: print)
        for _ in range(steps):
            assert next(body) == b"acme"
        body.close()
        assert active() == "nobody"
    assert seen == ["acme", "acme"]


def test_a_body_may_be_sent_by_another_thread() -> None:
    """Each step enters in the thread that asks for it, and leaves it with nobody."""
    parts = []

    def app(_environ: WSGIEnvironment, start_response: StartResponse) -> Iterator[bytes]:
        start_response("200 OK", HEADERS)
        yield active().encode()

    body = TenantWSGIMiddleware(app, by_host)({"HTTP_HOST": "acme"}, lambda *_: print)

    def send() -> None:
        parts.extend([*body, active()])

    thread = threading.Thread(target=send)
    thread.start()
    thread.join()
    assert parts == [b"acme", "nobody"]


def test_a_file_is_sent() -> None:
    """A body made by the server's file wrapper is read and closed."""
    file = io.BytesIO(b"content")

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", HEADERS)
        wrapped: Iterable[bytes] = environ["wsgi.file_wrapper"](file)
        return wrapped

    server = Server(TenantWSGIMiddleware(app, by_host))
    assert server.get("acme") == b"content"
    assert file.closed


def test_what_the_thread_left_active_is_not_taken_over(acme: Tenant) -> None:
    """A worker thread that was left in a tenant serves nobody, and is not changed."""
    server = Server(TenantWSGIMiddleware(hello, by_host))
    with TenantContext.use_tenant(acme):
        assert server.get("nobody") == b"nobody"
        assert active() == "acme"


def test_an_error_of_the_application_passes_and_nothing_stays() -> None:
    """Also when the application forgot to leave a scope, or raises one of our errors."""

    def app(_environ: WSGIEnvironment, _start_response: StartResponse) -> Iterable[bytes]:
        enter(MASTER)
        message = "in the application"
        raise DomainNotFound(message)

    with pytest.raises(DomainNotFound, match="in the application"):
        TenantWSGIMiddleware(app, by_host)({"HTTP_HOST": "acme"}, lambda *_: print)
    assert active() == "nobody"


def test_other_errors_of_the_resolver_reach_the_server() -> None:
    """A fault is not answered as if there were no tenant."""

    def resolver(_: WSGIEnvironment) -> None:
        message = "no database"
        raise OSError(message)

    with pytest.raises(OSError, match="no database"):
        TenantWSGIMiddleware(hello, resolver)({}, lambda *_: print)


class TestRefusal:
    """Whom no tenant is entered for."""

    @pytest.mark.parametrize(("host", "status"), [("zeta", "404 Not Found"), ("sleepy", "503 Service Unavailable")])
    def test_a_request_gets_a_plain_page(self, host: str, status: str) -> None:
        """Unknown is 404, suspended 503; neither says more than a visitor should know."""

        def app(_environ: WSGIEnvironment, _start_response: StartResponse) -> Iterable[bytes]:
            pytest.fail("served")

        server = Server(TenantWSGIMiddleware(app, by_host))
        body = server.get(host)
        assert server.get(host, "HEAD") == b""
        assert host.encode() not in body
        headers = {
            "Content-Type": "text/plain; charset=utf-8",
            "Content-Length": str(len(body)),
        }
        assert server.started == [(status, headers)] * 2
        assert server.started_in == ["nobody"] * 2

    def test_the_answer_can_be_replaced(self) -> None:
        """The application's own page gets the error, and runs with nobody."""
        errors: list[OmnitenantError] = []

        def refused(error: OmnitenantError) -> WSGIApplication:
            errors.append(error)
            return hello

        server = Server(TenantWSGIMiddleware(hello, by_host, refused=refused))
        assert server.get("sleepy") == b"nobody"
        assert [str(error) for error in errors] == ["tenant 'sleepy' is suspended; resume it first"]
