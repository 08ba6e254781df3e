"""The life of a place, the same for every isolation type; a subclass says how its place is made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TextIO

from django.core.management import call_command
from django.db import DEFAULT_DB_ALIAS

from omnitenant_context.context import TenantContext
from omnitenant_context.errors import OmnitenantError, ProvisioningError
from omnitenant_models.signals import tenant_created, tenant_deleted, tenant_migrated
from omnitenant_models.tenants import TenantState
from omnitenant_routing.databases.mirror import mirror
from omnitenant_routing.files.tenants import delete_files
from omnitenant_routing.places import MASTER_ALIAS, Place, place_of
from omnitenant_routing.provisioning.placement import settle
from omnitenant_routing.provisioning.states import move

if TYPE_CHECKING:
    from omnitenant_models.tenants import BaseTenant

__all__ = ["TenantBackend"]

_UNFINISHED = frozenset({TenantState.PENDING, TenantState.PROVISIONING, TenantState.FAILED})
_ANY = frozenset(TenantState)


class TenantBackend:
    """Makes, migrates and removes the place of one tenant.

    Every step can be repeated: what a crash left half-done is completed by running it again.
    """

    def __init__(self, tenant: BaseTenant) -> None:
        """Serve a tenant.

        Args:
            tenant: the tenant; it must be saved before its place is made.
        """
        self.tenant = tenant
        self.again = "run create() again"
        """What to do once the cause of a failure is mended; commands say it in their words."""
        self._is_whole = True
        """Whether nothing of the place was removed here yet."""

    @property
    def place(self) -> Place:
        """Where the tenant's rows live, made or not."""
        return place_of(self.tenant)

    def create(self, *, run_migrations: bool = True) -> None:
        """Make the tenant's place, and the tenant active.

        A tenant that is active already is left alone. What fails is undone, and the tenant is FAILED until
        this is run again.

        Args:
            run_migrations: also migrate. Without it the tenant stays PROVISIONING until it is migrated.

        Raises:
            ProvisioningError: names the tenant, what went wrong and what to do.
        """
        tenant = self._saved()
        tenant.refresh_from_db(using=MASTER_ALIAS, fields=["state"])
        if tenant.state in {TenantState.ACTIVE, TenantState.SUSPENDED}:
            return
        if settle(tenant):
            tenant.save(update_fields=["config"])
        self.check()
        move(tenant, TenantState.PROVISIONING, came_from=_UNFINISHED)
        made = False
        try:
            made = self.make_place()
            if run_migrations:
                self.migrate()
        except BaseException as error:
            # First the state: another process may have finished what failed here, and must keep its place.
            move(tenant, TenantState.FAILED, came_from=_UNFINISHED)
            if made:
                self._undo_place()
            if isinstance(error, OmnitenantError) or not isinstance(error, Exception):
                raise
            message = f"tenant {tenant.tenant_id!r} could not be provisioned: {error}; mend the cause and {self.again}"
            raise ProvisioningError(message, tenant_id=tenant.tenant_id) from error

    def migrate(
        self,
        app_label: str | None = None,
        migration_name: str | None = None,
        *,
        plan: bool = False,
        fake: bool = False,
        verbosity: int = 0,
        stdout: TextIO | None = None,
    ) -> None:
        """Bring the tenant's place to a migration, the latest of every app by default.

        A tenant that waits for its first migration becomes active. Sends ``tenant_migrated`` (and then, for
        a new tenant, ``tenant_created``) inside the tenant's context.

        Args:
            app_label: migrate this app only.
            migration_name: the migration to reach, as the command ``migrate`` takes it.
            plan: print what would be done, and do nothing.
            fake: record the migrations without running them.
            verbosity: as for the command ``migrate``; 0 prints nothing.
            stdout: where to print.

        Raises:
            ProvisioningError: the place was not made yet, or is gone.
            CommandError: the app or the migration does not exist.
        """
        tenant = self._saved()
        self.check_place()
        target = [name for name in (app_label, migration_name) if name]
        with TenantContext.use_tenant(tenant, allow_inactive=True):
            self.run_migrations(target, plan=plan, fake=fake, verbosity=verbosity, stdout=stdout)
        if plan:
            return
        first = tenant.state in _UNFINISHED and not target
        if first:
            # On the instance alone, so that receivers can enter the tenant; in the database when they are done.
            tenant.state = TenantState.ACTIVE
        if not target:
            # A target may have taken the tenant's own table away; migrating everything brings both back.
            mirror(tenant)
        with TenantContext.use_tenant(tenant, allow_inactive=True):
            tenant_migrated.send(sender=type(tenant), tenant=tenant)
            if first:
                tenant_created.send(sender=type(tenant), tenant=tenant)
        if first:
            move(tenant, TenantState.ACTIVE, came_from=_UNFINISHED)

    def delete(self, *, force: bool = False, keep_files: bool = False) -> None:
        """Remove the tenant: its place, rows and domains, what it has in caches and storages, and its own row.

        There is no way back.

        Args:
            force: end the sessions that use a PostgreSQL database of the tenant's own, which keep it from being
                removed.
            keep_files: leave its files where they are. Another tenant that gets its id has them then.

        Raises:
            ProvisioningError: the place, the files or the entries of caches cannot be removed; the tenant is DELETING
                until this is run again. Where nothing was removed yet, it is again what it was.
        """
        tenant = self._saved()
        tenant.refresh_from_db(using=MASTER_ALIAS, fields=["state"])
        # What was never begun has no place, and its configuration may lead nowhere.
        never_made = tenant.isolation.needs_place and tenant.state == TenantState.PENDING
        before = TenantState(tenant.state)
        move(tenant, TenantState.DELETING, came_from={before})
        if not never_made:
            try:
                self.remove_place(force=force)
            except BaseException:
                # A place that is whole can be used; half of one cannot, whatever another process said of it meanwhile.
                move(tenant, before if self._is_whole else TenantState.DELETING, came_from=_ANY)
                raise
        if not keep_files:
            self._remove_files()
        with TenantContext.unscoped():
            pk = tenant.pk
            tenant.delete()
            tenant.pk = pk  # receivers must be able to say whose it was
        with TenantContext.use_master_db():
            tenant_deleted.send(sender=type(tenant), tenant=tenant)
        tenant.pk = None

    def rename(self, name: str) -> None:
        """Give the place another name, which only a schema can have.

        Raises:
            ProvisioningError: the tenant has no schema.
        """
        tenant = self.tenant
        message = (
            f"tenant {tenant.tenant_id!r} has isolation type {tenant.isolation.value!r}, and only the schema of a "
            f"tenant of type 'schema' can be renamed, to {name!r} or anything else; nothing was changed"
        )
        raise ProvisioningError(message, tenant_id=tenant.tenant_id)

    def check(self) -> None:
        """Refuse to begin where the place cannot be made. Changes nothing.

        Raises:
            ProvisioningError: names what is wrong.
        """

    def check_place(self) -> None:
        """Refuse to use a place that was not made. Changes nothing.

        Raises:
            ProvisioningError: names the place and what to do.
        """

    def make_place(self) -> bool:
        """Make the place.

        Returns:
            True when it was made, so that it must be removed if a later step fails; False when it was there.
        """
        return False

    def run_migrations(self, target: list[str], **options: Any) -> None:
        """Run the command ``migrate`` on the place; the tenant is active."""
        options = {name: value for name, value in options.items() if value is not None}
        call_command("migrate", *target, database=DEFAULT_DB_ALIAS, interactive=False, **options)

    def remove_place(self, *, force: bool = False) -> None:
        """Remove the place, and everything in it. Nothing to do where it is gone.

        ``_is_whole`` says afterwards, and after an error, whether all of it is still there.

        Args:
            force: as for :meth:`delete`.
        """

    def _remove_files(self) -> None:
        try:
            delete_files(self.tenant)
        except Exception as error:
            message = (
                f"the files of tenant {self.tenant.tenant_id!r} could not be removed: {error}; mend the cause and run "
                "the deletion again, or keep them"
            )
            raise ProvisioningError(message, tenant_id=self.tenant.tenant_id) from error

    def _undo_place(self) -> None:
        try:
            self.remove_place()
        except BaseException:
            # What is left of the place must be known to be there.
            move(self.tenant, TenantState.PROVISIONING, came_from={TenantState.FAILED})
            raise

    def _saved(self) -> BaseTenant:
        if self.tenant.pk is None:
            message = f"tenant {self.tenant.tenant_id!r} is not saved; save it before its place is made"
            raise ProvisioningError(message, tenant_id=self.tenant.tenant_id)
        return self.tenant
