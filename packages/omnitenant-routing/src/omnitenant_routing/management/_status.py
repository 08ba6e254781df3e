"""Which migrations a tenant's place has, and which it lacks."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder

from omnitenant_context.context import TenantContext
from omnitenant_routing.provisioning import get_tenant_backend

if TYPE_CHECKING:
    from omnitenant_models.tenants import BaseTenant

__all__ = ["Status", "StatusReader"]

Key = tuple[str, str]


@dataclass(frozen=True)
class Status:
    """The migrations of one place.

    Attributes:
        applied: number of applied migrations by app.
        pending: what is not applied, in the order in which it would be.
    """

    applied: dict[str, int]
    pending: list[Key]

    @property
    def by_app(self) -> dict[str, tuple[int, int]]:
        """Applied and pending, by app."""
        pending = Counter(app for app, _name in self.pending)
        return {app: (self.applied.get(app, 0), pending[app]) for app in sorted({*self.applied, *pending})}


class StatusReader:
    """Reads many tenants: those with the same applied migrations are worked out once."""

    def __init__(self) -> None:
        """Begin with nothing known."""
        self._known: dict[frozenset[Key], Status] = {}

    def read(self, tenant: BaseTenant) -> Status:
        """Return the status of a tenant's place; the tenant may be in any state.

        Raises:
            ProvisioningError: the place was not made.
            DatabaseError: its database does not answer.
        """
        # A place that is not there must not come to be because somebody looks.
        get_tenant_backend(tenant).check_place()
        with TenantContext.use_tenant(tenant, allow_inactive=True):
            connection = connections[DEFAULT_DB_ALIAS]
            applied = frozenset(MigrationRecorder(connection).applied_migrations())
            if applied not in self._known:
                executor = MigrationExecutor(connection)
                loader = executor.loader
                plan = executor.migration_plan(loader.graph.leaf_nodes())
                # The loader counts a squashed migration as applied when what it replaces is.
                done = Counter(app for app, _name in loader.applied_migrations if app in loader.migrated_apps)
                pending = [(migration.app_label, migration.name) for migration, _backwards in plan]
                self._known[applied] = Status(dict(done), pending)
            return self._known[applied]
