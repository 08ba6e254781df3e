"""An ASGI middleware that runs each connection for its tenant, with any framework."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from inspect import isawaitable
from typing import TYPE_CHECKING, Any, TypeAlias

from omnitenant_context._resolving import as_scope, plain_page
from omnitenant_context._state import enter, leave
from omnitenant_context.errors import TenantInactiveError, TenantNotFound
from omnitenant_context.scope import NOBODY

if TYPE_CHECKING:
    from omnitenant_context._resolving import Refusal
    from omnitenant_context.scope import Scope

__all__ = ["ASGIApp", "TenantASGIMiddleware", "plain_refusal"]

Event: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Event]]
Send: TypeAlias = Callable[[Event], Awaitable[None]]
ASGIApp: TypeAlias = Callable[[Event, Receive, Send], Awaitable[None]]


def plain_refusal(error: Refusal) -> ASGIApp:
    """Answer a connection that no tenant was entered for.

    404 where there is no tenant, 503 where it is inactive.     A websocket is closed before it is
    accepted, which clients see as a failed handshake: with that status where the server supports
    it, else with 403.

    Args:
        error: why nobody was entered.

    Returns:
        An ASGI application that answers with one line of plain text.
    """
    status, _, text = plain_page(error)
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(text)).encode()),
    ]

    async def answer(scope: Event, receive: Receive, send: Send) -> None:
        prefix = "http.response"
        if scope["type"] == "websocket":
            await receive()  # the client's connect, which must be taken before it can be refused
            prefix = "websocket.http.response"
            if prefix not in (scope.get("extensions") or {}):
                await send({"type": "websocket.close", "code": 1008})
                return
        await send({"type": f"{prefix}.start", "status": status, "headers": headers})
        await send({"type": f"{prefix}.body", "body": text})

    return answer


class TenantASGIMiddleware:
    """Enters the tenant of each connection, from its first event to its last.

    That includes streamed bodies. Tasks that the application starts carry the tenant too.
    ``lifespan`` runs with nobody, and so does whatever the resolver finds nobody for. An error of
    the resolver other than the two that are answered reaches the server.

    Example:
        >>> async def shop(scope, receive, send): ...
        >>> app = TenantASGIMiddleware(shop, lambda scope: None)
    """

    def __init__(
        self,
        app: ASGIApp,
        resolver: Callable[[Event], Any],
        *,
        refused: Callable[[Refusal], ASGIApp] = plain_refusal,
    ) -> None:
        """Wrap an application.

        Args:
            app: the application.
            resolver: gets the connection's ASGI scope; returns a tenant, a scope (such as
                ``MASTER``), or None for nobody. It may be a coroutine function. A plain function
                runs in the event loop, so it must not wait for anything. It runs with nobody
                active.
            refused: gets the TenantNotFound or TenantInactiveError of the resolver (or of entering
                its tenant) and returns the application that answers instead, with nobody active.
        """
        self.app = app
        self.resolver = resolver
        self.refused = refused

    async def __call__(self, scope: Event, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        # Not left to what is active already: some servers start the next request of a kept
        # connection from within the last send of this one, and its task would begin with this one's
        # tenant.
        bottom = enter(NOBODY)
        try:
            app, active = await self._resolve(scope)
            token = enter(active)
            try:
                await app(scope, receive, send)
            finally:
                leave(token)
        finally:
            leave(bottom)

    async def _resolve(self, scope: Event) -> tuple[ASGIApp, Scope]:
        if scope["type"] not in ("http", "websocket"):
            return self.app, NOBODY
        try:
            answer = self.resolver(scope)
            if isawaitable(answer):
                answer = await answer
            return self.app, as_scope(answer)
        except (TenantNotFound, TenantInactiveError) as error:
            return self.refused(error), NOBODY
