"""How a scope reaches code that runs elsewhere or later: threads, callbacks, streams.

Tasks of asyncio and ``asyncio.to_thread`` carry it without help. What is made here is for the rest:
bare threads, executors, callbacks that somebody else calls
(``transaction.on_commit(bind(send_mail))``), and bodies that are produced while they are sent.
"""

from __future__ import annotations

from types import AsyncGeneratorType, GeneratorType

from omnitenant_context._functions import run_in
from omnitenant_context._iteration import stepping, stepping_async
from omnitenant_context._state import enter, get_scope, leave
from omnitenant_context.scope import require_is_scope

TYPE_CHECKING = False  # typing.TYPE_CHECKING without importing typing, see scope.py
if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator
    from typing import Any, TypeVar

    from omnitenant_context._executor import ContextExecutor
    from omnitenant_context.scope import Scope

    F = TypeVar("F", bound=Callable[..., Any])
    T = TypeVar("T")

__all__ = ["ContextExecutor", "bind", "bind_async_iterator", "bind_iterator"]


def bind(function: F, scope: Scope | None = None) -> F:
    """Keep a scope for a function that is called later or elsewhere.

    The scope is entered again as it was: a tenant that was suspended in the meantime is not checked
    again, because what was begun for it (a callback after a commit, the rest of a stream) must be
    able to end. Bound with nobody active, the function runs with nobody, wherever it is called.

    Args:
        function: a function, bound method, partial, coroutine function, generator function, async
            generator function, or any other callable. A coroutine holds the scope over its awaits,
            a generator in each of its steps.
        scope: what to keep; what is active now when left out.

    Returns:
        A function of the same kind that may be called often and from any thread.

    Raises:
        TypeError: what was given to be kept is no scope.

    Example:
        >>> from threading import Thread
        >>> from omnitenant_context import TenantContext, bind
        >>> class Customer:
        ...     tenant_id = "acme"
        >>> with TenantContext.use_tenant(Customer()):
        ...     job = bind(lambda: print(TenantContext.require_tenant().tenant_id))
        >>> thread = Thread(target=job)
        >>> thread.start(); thread.join()
        acme
    """
    kept = _kept(scope)
    return run_in(function, lambda: kept)


def bind_iterator(iterable: Iterable[T], scope: Scope | None = None) -> Iterator[T]:
    """Keep a scope for an iterable that is consumed later, such as a response body.

    Each step runs in the scope; between the steps the consumer has its own. ``close()`` is passed
    on and runs in the scope too. A generator stays one, with ``send`` and ``throw``.

    Args:
        iterable: what is iterated, once. ``iter()`` of it is called at the first step.
        scope: what to keep; what is active now when left out.

    Returns:
        An iterator with ``close()``.
    """
    kept = _kept(scope)
    if isinstance(iterable, GeneratorType):
        generator = iterable
        # As a generator it is also closed in the scope when it is dropped half way.
        return stepping(lambda: generator, lambda: kept)()
    return _BoundIterator(iterable, kept)


def bind_async_iterator(iterable: AsyncIterable[T], scope: Scope | None = None) -> AsyncIterator[T]:
    """Keep a scope for an async iterable that is consumed later; see :func:`bind_iterator`.

    While a step waits, the scope is active in the task that waits for it.

    Args:
        iterable: what is iterated, once.
        scope: what to keep; what is active now when left out.

    Returns:
        An async iterator with ``aclose()``.
    """
    kept = _kept(scope)
    if isinstance(iterable, AsyncGeneratorType):
        generator = iterable
        return stepping_async(lambda: generator, lambda: kept)()
    return _BoundAsyncIterator(iterable, kept)


def _kept(scope: Scope | None) -> Scope:
    if scope is None:
        return get_scope()
    require_is_scope(scope)
    return scope


class _BoundIterator:
    """Steps an iterable that is no generator; unlike one it may go on after an error."""

    __slots__ = ("_iterable", "_iterator", "_scope", "_stepped")

    def __init__(self, iterable: Iterable[Any], scope: Scope) -> None:
        self._iterable = iterable
        self._iterator: Iterator[Any] | None = None
        self._scope = scope
        self._stepped = False

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        if self._iterator is not None and self._stepped:
            return next(self._iterator)
        token = enter(self._scope)
        try:
            if self._iterator is None:
                iterator = iter(self._iterable)
                self._stepped = isinstance(iterator, GeneratorType)
                self._iterator = bind_iterator(iterator) if self._stepped else iterator
            return next(self._iterator)
        finally:
            leave(token)

    def close(self) -> None:
        close = getattr(self._iterable, "close", None) or getattr(self._iterator, "close", None)
        if close is not None:
            token = enter(self._scope)
            try:
                close()
            finally:
                leave(token)


class _BoundAsyncIterator:
    """Steps an async iterable that is no generator; unlike one it may go on after an error."""

    __slots__ = ("_iterable", "_iterator", "_scope", "_stepped")

    def __init__(self, iterable: AsyncIterable[Any], scope: Scope) -> None:
        self._iterable = iterable
        self._iterator: AsyncIterator[Any] | None = None
        self._scope = scope
        self._stepped = False

    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    async def __anext__(self) -> Any:
        if self._iterator is not None and self._stepped:
            return await anext(self._iterator)
        token = enter(self._scope)
        try:
            if self._iterator is None:
                iterator = aiter(self._iterable)
                self._stepped = isinstance(iterator, AsyncGeneratorType)
                self._iterator = bind_async_iterator(iterator) if self._stepped else iterator
            return await anext(self._iterator)
        finally:
            leave(token)

    async def aclose(self) -> None:
        aclose = getattr(self._iterable, "aclose", None) or getattr(self._iterator, "aclose", None)
        if aclose is not None:
            token = enter(self._scope)
            try:
                await aclose()
            finally:
                leave(token)


def __getattr__(name: str) -> Any:
    if name == "ContextExecutor":  # concurrent.futures costs more to import than all of this package
        from omnitenant_context._executor import ContextExecutor

        globals()[name] = ContextExecutor
        return ContextExecutor
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)
