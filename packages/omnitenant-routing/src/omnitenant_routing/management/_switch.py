"""Opening and closing tenants."""

from __future__ import annotations

from typing import Any, ClassVar

from django.core.management.base import CommandError, CommandParser

from omnitenant_models.tenants import BaseTenant, TenantState
from omnitenant_routing.management._base import EXIT_USAGE, TenantCommand
from omnitenant_routing.management._fleet import exit_status, run_for_each
from omnitenant_routing.management._selection import (
    add_selection_arguments,
    is_usable,
    named,
    select,
)

__all__ = ["SwitchCommand"]


class SwitchCommand(TenantCommand):
    """Moves the chosen tenants to another state; a subclass says which."""

    done: ClassVar[str]
    to_open: ClassVar[bool]
    requires_system_checks = ()

    def move(self, tenant: BaseTenant) -> None:
        """Move one tenant."""
        raise NotImplementedError

    def add_arguments(self, parser: CommandParser) -> None:
        """Choose tenants."""
        add_selection_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Move each; one that is in another state does not stop the others."""
        if not (options["tenant_id"] or options["isolation_type"] or options["state"]):
            message = "say which tenants, for example --tenant-id=acme; the pattern '*' stands for all"
            raise CommandError(message, returncode=EXIT_USAGE)
        # Who is named is tried, and refused in words; who only belongs to a group is passed over.
        tenants = [tenant for tenant in select(options) if tenant.tenant_id in named(options) or self._fits(tenant)]
        outcomes = run_for_each(tenants, self.move, options={**options, "fail_fast": False}, stderr=self.stderr)
        for outcome in outcomes:
            if not outcome.error and options["verbosity"]:
                text = f"Tenant {outcome.tenant_id!r} was {self.done}."
                self.stdout.write(self.style.SUCCESS(text))
        errors = [outcome.error for outcome in outcomes if outcome.error]
        if errors:
            raise CommandError("\n".join(errors), returncode=exit_status(outcomes))

    def _fits(self, tenant: BaseTenant) -> bool:
        return tenant.state == TenantState.SUSPENDED if self.to_open else is_usable(tenant)
