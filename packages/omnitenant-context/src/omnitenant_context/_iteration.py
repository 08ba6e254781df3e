"""Steps generators inside a scope and pauses them outside of it."""

from __future__ import annotations

import sys

from omnitenant_context._state import enter, leave

TYPE_CHECKING = False  # typing.TYPE_CHECKING without importing typing, see scope.py
if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator
    from typing import Any

    from omnitenant_context.scope import Scope

__all__ = ["stepping", "stepping_async"]


def stepping(
    function: Callable[..., Generator[Any, Any, Any]], make_scope: Callable[[], Scope]
) -> Callable[..., Generator[Any, Any, Any]]:
    """Wrap a generator function; values, errors, the result and ``close()`` pass through."""

    def stepped(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        scope = make_scope()
        generator = function(*args, **kwargs)
        resume: Callable[[Any], Any] = generator.send
        value: Any = None
        while True:
            token = enter(scope)
            try:
                item = resume(value)
            except StopIteration as stop:
                return stop.value
            finally:
                value = None  # an error kept here would hold its traceback, and so this frame
                leave(token)
            try:
                value = yield item
                resume = generator.send
            except GeneratorExit:
                token = enter(scope)
                try:
                    generator.close()
                finally:
                    leave(token)
                raise
            except BaseException as error:  # noqa: BLE001 - the generator decides what to do with it
                resume, value = generator.throw, error

    return stepped


def stepping_async(
    function: Callable[..., AsyncGenerator[Any, Any]], make_scope: Callable[[], Scope]
) -> Callable[..., AsyncGenerator[Any, Any]]:
    """Wrap an async generator function; values, errors and ``aclose()`` pass through.

    While a step waits, the scope stays active in the task that waits for it, and in no other.
    """

    async def stepped(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        scope = make_scope()
        generator = function(*args, **kwargs)
        resume: Callable[[Any], Any] = _first_step(generator)
        value: Any = None
        while True:
            token = enter(scope)
            try:
                item = await resume(value)
            except StopAsyncIteration:
                return
            finally:
                value = None  # an error kept here would hold its traceback, and so this frame
                leave(token)
            try:
                value = yield item
                resume = generator.asend
            except GeneratorExit:
                token = enter(scope)
                try:
                    await generator.aclose()
                finally:
                    leave(token)
                raise
            except BaseException as error:  # noqa: BLE001 - the generator decides what to do with it
                resume, value = generator.athrow, error

    return stepped


def _first_step(generator: AsyncGenerator[Any, Any]) -> Callable[[Any], Any]:
    """Give an ``asend`` that keeps the generator from being known to the event loop.

    At shutdown a loop closes all generators that it knows, in no order: this one outside of its
    scope, and while the one that steps it closes it too. So only that one is known.
    """

    def asend(value: Any) -> Any:
        hooks = sys.get_asyncgen_hooks()
        sys.set_asyncgen_hooks(None, None)
        try:
            return generator.asend(value)  # asks for the hooks at once, and runs nothing yet
        finally:
            sys.set_asyncgen_hooks(*hooks)

    return asend
