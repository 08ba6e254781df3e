"""Rewrites the names of fields as model admins nest them: lists, tuples on one line, fieldsets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

__all__ = ["in_fieldsets", "renamed"]


def renamed(names: Iterable[Any], new_names: Mapping[str, str | None]) -> list[Any]:
    """Return names with some replaced, and those without a new name left out.

    Args:
        names: names, callables and nested lines of names.
        new_names: old name to new one; None leaves it out.
    """
    found: list[Any] = []
    for name in names:
        if isinstance(name, list | tuple):
            line = renamed(name, new_names)
            if line:
                found.append(tuple(line))
        elif isinstance(name, str) and name in new_names:
            new_name = new_names[name]
            if new_name is not None:
                found.append(new_name)
        else:
            found.append(name)
    return found


def in_fieldsets(fieldsets: Iterable[Any], new_names: Mapping[str, str | None]) -> list[Any]:
    """Return fieldsets with the names in them replaced; see :func:`renamed`."""
    return [(title, {**options, "fields": renamed(options["fields"], new_names)}) for title, options in fieldsets]
