"""Teaches an object that Django made: its class is swapped for a subclass that answers for the written one.

``type(field)`` is the subclass, while ``field.__class__`` still is the class that was written. So whoever looks
a field up by its exact class (factories, form libraries), copies it or describes it for a migration sees what
was written, and copies are untaught. Only a tenant key says what it is, since copies of it must stay one.

Private behaviour, read in Django 5.2, 6.0 and 6.1: fields, their ``remote_field`` and descriptors may change
their class; ``Field.clone()``, ``Field.__copy__`` and ``Field.deconstruct()`` read ``__class__``.
"""

from __future__ import annotations

from functools import cache
from typing import Any

__all__ = ["swap_class"]

_set_class = object.__dict__["__class__"].__set__
"""Changes the class of an object whose own ``__class__`` is only what it answers."""


def swap_class(taught: Any, *mixins: type[Any]) -> None:
    """Put classes in front of an object's class; those that it has already are left out.

    Args:
        taught: a field, a relation or a descriptor.
        mixins: the classes, the first of them in front.
    """
    current: Any = type(taught)
    missing = tuple(mixin for mixin in mixins if not issubclass(current, mixin))
    if missing:
        _set_class(taught, _subclass(current, missing))


@cache
def _subclass(current: type[Any], mixins: tuple[type[Any], ...]) -> type[Any]:
    written: type[Any] = getattr(current, "written_class", current)
    names: dict[str, Any] = {
        "__module__": written.__module__,
        "__qualname__": written.__qualname__,
        "written_class": written,
    }
    if written is current:
        names["__class__"] = property(lambda _: written, _set_class)
    return type(written.__name__, (*mixins, current), names)
