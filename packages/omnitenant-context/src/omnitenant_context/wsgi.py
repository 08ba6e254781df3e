"""A WSGI middleware that runs each request for its tenant, with any framework."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from omnitenant_context._resolving import as_scope, plain_page
from omnitenant_context._state import enter, leave
from omnitenant_context.errors import TenantInactiveError, TenantNotFound
from omnitenant_context.propagation import bind_iterator
from omnitenant_context.scope import NOBODY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from omnitenant_context._resolving import Refusal
    from omnitenant_context.scope import Scope

__all__ = ["TenantWSGIMiddleware", "plain_refusal"]


def plain_refusal(error: Refusal) -> WSGIApplication:
    """Answer a request that no tenant was entered for: 404 for none, 503 for an inactive one.

    Args:
        error: why nobody was entered.

    Returns:
        A WSGI application that answers with one line of plain text.
    """
    status, reason, text = plain_page(error)

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        headers = [
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Length", str(len(text))),
        ]
        start_response(f"{status} {reason}", headers)
        return [] if environ.get("REQUEST_METHOD") == "HEAD" else [text]

    return answer


class TenantWSGIMiddleware:
    """Enters the tenant of each request.

    That is in the application, in each step of its body, and in the body's ``close()``.
    Between the steps of a body the server has its own context again, so a worker thread never keeps
    a tenant. A body that is a list or tuple is handed over as it is: no code of the application is
    left in it.

    Example:
        >>> def shop(environ, start_response): ...
        >>> app = TenantWSGIMiddleware(shop, lambda environ: None)
    """

    def __init__(
        self,
        app: WSGIApplication,
        resolver: Callable[[WSGIEnvironment], Any],
        *,
        refused: Callable[[Refusal], WSGIApplication] = plain_refusal,
    ) -> None:
        """Wrap an application.

        Args:
            app: the application.
            resolver: gets the request's environ; returns a tenant, a scope (such as ``MASTER``), or
                None for nobody. It runs with nobody active.
            refused: gets the TenantNotFound or TenantInactiveError of the resolver (or of entering
                its tenant) and returns the application that answers instead, with nobody active.
        """
        self.app = app
        self.resolver = resolver
        self.refused = refused

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        # Not left to what is active already: a thread that somebody else left in a tenant serves
        # nobody.
        bottom = enter(NOBODY)
        try:
            app, active = self._resolve(environ)
            token = enter(active)
            try:
                body = app(environ, start_response)
            finally:
                leave(token)
        finally:
            leave(bottom)
        if type(body) in (list, tuple):
            return body
        return bind_iterator(body, active)

    def _resolve(self, environ: WSGIEnvironment) -> tuple[WSGIApplication, Scope]:
        try:
            return self.app, as_scope(self.resolver(environ))
        except (TenantNotFound, TenantInactiveError) as error:
            return self.refused(error), NOBODY
