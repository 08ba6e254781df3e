"""``default`` means here: the connection handler that follows the context.

``transaction.atomic()``, ``on_commit()``, ``django.db.connection`` and raw cursors ask for the alias
``default`` whatever a router says. Inside a tenant they get that tenant's connection; the master stays
reachable as ``master``.

Private Django API, read in 5.2, 6.0 and 6.1: ``django.db.connections`` is one object whose class may be
swapped for a subclass, and it keeps its connections as attributes of ``_connections``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.utils import ConnectionHandler, load_backend

from omnitenant_context.context import get_scope
from omnitenant_context.scope import ActiveTenant, Nobody
from omnitenant_models.settings import omnitenant_settings
from omnitenant_routing.databases.aliases import is_tenant_alias, settings_of
from omnitenant_routing.databases.budget import OpenConnections
from omnitenant_routing.databases.wrapper import context_keeping
from omnitenant_routing.places import MASTER_ALIAS, place_for

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

__all__ = ["TenantConnectionHandler", "install", "real_alias"]

_OPEN = "omnitenant open"


def real_alias(alias: str) -> str:
    """Return the key of the connection that an alias means in the active context.

    Args:
        alias: ``default`` means the active place, and Django's own default with nobody active; ``master``
            means the master's database; any other alias means itself.
    """
    if alias == DEFAULT_DB_ALIAS:
        scope = get_scope()
        if isinstance(scope, Nobody):
            return alias
        if isinstance(scope, ActiveTenant):
            known: str | None = scope.memo.get("real_alias")
            if known is None:
                known = scope.memo["real_alias"] = _key_of(place_for(scope).alias)
            return known
        alias = place_for(scope).alias
    return _key_of(alias)


def _key_of(alias: str) -> str:
    return omnitenant_settings.MASTER_DB_ALIAS if alias == MASTER_ALIAS else alias


class TenantConnectionHandler(ConnectionHandler):
    """The handler behind ``django.db.connections``. Iterating over it gives the keys of ``DATABASES`` only."""

    if TYPE_CHECKING:
        _connections: Any

    def __getitem__(self, alias: str) -> BaseDatabaseWrapper:
        """Return this thread's connection for an alias; see :func:`real_alias`."""
        alias = real_alias(alias)
        if not is_tenant_alias(alias):
            return super().__getitem__(alias)
        settings = settings_of(alias)
        opened = self._opened()
        connection = opened.get(alias)
        if connection is not None:
            if connection.settings_dict is settings or connection.in_atomic_block:
                opened.move_to_end(alias)
                return connection
            opened.pop(alias).close()
        connection = self.create_connection(alias)
        opened.admit(connection)
        return connection

    def __delitem__(self, alias: str) -> None:
        """Forget this thread's connection for an alias."""
        alias = real_alias(alias)
        if is_tenant_alias(alias):
            del self._opened()[alias]
        else:
            super().__delitem__(alias)

    def create_connection(self, alias: str) -> BaseDatabaseWrapper:
        """Make a connection for the key of a database or the alias of a tenant."""
        settings = settings_of(alias) if is_tenant_alias(alias) else self.settings[alias]
        backend: Any = load_backend(settings["ENGINE"])
        connection: BaseDatabaseWrapper = context_keeping(backend.DatabaseWrapper)(settings, alias)
        return connection

    def all(self, initialized_only: bool = False) -> list[BaseDatabaseWrapper]:  # noqa: FBT001, FBT002 - Django's signature
        """Return this thread's connections: one per key of ``DATABASES``, and those open to tenants.

        Args:
            initialized_only: leave out databases to which this thread has no connection object yet.
        """
        configured = [
            super(TenantConnectionHandler, self).__getitem__(alias)
            for alias in self
            if not initialized_only or hasattr(self._connections, alias)
        ]
        return [*configured, *self._opened().values()]

    def _opened(self) -> OpenConnections:
        try:
            opened: OpenConnections = getattr(self._connections, _OPEN)
        except AttributeError:
            opened = OpenConnections()
            setattr(self._connections, _OPEN, opened)
        return opened


def install() -> None:
    """Put the handler on ``django.db.connections``; a second call changes nothing."""
    if isinstance(connections, TenantConnectionHandler):
        return
    for connection in connections.all(initialized_only=True):
        connection.__class__ = context_keeping(type(connection))
    connections.__class__ = TenantConnectionHandler
