"""``default`` means here: the connection handler that follows the context.

``transaction.atomic()``, ``on_commit()``, ``django.db.connection`` and raw cursors ask for the alias
``default`` whatever a router says. Inside a tenant they get that tenant's connection; the master stays
reachable as ``master``.

Private Django API, read in 5.2, 6.0 and 6.1: ``django.db.connections`` is one object whose class may be
swapped for a subclass, and it keeps its connections as attributes of ``_connections``.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.transaction import TransactionManagementError
from django.db.utils import ConnectionHandler, load_backend

from omnitenant_context.context import get_scope
from omnitenant_context.errors import ProvisioningError, TenantMismatchError
from omnitenant_context.scope import ActiveTenant, Nobody
from omnitenant_routing.databases.aliases import SQLITE, is_in_memory, is_tenant_alias, settings_of
from omnitenant_routing.databases.budget import OpenConnections, is_idle
from omnitenant_routing.databases.wrapper import context_keeping
from omnitenant_routing.places import (
    MASTER_ALIAS,
    aliases_for,
    is_schema_alias,
    master_key,
    parse_rows_alias,
    place_for,
)

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

    from omnitenant_context.scope import Scope
    from omnitenant_routing.places import Place

__all__ = ["TenantConnectionHandler", "install", "real_alias", "switches_schemas"]

_OPEN = "omnitenant open"


def real_alias(alias: str) -> str:
    """Return the key of the connection that an alias means in the active context.

    Args:
        alias: ``default`` means the active place, and Django's own default with nobody active; ``master``
            means the master's database, and the alias of rows in a schema (``Place.rows_alias``) the database
            of that schema; any other alias means itself.

    Raises:
        TenantMismatchError: the alias is that of rows in a schema which is not the active place.
        ProvisioningError: the active place is a schema, and the engine of its database knows none.
    """
    scope = get_scope()
    if not isinstance(scope, ActiveTenant):
        return _key_in(scope, alias)
    # Every statement comes by here.
    known: dict[str, str] = scope.memo.setdefault("real aliases", {})
    key = known.get(alias)
    if key is None:
        key = known[alias] = _key_in(scope, alias)
    return key


def _key_in(scope: Scope, alias: str) -> str:
    if alias == DEFAULT_DB_ALIAS:
        return alias if isinstance(scope, Nobody) else _key_of_place(place_for(scope))
    return _schema_key(scope, alias) if is_schema_alias(alias) else _key_of(alias)


def _key_of(alias: str) -> str:
    return master_key() if alias == MASTER_ALIAS else alias


def _key_of_place(place: Place) -> str:
    key = _key_of(place.alias)
    if place.schema is not None:
        _refuse_unswitched(key, place.schema)
    return key


def _refuse_unswitched(key: str, schema: str) -> None:
    """Refuse a schema in a database whose engine would send all statements to the same one."""
    engine = connections.settings[key]["ENGINE"]
    if not switches_schemas(engine):
        message = (
            f"the schema {schema!r} cannot be reached: database {key!r} has the engine {engine!r}, for which all "
            "schemas are one; it takes PostgreSQL and 'omnitenant_routing.postgresql'"
        )
        raise ProvisioningError(message)


@cache
def switches_schemas(engine: str) -> bool:
    """Tell whether an engine sends each statement to the schema of whoever is active."""
    return bool(getattr(load_backend(engine).DatabaseWrapper, "carries_schemas", False))


def _schema_key(scope: Scope, alias: str) -> str:
    """Return the key of the database of rows in a schema; its connection reaches the active schema alone."""
    wanted = parse_rows_alias(alias)
    if (
        not isinstance(scope, Nobody)
        and place_for(scope).schema == wanted.schema
        and wanted.alias in aliases_for(scope)
    ):
        return _key_of_place(wanted)
    message = (
        f"rows of the schema {wanted.schema!r} were asked for while {scope.label!r} is active, where the same keys are "
        "those of other rows, or of none; enter the tenant that they were loaded for, or load them again here"
    )
    raise TenantMismatchError(message, active=scope.label, wanted=wanted.schema)


class TenantConnectionHandler(ConnectionHandler):
    """The handler behind ``django.db.connections``. Iterating over it gives the keys of ``DATABASES`` only."""

    if TYPE_CHECKING:
        _connections: Any

    _met_tenants = False
    """Whether any thread has had a connection to a tenant's database: until then none is looked for."""

    def __getitem__(self, alias: str) -> BaseDatabaseWrapper:
        """Return this thread's connection for an alias; see :func:`real_alias`."""
        alias = real_alias(alias)
        if not is_tenant_alias(alias):
            try:  # what the base class does first: every statement comes by here
                found: BaseDatabaseWrapper = getattr(self._connections, alias)
            except AttributeError:
                found = super().__getitem__(alias)
            return found
        settings = _settings_here(alias)
        opened = self._opened()
        connection = opened.get(alias)
        if connection is not None:
            if connection.settings_dict is settings or _is_same_memory(connection, settings):
                if connection.connection is None and not connection.in_atomic_block:
                    opened.admit(connection)
                opened.move_to_end(alias)
                return connection
            _refuse_open_transaction(connection)
            del opened[alias]
            if is_idle(connection):
                connection.close()  # else its cursors keep it until they are done
        connection = _connect(settings, alias)
        opened.admit(connection)
        TenantConnectionHandler._met_tenants = True
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
        return _connect(_settings_here(alias) if is_tenant_alias(alias) else self.settings[alias], alias)

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
        return [*configured, *self._opened().values()] if self._met_tenants else configured

    def _opened(self) -> OpenConnections:
        try:
            opened: OpenConnections = getattr(self._connections, _OPEN)
        except AttributeError:
            opened = OpenConnections()
            setattr(self._connections, _OPEN, opened)
        return opened


def _settings_here(alias: str) -> dict[str, Any]:
    """Return the settings behind a tenant's alias: those of the active instance where it is that tenant's."""
    scope = get_scope()
    if isinstance(scope, ActiveTenant) and place_for(scope).alias == alias:
        settings: dict[str, Any] = scope.memo["db_settings"]
        return settings
    return settings_of(alias)


def _is_same_memory(connection: BaseDatabaseWrapper, settings: dict[str, Any]) -> bool:
    """Tell whether both are one database in memory, which closing would destroy."""
    name = str(settings["NAME"])
    return is_in_memory(name) and name == connection.settings_dict["NAME"]


def _refuse_open_transaction(connection: BaseDatabaseWrapper) -> None:
    if connection.in_atomic_block or (connection.connection is not None and not connection.autocommit):
        message = (
            f"a transaction is open in the database that {connection.alias!r} meant before its tenant was changed or "
            "made again; end it before entering the tenant as it is now"
        )
        raise TransactionManagementError(message)


def _connect(settings: dict[str, Any], alias: str) -> BaseDatabaseWrapper:
    backend: Any = load_backend(settings["ENGINE"])
    of_tenant = is_tenant_alias(alias)
    mixed = context_keeping(
        backend.DatabaseWrapper, of_tenant=of_tenant, owned=of_tenant and settings["ENGINE"] == SQLITE
    )
    connection: BaseDatabaseWrapper = mixed(settings, alias)
    return connection


def install() -> None:
    """Put the handler on ``django.db.connections``; a second call changes nothing."""
    if isinstance(connections, TenantConnectionHandler):
        return
    for connection in connections.all(initialized_only=True):
        connection.__class__ = context_keeping(type(connection))
    connections.__class__ = TenantConnectionHandler
