"""``showtenantmigrations``: how far the migrations of tenants have come."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from omnitenant_context.errors import ProvisioningError
from omnitenant_models.tenants import BaseTenant
from omnitenant_routing.management._base import TenantCommand
from omnitenant_routing.management._fleet import run_for_each
from omnitenant_routing.management._output import add_format_arguments, counted, to_json
from omnitenant_routing.management._selection import (
    add_selection_arguments,
    is_usable,
    named,
    select,
)
from omnitenant_routing.management._status import Status, StatusReader

__all__ = ["Command"]


class Command(TenantCommand):
    """Reads each tenant's own record of its migrations."""

    help = (
        "Shows for each tenant how many migrations of each app are applied and pending. Exit "
        "status: 1 when a tenant's database cannot be read."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Choose tenants, and how much to print."""
        add_selection_arguments(parser)
        add_format_arguments(parser)
        parser.add_argument("--plan", action="store_true", help="Name the pending migrations, in their order.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Read and print."""
        tenants = select(options)
        reader = StatusReader()
        found: dict[str, Status] = {}

        def look(tenant: BaseTenant) -> None:
            try:
                found[tenant.tenant_id] = reader.read(tenant)
            except ProvisioningError:
                # Never provisioned, so nothing to read: no failure unless it was asked for.
                if tenant.tenant_id in named(options) or is_usable(tenant, suspended=True):
                    raise

        outcomes = run_for_each(tenants, look, options={**options, "fail_fast": False}, stderr=self.stderr)
        errors = {outcome.tenant_id: outcome.error for outcome in outcomes if outcome.error}
        if options["format"] == "json":
            rows = [_as_json(t, found.get(t.tenant_id), errors.get(t.tenant_id)) for t in tenants]
            self.stdout.write(to_json(tenants=rows))
        else:
            for tenant in tenants:
                self._print(tenant, found.get(tenant.tenant_id), errors, plan=options["plan"])
        if errors:
            message = f"{counted(len(errors))} cannot be read: {', '.join(errors)}"
            raise CommandError(message)

    def _print(self, tenant: BaseTenant, status: Status | None, errors: dict[str, str], *, plan: bool) -> None:
        title = f"{tenant.tenant_id} ({tenant.isolation_type}, {tenant.state})"
        self.stdout.write(self.style.MIGRATE_HEADING(title))
        if status is None:
            error = errors.get(tenant.tenant_id)
            self.stdout.write(self.style.ERROR(f"  {error}") if error else "  no place yet")
            return
        width = max(map(len, status.by_app), default=0)
        for app, (applied, pending) in status.by_app.items():
            text = f"  {app:<{width}}  {applied} applied"
            self.stdout.write(self.style.WARNING(f"{text}, {pending} pending") if pending else text)
        if plan:
            for app, name in status.pending:
                self.stdout.write(f"  [ ] {app}.{name}")


def _as_json(tenant: BaseTenant, status: Status | None, error: str | None) -> dict[str, Any]:
    by_app = status.by_app if status else {}
    return {
        "tenant_id": tenant.tenant_id,
        "isolation": str(tenant.isolation_type),
        "state": str(tenant.state),
        "apps": {app: {"applied": a, "pending": p} for app, (a, p) in by_app.items()},
        "applied": sum(applied for applied, _pending in by_app.values()) if status else None,
        "pending": [f"{app}.{name}" for app, name in status.pending] if status else None,
        "error": error,
    }
