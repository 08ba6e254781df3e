"""Tests of omnitenant_models._streaming: bodies that are produced after the middleware has returned."""

from __future__ import annotations

import asyncio
import io
from typing import Any
from wsgiref.util import FileWrapper, setup_testing_defaults

import pytest
from asgiref.sync import async_to_sync
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.http import FileResponse, HttpResponse, StreamingHttpResponse

from omnitenant_context.context import TenantContext
from omnitenant_context.scope import ActiveTenant
from omnitenant_models._streaming import bind_response
from probe import views
from probe.clients import HostAsyncClient
from probe.models import Tenant

# Django says this of a body of the other kind than the server's, and then serves it.
pytestmark = pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume")


@pytest.fixture(autouse=True)
def _start_empty() -> None:
    views.closed_in.clear()


def serve_wsgi(path: str, host: str, parts: int | None = None, **environ: Any) -> list[bytes]:
    """Serve as a WSGI server does: take the body, all or some parts of it, and close."""
    variables: dict[str, Any] = {"PATH_INFO": path, "HTTP_HOST": host, **environ}
    setup_testing_defaults(variables)
    handler: Any = WSGIHandler()
    response = handler(variables, lambda status, headers: None)
    body = iter(response)
    taken = list(body) if parts is None else [next(body) for _ in range(parts)]
    response.close()
    return taken


async def aserve_asgi(path: str, host: str, parts: int | None = None) -> list[bytes]:
    """Serve as an ASGI server does; the client goes away after some parts."""
    taken: list[bytes] = []
    gone = asyncio.Event()
    asked = False

    async def receive() -> dict[str, Any]:
        nonlocal asked
        if not asked:
            asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        if message.get("body"):
            taken.append(message["body"])
            if len(taken) == parts:
                gone.set()
                await asyncio.sleep(0.01)  # lets the server notice; the body waits here meanwhile

    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "headers": [(b"host", host.encode())],
    }
    handler: Any = ASGIHandler()
    await handler(scope, receive, send)
    return taken


def serve_asgi(path: str, host: str, parts: int | None = None) -> list[bytes]:
    """Serve in a loop of its own."""
    return asyncio.run(aserve_asgi(path, host, parts))


@pytest.fixture
def committed_acme(transactional_db: None) -> Tenant:
    """Give a tenant that other threads can see."""
    from probe.models import Domain

    tenant = Tenant.objects.create(tenant_id="acme", name="Acme", state=Tenant.State.ACTIVE)
    Domain.objects.create(domain="acme.example.com", tenant=tenant)
    return tenant


@pytest.mark.parametrize("serve", [serve_wsgi, serve_asgi])
@pytest.mark.parametrize("view", ["stream", "astream"])
def test_each_step_and_the_end_run_for_the_tenant(committed_acme: Tenant, serve: Any, view: str) -> None:
    """Sync and async bodies under both servers."""
    assert b"".join(serve(f"/{view}/", "acme.example.com")) == b"acme/\n" * 3
    assert views.closed_in == ["acme/"]


@pytest.mark.parametrize(("serve", "view"), [(serve_wsgi, "stream"), (serve_asgi, "astream")], ids=["wsgi", "asgi"])
def test_a_body_that_is_dropped_half_way_ends_for_the_tenant(committed_acme: Tenant, serve: Any, view: str) -> None:
    """The `finally` of the view's generator runs for the tenant when the client goes away."""
    assert serve(f"/{view}/", "acme.example.com", 1) == [b"acme/\n"]
    assert views.closed_in == ["acme/"]


@pytest.mark.parametrize("serve", [serve_wsgi, serve_asgi])
def test_a_body_keeps_its_script_prefix(committed_acme: Tenant, configure: Any, serve: Any) -> None:
    """What a stream makes with reverse() contains the tenant's path, as in the view itself."""
    configure(TENANT_RESOLVER="omnitenant_models.resolvers.PathTenantResolver")
    assert b"".join(serve("/t/acme/stream/", "www.example.com")) == b"acme/t/acme/\n" * 3
    assert views.closed_in == ["acme/t/acme/"]


def test_an_async_body_keeps_its_script_prefix_when_it_is_dropped(committed_acme: Tenant, configure: Any) -> None:
    """Also in the `finally` that runs when the client goes away."""
    configure(TENANT_RESOLVER="omnitenant_models.resolvers.PathTenantResolver")
    assert serve_asgi("/t/acme/astream/", "www.example.com", 1) == [b"acme/t/acme/\n"]
    assert views.closed_in == ["acme/t/acme/"]


def test_the_master_streams_as_the_master(ask: Any, db: None) -> None:
    """Without a tenant the master stays active in the body."""
    response = ask("/stream/", "www.example.com")
    assert b"".join(response.streaming_content) == b"master/\n" * 3


def test_the_consumer_has_its_own_context_between_the_steps(ask: Any, acme: Tenant) -> None:
    """Nobody is active while the server handles a part."""
    seen = [views.label() for _ in ask("/stream/").streaming_content]
    assert seen == ["nobody/"] * 3


def test_two_bodies_do_not_mix(ask: Any, acme: Tenant, globex: Tenant) -> None:
    """Streams of two tenants that are consumed in turns each keep their own."""
    streams = [ask("/stream/", f"{name}.example.com").streaming_content for name in ("acme", "globex")]
    parts = [next(stream) for _ in range(3) for stream in streams]
    assert parts == [b"acme/\n", b"globex/\n"] * 3
    assert [list(stream) for stream in streams] == [[], []]


def test_an_error_in_a_body_leaves_nobody_active(acme: Tenant) -> None:
    """The error reaches the server, and the context is what it was."""

    def body() -> Any:
        yield b"one"
        raise ZeroDivisionError

    response = StreamingHttpResponse(body())
    bind_response(response, ActiveTenant(acme), None)
    with pytest.raises(ZeroDivisionError):
        list(response)
    assert TenantContext.get_tenant() is None


def test_a_file_is_still_handed_to_the_server(committed_acme: Tenant) -> None:
    """A WSGI server with a file wrapper gets the file itself, not a stream of its parts."""
    wrapped: list[Any] = []

    def wrapper(file: Any, size: int) -> FileWrapper:
        wrapped.append(file)
        return FileWrapper(file, size)

    environ: dict[str, Any] = {"wsgi.file_wrapper": wrapper}
    assert b"".join(serve_wsgi("/file/", "acme.example.com", **environ)) == b"content"
    assert isinstance(wrapped[0], io.BytesIO)


@pytest.mark.parametrize("serve", [serve_wsgi, serve_asgi])
def test_a_file_is_read_for_the_tenant_where_the_server_cannot(committed_acme: Tenant, serve: Any) -> None:
    """A lazily opened file of a storage may ask whose it is."""
    assert b"".join(serve("/file/", "acme.example.com")) == b"content"
    assert set(views.closed_in) == {"acme/"}


def test_files_are_closed(acme: Tenant) -> None:
    """Closing the response closes the file, in the tenant's context."""
    closed: list[str] = []

    class Noting(io.BytesIO):
        def close(self) -> None:
            if not self.closed:
                closed.append(views.label())
            super().close()

    response = FileResponse(Noting(b"content"))
    bind_response(response, ActiveTenant(acme), "/t/acme/")
    response.close()
    assert closed == ["acme/t/acme/"]


def test_a_whole_response_is_left_alone(acme: Tenant) -> None:
    """What is no stream is not touched."""
    response = HttpResponse(b"content")
    before = dict(vars(response))
    bind_response(response, ActiveTenant(acme), None)
    assert vars(response) == before


def test_what_of_django_is_relied_upon_exists() -> None:
    """The undocumented attributes are there, filled as they were when this was written."""
    response: Any = FileResponse(io.BytesIO(b"content"))
    assert response.file_to_stream is not None
    assert len(response._resource_closers) == 1

    def body() -> Any:
        yield b""

    generator = body()
    streaming: Any = StreamingHttpResponse(generator)
    assert streaming._resource_closers == [generator.close]
    assert streaming._iterator is generator


def test_an_async_client_streams_too(acme: Tenant) -> None:
    """Through Django's asynchronous test client, an async body steps for the tenant."""

    async def visit() -> list[bytes]:
        client = HostAsyncClient()
        response: Any = await client.get("/astream/", headers={"host": "acme.example.com"})
        return [part async for part in response.streaming_content]

    assert async_to_sync(visit)() == [b"acme/\n"] * 3
