"""Keeps the tenant for response bodies that are produced while they are sent.

Replaces two attributes of Django's streaming responses that are not documented, ``_iterator`` and the contents
of ``_resource_closers``. Read in Django 5.2 and 6.1.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterator
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from asgiref.sync import async_to_sync

from omnitenant_context.propagation import bind, bind_async_iterator, bind_iterator
from omnitenant_models._mounting import script_prefix

if TYPE_CHECKING:
    from types import AsyncGeneratorType

    from django.http.response import HttpResponseBase

    from omnitenant_context.scope import Scope

    _Steps: TypeAlias = AsyncGeneratorType[bytes, None]

__all__ = ["bind_response"]


def bind_response(response: HttpResponseBase, scope: Scope, prefix: str | None) -> None:
    """Run what is left of a streaming response in a scope: each step of its body, and its closing.

    Args:
        response: any response; only a streaming one is changed.
        scope: the scope in which the response was made.
        prefix: the script prefix in which it was made; None for the server's own.
    """
    if not response.streaming:
        return
    streaming: Any = response
    # They come first and would close the view's generator, whose `finally` may query, with nobody active.
    streaming._resource_closers[:] = [bind(_prefixed(closer, prefix), scope) for closer in streaming._resource_closers]
    # Not through `streaming_content`, which would take the file from a FileResponse that a server could send
    # by itself, and which never closes an async generator.
    if streaming.is_async:
        steps = cast("_Steps", _astep(streaming._iterator, prefix))
        body = bind_async_iterator(steps, scope)
        streaming._iterator = body
        streaming._resource_closers.append(_acloser(steps, body))
    else:
        streaming._iterator = bind_iterator(_step(streaming._iterator, prefix), scope)


def _prefixed(function: Callable[[], Any], prefix: str | None) -> Callable[[], Any]:
    def prefixed() -> Any:
        with script_prefix(prefix):
            return function()

    return prefixed


def _acloser(steps: _Steps, body: Any) -> Callable[[], None]:
    """Make a closer for an async body, in the loop that is waiting for the response to be closed.

    Django leaves an async generator that was not exhausted to the garbage collector, which closes it, and the
    view's own generator inside it, in any order and with nobody active.
    """

    async def aclose() -> None:
        await body.aclose()

    def close() -> None:
        if steps.ag_frame is not None:  # it has not ended
            async_to_sync(aclose)()

    return close


def _step(body: Iterator[bytes], prefix: str | None) -> Generator[bytes, None, None]:
    while True:
        with script_prefix(prefix):
            try:
                part = next(body)
            except StopIteration:
                return
        yield part


async def _astep(body: AsyncIterator[bytes], prefix: str | None) -> AsyncGenerator[bytes, None]:
    try:
        while True:
            with script_prefix(prefix):
                try:
                    part = await anext(body)
                except StopAsyncIteration:
                    return
            yield part
    finally:
        close = getattr(body, "aclose", None)
        if close is not None:
            with script_prefix(prefix):
                await close()
