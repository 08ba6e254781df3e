"""Wraps a function so that its body runs in a scope, whatever kind of function it is."""

from __future__ import annotations

import sys
from types import CoroutineType

from omnitenant_context._iteration import stepping, stepping_async
from omnitenant_context._state import enter, leave

TYPE_CHECKING = False  # typing.TYPE_CHECKING without importing typing, see scope.py
if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any, TypeVar

    from omnitenant_context.scope import Scope

    F = TypeVar("F", bound=Callable[..., Any])

__all__ = ["run_in"]


def run_in(function: F, make_scope: Callable[[], Scope]) -> F:
    """Wrap a function so that every call enters a scope.

    Args:
        function: a function, method, partial, coroutine function, generator function, async
            generator function, or any other callable.
        make_scope: gives the scope at each call; for generators once, at the first step.

    Returns:
        A function of the same kind.
    """
    import functools
    import inspect

    wrapper: Any
    if inspect.isasyncgenfunction(function):
        wrapper = stepping_async(function, make_scope)
    elif _is_coroutine_function(function):
        wrapper = _awaiting(function, make_scope)
    elif inspect.isgeneratorfunction(function):
        wrapper = stepping(function, make_scope)
    else:
        wrapper = _calling(function, make_scope)
    functools.update_wrapper(wrapper, function)
    wrapped: F = wrapper
    return wrapped


def _is_coroutine_function(function: Callable[..., Any]) -> bool:
    import inspect

    if inspect.iscoroutinefunction(function):
        return True
    # Before 3.12 inspect does not know the mark that asgiref and others put on functions returning
    # coroutines.
    asyncio = sys.modules.get("asyncio") if sys.version_info < (3, 12) else None
    return asyncio is not None and bool(asyncio.iscoroutinefunction(function))


def _calling(function: Callable[..., Any], make_scope: Callable[[], Scope]) -> Callable[..., Any]:
    def called(*args: Any, **kwargs: Any) -> Any:
        scope = make_scope()
        token = enter(scope)
        try:
            result = function(*args, **kwargs)
        finally:
            leave(token)
        if type(result) is CoroutineType:
            # From a lambda, or a wrapper around a coroutine function: its body has not run yet.
            return _awaited(result, scope)
        return result

    return called


def _awaiting(function: Callable[..., Any], make_scope: Callable[[], Scope]) -> Callable[..., Coroutine[Any, Any, Any]]:
    async def awaited(*args: Any, **kwargs: Any) -> Any:
        token = enter(make_scope())
        try:
            return await function(*args, **kwargs)
        finally:
            leave(token)

    return awaited


async def _awaited(coroutine: Coroutine[Any, Any, Any], scope: Scope) -> Any:
    token = enter(scope)
    try:
        return await coroutine
    finally:
        leave(token)
