"""The ASGI middleware, driven by events as a server does."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from omnitenant_context.asgi import TenantASGIMiddleware
from omnitenant_context.context import TenantContext, enter, get_scope
from omnitenant_context.errors import DomainNotFound, OmnitenantError
from omnitenant_context.loaders import aload_tenant, load_tenant
from omnitenant_context.scope import MASTER

if TYPE_CHECKING:
    from collections.abc import Callable

    from omnitenant_context.asgi import ASGIApp, Event, Receive, Send
    from omnitenant_context.scope import Tenant

pytestmark = pytest.mark.usefixtures("directory")


def active() -> str:
    """Give the label of what is active."""
    return get_scope().label


def by_host(scope: Event) -> Any:
    """Resolve by the host header, where one host stands for the master and one for nobody."""
    host = dict(scope["headers"])[b"host"].decode()
    assert active() == "nobody"
    return {"master": MASTER, "nobody": None}[host] if host in ("master", "nobody") else load_tenant(host)


async def aby_host(scope: Event) -> Any:
    """Do the same in a coroutine."""
    host = dict(scope["headers"])[b"host"].decode()
    await asyncio.sleep(0)
    assert active() == "nobody"
    return await aload_tenant(host)


class Server:
    """Plays the server: gives events, and notes what is sent and in which scope."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.sent: list[Event] = []
        self.sent_in: list[str] = []
        self.received = 0

    async def receive(self) -> Event:
        """Give the next event."""
        await asyncio.sleep(0)
        self.received += 1
        return {"type": f"{self.type}.connect" if self.type == "websocket" else f"{self.type}.request"}

    async def send(self, event: Event) -> None:
        """Take an event."""
        await asyncio.sleep(0)
        self.sent.append(event)
        self.sent_in.append(active())

    async def connect(self, host: str, kind: str = "http", **scope: Any) -> list[Event]:
        """Serve one connection."""
        self.type = kind
        self.sent, self.sent_in = [], []
        await self.app({"type": kind, "headers": [(b"host", host.encode())], **scope}, self.receive, self.send)
        assert active() == "nobody"
        return self.sent


async def stream(_scope: Event, receive: Receive, send: Send) -> None:
    """Answer in three parts that say what is active."""
    await receive()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for more in (True, True, False):
        await asyncio.sleep(0)
        await send({"type": "http.response.body", "body": active().encode(), "more_body": more})


@pytest.mark.parametrize("resolver", [by_host, aby_host])
def test_a_streamed_response_has_its_tenant(resolver: Callable[[Event], Any]) -> None:
    """From the first event to the last, in the application and in what it sends."""
    server = Server(TenantASGIMiddleware(stream, resolver))
    sent = asyncio.run(server.connect("acme"))
    assert [event.get("body") for event in sent] == [None, b"acme", b"acme", b"acme"]
    assert server.sent_in == ["acme"] * 4


def test_connections_at_the_same_time_do_not_mix() -> None:
    """Each has its own tenant, whatever the order of their steps."""

    async def main() -> list[list[Event]]:
        app = TenantASGIMiddleware(stream, aby_host)
        return await asyncio.gather(*(Server(app).connect(host) for host in ("acme", "bolt", "acme")))

    bodies = [b"".join(event.get("body", b"") for event in sent) for sent in asyncio.run(main())]
    assert bodies == [b"acmeacmeacme", b"boltboltbolt", b"acmeacmeacme"]


@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_a_resolver_may_answer_a_scope_or_nobody(kind: str) -> None:
    """The master is a scope, None is nobody; both reach the application."""
    seen = []

    async def app(_scope: Event, receive: Receive, _send: Send) -> None:
        await receive()
        seen.append(active())

    server = Server(TenantASGIMiddleware(app, by_host))
    for host in ("master", "nobody", "acme"):
        asyncio.run(server.connect(host, kind))
    assert seen == ["master", "nobody", "acme"]


def test_lifespan_runs_with_nobody() -> None:
    """The resolver is not asked where there is no request, nor for kinds that are not known yet."""
    seen = []

    async def app(scope: Event, _receive: Receive, _send: Send) -> None:
        seen.append((scope["type"], active()))

    def resolver(_: Event) -> None:
        pytest.fail("asked")

    for kind in ("lifespan", "webtransport"):
        asyncio.run(TenantASGIMiddleware(app, resolver)({"type": kind}, None, None))  # type: ignore[arg-type]  # neither is used
    assert seen == [("lifespan", "nobody"), ("webtransport", "nobody")]


def test_what_the_server_left_active_is_not_taken_over(acme: Tenant) -> None:
    """A task that was started within an earlier request's context starts with nobody."""
    seen = []

    async def app(scope: Event, _receive: Receive, _send: Send) -> None:
        seen.append((scope["type"], active()))

    async def main() -> None:
        middleware: Any = TenantASGIMiddleware(app, by_host)
        with TenantContext.use_tenant(acme):
            for kind in ("http", "lifespan"):
                scope = {"type": kind, "headers": [(b"host", b"nobody")]}
                await asyncio.create_task(middleware(scope, None, None))
                await middleware(scope, None, None)
                assert active() == "acme"

    asyncio.run(main())
    assert seen == [("http", "nobody")] * 2 + [("lifespan", "nobody")] * 2


def test_an_error_of_the_application_passes_and_nothing_stays() -> None:
    """Also when the application forgot to leave a scope, or raises one of our errors."""

    async def app(_scope: Event, _receive: Receive, _send: Send) -> None:
        enter(MASTER)
        message = "in the application"
        raise DomainNotFound(message)

    async def main() -> None:
        with pytest.raises(DomainNotFound, match="in the application"):
            await Server(TenantASGIMiddleware(app, by_host)).connect("acme")
        assert active() == "nobody"

    asyncio.run(main())


def test_other_errors_of_the_resolver_reach_the_server() -> None:
    """A fault is not answered as if there were no tenant."""

    def resolver(_: Event) -> None:
        message = "no database"
        raise OSError(message)

    with pytest.raises(OSError, match="no database"):
        asyncio.run(Server(TenantASGIMiddleware(stream, resolver)).connect("acme"))


class TestRefusal:
    """Whom no tenant is entered for."""

    @pytest.mark.parametrize("resolver", [by_host, aby_host])
    @pytest.mark.parametrize(("host", "status"), [("zeta", 404), ("sleepy", 503)])
    def test_a_request_gets_a_plain_page(self, resolver: Callable[[Event], Any], host: str, status: int) -> None:
        """Unknown is 404, suspended 503; neither says more than a visitor should know."""

        async def app(_scope: Event, _receive: Receive, _send: Send) -> None:
            pytest.fail("served")

        server = Server(TenantASGIMiddleware(app, resolver))
        start, body = asyncio.run(server.connect(host))
        assert start["type"] == "http.response.start"
        assert start["status"] == status
        headers = dict(start["headers"])
        assert headers[b"content-type"] == b"text/plain; charset=utf-8"
        assert int(headers[b"content-length"]) == len(body["body"])
        assert host.encode() not in body["body"]
        assert server.sent_in == ["nobody"] * 2

    def test_a_websocket_is_closed_before_it_is_accepted(self) -> None:
        """A server without the extension answers 403 then."""
        server = Server(TenantASGIMiddleware(stream, by_host))
        assert asyncio.run(server.connect("zeta", "websocket")) == [{"type": "websocket.close", "code": 1008}]
        assert server.received == 1

    @pytest.mark.parametrize(("host", "status"), [("zeta", 404), ("sleepy", 503)])
    def test_a_websocket_gets_the_page_where_the_server_can(self, host: str, status: int) -> None:
        """With the extension the handshake has the real status."""
        server = Server(TenantASGIMiddleware(stream, by_host))
        extensions: dict[str, Any] = {"websocket.http.response": {}}
        start, body = asyncio.run(server.connect(host, "websocket", extensions=extensions))
        assert (start["type"], start["status"]) == ("websocket.http.response.start", status)
        assert body["type"] == "websocket.http.response.body"

    def test_the_answer_can_be_replaced(self) -> None:
        """The application's own page gets the error, and runs with nobody."""
        errors: list[OmnitenantError] = []

        def refused(error: OmnitenantError) -> ASGIApp:
            errors.append(error)
            return stream

        server = Server(TenantASGIMiddleware(stream, by_host, refused=refused))
        sent = asyncio.run(server.connect("sleepy"))
        assert b"".join(event.get("body", b"") for event in sent) == b"nobodynobodynobody"
        assert [str(error) for error in errors] == ["tenant 'sleepy' is suspended; resume it first"]
