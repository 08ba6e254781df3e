"""Where in the code a statement comes from.

Private Django API, read in 5.2 and 6.1: the names of the functions that delete what was collected, write a child with
its parents (``related_ids`` are the keys that were found first), and change tables. They are looked for in the stack;
where Django renames one, tests see a false alarm.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import FrameType
from typing import Final

from omnitenant_models.rows._owners import owner_of
from omnitenant_models.rows._strangers import _owner_of
from omnitenant_models.rows.saving import refuse_any_taken

__all__ = ["by_collected_keys", "caller", "is_about_all_tenants"]

_NOT_THE_USERS: Final = frozenset(
    {"asgiref", "asyncio", "concurrent", "contextlib", "contextvars", "django", "functools", "sqlglot", "threading"}
)
_OURS: Final = ("django_omnitenant", "omnitenant_")

_DJANGO: Final = ("django.db.", "django.core.management.")
_FOR_ALL: Final = frozenset(
    {
        "BaseDatabaseOperations.execute_sql_flush",
        "BaseDatabaseSchemaEditor.execute",
        "Command.reset_sequences",
        "DatabaseWrapper.check_constraints",
        "Migration.apply",
        "Migration.unapply",
    }
)

_GUARDS: Final = frozenset({owner_of.__code__, _owner_of.__code__, refuse_any_taken.__code__})
"""Functions of the row scope's guards that ask whose a row is, or whom a refusal must name."""

_DELETING: Final = ("django.db.models.deletion", "Collector.delete")
_UPDATING: Final = ("django.db.models.sql.compiler", "SQLUpdateCompiler.execute_sql")


def caller() -> str:
    """Return the innermost line of the user's code, as ``file:line in function``.

    A coroutine that asks the ORM is not in the stack of the thread that does the work.
    """
    for frame in _frames():
        package = _module(frame).partition(".")[0]
        if package not in _NOT_THE_USERS and not package.startswith(_OURS):
            code = frame.f_code
            return f"{code.co_filename}:{frame.f_lineno} in {code.co_qualname}"
    return "a coroutine, or no code of the project"


def is_about_all_tenants() -> bool:
    """Tell whether something is done that is for all tenants.

    Django migrates, empties a database, checks its constraints, or sets its sequences; or a guard asks whose a row is.
    """
    for frame in _frames():
        module, name = _module(frame), frame.f_code.co_qualname
        if name in _FOR_ALL and module.startswith(_DJANGO):
            return True
        if frame.f_code in _GUARDS:
            return True
    return False


def by_collected_keys() -> bool:
    """Tell whether Django found the rows by a statement of its own before, and names them by their keys now."""
    for frame in _frames():
        seen = _module(frame), frame.f_code.co_qualname
        if seen == _DELETING:
            return True
        if seen == _UPDATING and frame.f_locals["self"].query.related_ids is not None:
            return True
    return False


def _frames() -> Iterator[FrameType]:
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        yield frame
        frame = frame.f_back


def _module(frame: FrameType) -> str:
    name: str = frame.f_globals.get("__name__", "")
    return name
