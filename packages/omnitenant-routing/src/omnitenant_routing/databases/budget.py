"""A budget of open connections to tenants' databases: visiting 10,000 tenants leaves a few open, not 10,000.

A connection belongs to the thread that opened it, so each thread closes its own: it gives up those that it
used least recently whenever the process is over the budget. What is in a transaction stays open, and so does
an SQLite database in memory, which closing would destroy.
"""

from __future__ import annotations

import threading
import weakref
from collections import OrderedDict
from typing import TYPE_CHECKING

from omnitenant_models.settings import omnitenant_settings

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

__all__ = ["OpenConnections"]

_lock = threading.Lock()
_of_process: weakref.WeakSet[BaseDatabaseWrapper] = weakref.WeakSet()


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


def is_idle(connection: BaseDatabaseWrapper) -> bool:
    if connection.in_atomic_block or (connection.connection is not None and not connection.autocommit):
        return False
    if getattr(connection, "live_cursors", None):
        return False
    in_memory = getattr(connection, "is_in_memory_db", None)
    return not (in_memory is not None and in_memory())
