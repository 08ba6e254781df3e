"""Lets the methods of a cache work on a tenant's own cache where the active tenant has one."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any, Final

from asgiref.sync import markcoroutinefunction
from django.core.cache.backends.base import BaseCache

__all__ = ["dispatch_methods"]

_MARK: Final = "_omnitenant_dispatches"

# They answer for the object itself, or are parts of the methods that are dispatched.
_KEPT: Final = frozenset(
    {"aclose", "close", "get_backend_timeout", "make_and_validate_key", "make_key", "validate_key"}
)


def dispatch_methods(kind: type[Any], *, without: tuple[type[Any], ...]) -> None:
    """Wrap the public methods of a cache: each first asks whether the active tenant has a cache of its own.

    What ``BaseCache`` defines and no class overrides is made of other methods, and so is left alone.

    Args:
        kind: the class; it has ``own_cache()``.
        without: classes whose methods ask by themselves.
    """
    for name in _public_methods(kind, without):
        found = getattr(kind, name)
        if name in vars(kind) or not hasattr(found, _MARK):
            setattr(kind, name, _dispatching(name, found))


def _public_methods(kind: type[Any], without: tuple[type[Any], ...]) -> Iterator[str]:
    names = {
        name
        for each in kind.__mro__
        if each not in {BaseCache, object, *without}
        for name, value in vars(each).items()
        if inspect.isfunction(value) and not name.startswith("_")
    }
    yield from sorted(names - _KEPT - {name for each in without for name in vars(each)})


def _dispatching(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        if self.has_own_caches:
            own = self.own_cache()
            if own is not None:
                return getattr(own, name)(*args, **kwargs)
        return original(self, *args, **kwargs)

    if inspect.iscoroutinefunction(original):
        # It hands the coroutine on.
        markcoroutinefunction(method)
    setattr(method, _MARK, True)
    return method
