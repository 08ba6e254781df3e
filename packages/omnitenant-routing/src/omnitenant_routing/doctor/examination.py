"""Asks everything, everywhere: the databases in the settings, then the place of each tenant."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections
from django.db.migrations.recorder import MigrationRecorder

from omnitenant_context.context import TenantContext
from omnitenant_context.errors import OmnitenantError
from omnitenant_models.scopes import TenantScope
from omnitenant_models.settings import omnitenant_settings
from omnitenant_models.tenants import IsolationType, TenantState
from omnitenant_routing.doctor.engine import examine_engine
from omnitenant_routing.doctor.findings import Finding, Level
from omnitenant_routing.doctor.indexes import examine_indexes, examine_sequences
from omnitenant_routing.doctor.places import (
    Columns,
    examine_columns,
    examine_orphans,
    examine_usage,
    read_columns,
)
from omnitenant_routing.doctor.policies import examine_policies
from omnitenant_routing.doctor.roles import examine_role
from omnitenant_routing.places import master_key
from omnitenant_routing.provisioning import get_tenant_backend

if TYPE_CHECKING:
    from omnitenant_models.tenants import BaseTenant

__all__ = ["examine"]

_OWN_PLACE = frozenset({IsolationType.DATABASE, IsolationType.SCHEMA})
_Read = list[tuple["BaseTenant", frozenset[tuple[str, str]], Columns]]


def examine(tenants: Iterable[BaseTenant]) -> Iterator[Finding]:
    """Look for what is wrong with the databases of the settings and with the places of some tenants.

    Reads only, but for a temporary table that is taken back. A database that does not answer is a finding, and
    keeps nobody from being looked at.

    Args:
        tenants: those whose places are looked at, in any state.
    """
    settings = omnitenant_settings
    aliases = dict.fromkeys((master_key(), settings.PUBLIC_DB_ALIAS or master_key(), *settings.TENANT_DB_ALIASES))
    seen: set[tuple[Any, ...]] = set()
    for alias in aliases:
        yield from _guarded(alias, partial(_examine_database, alias, seen))
    read: _Read = []
    for tenant in tenants:
        if tenant.isolation_type in _OWN_PLACE and tenant.state in {TenantState.ACTIVE, TenantState.SUSPENDED}:
            yield from _guarded(tenant.tenant_id, partial(_examine_tenant, tenant, read))
    yield from examine_columns(read)


def _guarded(where: str, look: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    try:
        yield from look()
    except (DatabaseError, OmnitenantError) as error:
        reason = " ".join(str(error).split())
        yield Finding("place.unreachable", Level.ERROR, where, reason, "mend it and run checktenants again")


def _examine_database(alias: str, seen: set[tuple[Any, ...]]) -> Iterator[Finding]:
    with TenantContext.use_master_db():
        connection: Any = connections[alias]
        holds_everything = alias in {master_key(), omnitenant_settings.PUBLIC_DB_ALIAS}
        scopes = set(TenantScope) if holds_everything else {TenantScope.SHARED}
        yield from examine_indexes(connection, alias, *scopes)
        if connection.vendor == "postgresql":
            yield from examine_engine(connection, alias)
            yield from examine_role(connection, alias)
            yield from examine_policies(connection, alias, *scopes)
            yield from examine_sequences(connection, alias, *scopes)
            yield from examine_orphans(connection, alias, seen)


def _examine_tenant(tenant: BaseTenant, read: _Read) -> Iterator[Finding]:
    get_tenant_backend(tenant).check_place()
    if tenant.isolation_type == IsolationType.SCHEMA:
        closed = list(examine_usage(tenant))
        yield from closed
        if closed:
            return  # nothing in it can be looked at
    with TenantContext.use_tenant(tenant, allow_inactive=True):
        connection: Any = connections[DEFAULT_DB_ALIAS]
        where = tenant.tenant_id
        yield from examine_indexes(connection, where, TenantScope.TENANT)
        if connection.vendor == "postgresql":
            if tenant.isolation_type == IsolationType.DATABASE:
                yield from examine_engine(connection, where)
                yield from examine_role(connection, where)
            yield from examine_policies(connection, where, TenantScope.TENANT)
            yield from examine_sequences(connection, where, TenantScope.TENANT)
            applied = frozenset(MigrationRecorder(connection).applied_migrations())
            read.append((tenant, applied, read_columns(connection)))
