"""``showtenantfiles``: how many files tenants have, and how much room they take."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from omnitenant_models.tenants import BaseTenant
from omnitenant_routing.files.listing import Usage
from omnitenant_routing.files.tenants import tenant_storages, usage_of
from omnitenant_routing.management._base import TenantCommand
from omnitenant_routing.management._fleet import exit_status, run_for_each
from omnitenant_routing.management._output import add_format_arguments, to_json, to_table
from omnitenant_routing.management._selection import add_selection_arguments, select

__all__ = ["Command"]

_HEADINGS = ("tenant_id", "storage", "files", "bytes")


class Command(TenantCommand):
    """Lists what is in the storages, tenant by tenant; nothing of it is counted in advance."""

    help = "Counts the files of tenants, and their bytes, in each storage that has a folder for each tenant."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Choose tenants, and how to print what they have."""
        add_selection_arguments(parser)
        add_format_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Count and print; a storage that fails for one tenant does not stop the others."""
        found: dict[str, dict[str, Usage]] = {}

        def count(tenant: BaseTenant) -> None:
            found[tenant.tenant_id] = usage_of(tenant)

        outcomes = run_for_each(select(options), count, options={**options, "fail_fast": False}, stderr=self.stderr)
        if options["format"] == "json":
            self.stdout.write(
                to_json(
                    tenants=[
                        {"tenant_id": tenant_id, "storages": {name: each._asdict() for name, each in usage.items()}}
                        for tenant_id, usage in found.items()
                    ]
                )
            )
        else:
            self._print(found)
        errors = [f"{outcome.tenant_id}: {outcome.error}" for outcome in outcomes if outcome.error]
        if errors:
            raise CommandError("\n".join(errors), returncode=exit_status(outcomes))

    def _print(self, found: dict[str, dict[str, Usage]]) -> None:
        if not tenant_storages():
            self.stdout.write("No storage has a folder for each tenant.")
            return
        rows = [
            (tenant_id, name, str(each.files), str(each.bytes))
            for tenant_id, usage in found.items()
            for name, each in usage.items()
        ]
        heading, *lines = to_table(_HEADINGS, rows)
        self.stdout.write(self.style.MIGRATE_HEADING(heading))
        for line in lines:
            self.stdout.write(line)
