"""Looks at every statement of the process while somebody wants to see them.

Django documents ``connection.execute_wrapper()``, a block that takes out whatever was put in last. Blocks of several
threads would take out each other's, so the wrapper is put before all others in the same list, and taken out by name.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any
from weakref import WeakSet

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

__all__ = ["Look", "start", "stop"]

Look = Callable[[str, Any, bool, BaseDatabaseWrapper], None]
"""Gets a statement, its parameters, whether these are many sets of them, and the connection."""

_lock = threading.Lock()
_looks: list[Look] = []
_connections: WeakSet[BaseDatabaseWrapper] = WeakSet()


def start(look: Look) -> None:
    """Show every statement from now on, on all connections of all threads, also on those that are opened later."""
    with _lock:
        _looks.append(look)
        # Those of other threads are known if they were opened after this module was imported.
        _connections.update(connections.all(initialized_only=True))
        for connection in _connections:
            _put_in(connection)


def stop(look: Look) -> None:
    """Show none any more."""
    with _lock:
        _looks.remove(look)
        if not _looks:
            for connection in _connections:
                _take_out(connection)


def _opened(connection: BaseDatabaseWrapper, **_: Any) -> None:
    with _lock:
        _connections.add(connection)
        if _looks:
            _put_in(connection)


def _put_in(connection: BaseDatabaseWrapper) -> None:
    if _show not in connection.execute_wrappers:
        connection.execute_wrappers.insert(0, _show)


def _take_out(connection: BaseDatabaseWrapper) -> None:
    if _show in connection.execute_wrappers:
        connection.execute_wrappers.remove(_show)


def _show(execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:  # noqa: FBT001 - Django's signature
    connection = context["connection"]
    # psycopg's composed statements are put together by the driver's own connection.
    text = sql if isinstance(sql, str) else sql.as_string(connection.connection)
    if many:
        params = list(params)  # an iterator can be read once
    for look in tuple(_looks):
        look(text, params, many, connection)
    return execute(sql, params, many, context)


connection_created.connect(_opened, dispatch_uid="omnitenant_models.testing")
