"""``showtenants``: lists tenants, and where their data lives."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from omnitenant_routing.management._base import TenantCommand
from omnitenant_routing.management._description import describe_all, place_text
from omnitenant_routing.management._output import add_format_arguments, to_json, to_table
from omnitenant_routing.management._selection import add_selection_arguments, select

__all__ = ["Command"]

_HEADINGS = ("tenant_id", "name", "isolation", "state", "place", "domains")


class Command(TenantCommand):
    """Reads the master alone: no database of a tenant is asked."""

    help = "Lists the tenants with isolation type, state, place and domains. Secrets are never shown."
    # Looking must be possible while a check fails.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Choose tenants, and how to print them."""
        add_selection_arguments(parser)
        add_format_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Print them."""
        tenants = describe_all(select(options))
        for tenant in tenants:
            if "error" in tenant["place"]:
                self.stderr.write(tenant["place"]["error"], self.style.WARNING)
        if options["format"] == "json":
            self.stdout.write(to_json(tenants=tenants))
            return
        if not tenants:
            self.stdout.write("No tenants.")
            return
        rows = [
            (
                tenant["tenant_id"],
                tenant["name"],
                tenant["isolation"],
                tenant["state"],
                place_text(tenant["place"]),
                ", ".join(tenant["domains"]) or "-",
            )
            for tenant in tenants
        ]
        heading, *lines = to_table(_HEADINGS, rows)
        self.stdout.write(self.style.MIGRATE_HEADING(heading))
        for line in lines:
            self.stdout.write(line)
