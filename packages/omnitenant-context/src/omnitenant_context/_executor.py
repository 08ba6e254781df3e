"""A thread pool that carries the scope; read it from :mod:`omnitenant_context.propagation`."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from omnitenant_context.propagation import bind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future

__all__ = ["ContextExecutor"]

P = ParamSpec("P")
T = TypeVar("T")


class ContextExecutor(ThreadPoolExecutor):
    """A thread pool whose work runs in the scope of whoever submitted it.

    Each item carries its own: one pool serves all tenants. Work that was submitted with nobody
    active runs with nobody. Takes the arguments of :class:`concurrent.futures.ThreadPoolExecutor`,
    and serves as an event loop's default executor.
    """

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Run a function in a thread, in the scope that is active now."""
        return super().submit(bind(fn), *args, **kwargs)

    def map(self, fn: Callable[..., T], *iterables: Any, **options: Any) -> Iterator[T]:
        """Run a function for each item in threads, in the scope that is active now."""
        # Bound here and not only in submit: a buffered map submits while its results are being
        # read.
        return super().map(bind(fn), *iterables, **options)


ContextExecutor.__module__ = "omnitenant_context.propagation"  # where it is documented and imported from
