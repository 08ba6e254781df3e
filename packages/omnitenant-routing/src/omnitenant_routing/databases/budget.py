"""A budget of open connections to tenants' databases: visiting 10,000 tenants leaves a few open, not 10,000.

A connection belongs to the thread that opened it, so each thread closes its own: it gives up those that it
used least recently whenever the process is over the budget. What is in a transaction stays open, and so does
an SQLite database in memory, which closing would destroy. What happens when all of the budget is in use, a
setting says: ``TENANT_CONNECTIONS_WAIT``.
"""

from __future__ import annotations

import threading
import time
import weakref
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from omnitenant_context.errors import OmnitenantError
from omnitenant_models.settings import omnitenant_settings
from omnitenant_routing.databases.aliases import PREFIX

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

__all__ = ["ConnectionBudgetError", "OpenConnections", "within_budget"]

_lock = threading.Lock()
_of_process: weakref.WeakSet[BaseDatabaseWrapper] = weakref.WeakSet()
_connecting: weakref.WeakSet[BaseDatabaseWrapper] = weakref.WeakSet()
_LOOK_AGAIN: Final = 0.01
"""Seconds. A thread that ends closes its connections without telling anybody."""


class ConnectionBudgetError(OmnitenantError):
    """Raised when a tenant's database is needed and all connections that a process may have are in use.

    The remedy: raise ``MAX_TENANT_CONNECTIONS``, let fewer threads serve, or let them wait longer.

    Attributes:
        tenant_id: id of the tenant whose database was needed.
    """

    def __init__(self, message: str = "", *, tenant_id: str | None = None) -> None:
        super().__init__(message)
        self.tenant_id = tenant_id


class OpenConnections(OrderedDict[str, "BaseDatabaseWrapper"]):
    """The connections of one thread to tenants' databases, the least recently used first."""

    def admit(self, connection: BaseDatabaseWrapper) -> None:
        """Take in a new connection, and close idle ones of this thread while the process has too many."""
        with _lock:
            others = sum(each.connection is not None for each in _of_process)
            _of_process.add(connection)
        for alias in [a for a, each in self.items() if each.connection is None and each is not connection]:
            if is_idle(self[alias]):
                del self[alias]
        excess = others + (connection.connection is None) - omnitenant_settings.MAX_TENANT_CONNECTIONS
        for alias in list(self):
            if excess <= 0:
                break
            if self[alias] is not connection and is_idle(self[alias]):
                excess -= self[alias].connection is not None
                self.pop(alias).close()
        self[connection.alias] = connection
        self.move_to_end(connection.alias)


@contextmanager
def within_budget(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Connect inside the block, as soon as the budget allows it.

    Args:
        connection: is not connected yet.

    Raises:
        ConnectionBudgetError: all connections are in use, and the time to wait is over.
    """
    most, patience = omnitenant_settings.MAX_TENANT_CONNECTIONS, omnitenant_settings.TENANT_CONNECTIONS_WAIT
    end = None if patience is None else time.monotonic() + patience
    while True:
        with _lock:
            in_use = sum(each.connection is not None or each in _connecting for each in _of_process)
            if end is None or in_use < most:
                _connecting.add(connection)
                break
        if time.monotonic() >= end:
            tenant_id = connection.alias.removeprefix(PREFIX)
            message = (
                f"the database of tenant {tenant_id!r} is needed, and all {most} connections to tenants' databases "
                f"that this process may have are in use (waited {patience} s); raise MAX_TENANT_CONNECTIONS, serve "
                "with fewer threads, or set CONN_MAX_AGE to 0, so that none stays open unused"
            )
            raise ConnectionBudgetError(message, tenant_id=tenant_id)
        time.sleep(_LOOK_AGAIN)
    try:
        yield
    finally:
        with _lock:
            _connecting.discard(connection)


def is_idle(connection: BaseDatabaseWrapper) -> bool:
    if connection.in_atomic_block or (connection.connection is not None and not connection.autocommit):
        return False
    if getattr(connection, "live_cursors", None):
        return False
    in_memory = getattr(connection, "is_in_memory_db", None)
    return not (in_memory is not None and in_memory())
