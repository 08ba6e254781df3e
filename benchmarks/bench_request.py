"""A warm request through Django's handler, from the first signal to the last, to a view that does nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from io import BytesIO
from typing import Any

from harness import Case
from sites import MIDDLEWARE, TENANT_MIDDLEWARE, start_ours, start_plain

HOST = "acme.localhost"
urlpatterns: list[Any] = []


def plain() -> list[Case]:
    """Serve nobody in particular."""
    start_plain()
    return cases()


def ours() -> list[Case]:
    """Serve a tenant."""
    start_ours()
    from shop.models import Domain, Tenant

    tenant = Tenant.objects.create(tenant_id="acme", name="ACME")
    Domain.objects.create(domain=HOST, tenant=tenant)
    return cases(TENANT_MIDDLEWARE)


def cases(*middleware: str) -> list[Case]:
    """Make the cases: under WSGI and ASGI, with the middleware that a new project has, and without."""
    from django.http import HttpRequest, HttpResponse
    from django.urls import path

    def hello(request: HttpRequest) -> HttpResponse:
        return HttpResponse("hello")

    async def ahello(request: HttpRequest) -> HttpResponse:
        return HttpResponse("hello")

    urlpatterns[:] = [path("", hello), path("async/", ahello)]
    return [
        Case("WSGI, no other middleware", wsgi([*middleware]), counted=True),
        Case("WSGI, startproject's middleware", wsgi([*middleware, *MIDDLEWARE]), counted=True),
        Case("ASGI, no other middleware", asgi([*middleware]), counted=True),
        Case("ASGI, startproject's middleware", asgi([*middleware, *MIDDLEWARE]), counted=True),
    ]


def wsgi(middleware: list[str]) -> Callable[[], None]:
    """Make a function that asks a site with these middlewares for a page."""
    from django.core.handlers.wsgi import WSGIHandler
    from django.test import override_settings

    with override_settings(MIDDLEWARE=middleware):
        handler: Any = WSGIHandler()

    def call() -> None:
        environ: dict[str, Any] = {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": "/",
            "SERVER_NAME": HOST,
            "SERVER_PORT": "80",
            "HTTP_HOST": HOST,
            "wsgi.input": BytesIO(),
            "wsgi.url_scheme": "http",
        }
        response = handler(environ, lambda status, headers: None)
        if b"".join(response) != b"hello":
            raise AssertionError
        response.close()

    return call


def asgi(middleware: list[str]) -> Callable[[], Awaitable[None]]:
    """Make a coroutine function that asks a site with these middlewares for a page of an async view."""
    from django.core.handlers.asgi import ASGIHandler
    from django.test import override_settings

    with override_settings(MIDDLEWARE=middleware):
        handler: Any = ASGIHandler()
    scope: dict[str, Any] = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "path": "/async/",
        "query_string": b"",
        "headers": [(b"host", HOST.encode())],
    }

    async def call() -> None:
        incoming = [{"type": "http.request", "body": b""}]
        body = b""

        async def receive() -> dict[str, Any]:
            if incoming:
                return incoming.pop()
            await asyncio.Event().wait()  # the client stays
            raise AssertionError

        async def send(message: dict[str, Any]) -> None:
            nonlocal body
            body += message.get("body", b"")

        await handler(dict(scope), receive, send)
        if body != b"hello":
            raise AssertionError

    return call
