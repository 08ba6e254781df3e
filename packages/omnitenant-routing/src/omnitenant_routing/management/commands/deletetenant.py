"""``deletetenant``: removes a tenant with everything that is its."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import CommandParser

from omnitenant_models.tenants import BaseTenant
from omnitenant_routing.management._base import TenantCommand
from omnitenant_routing.management._description import describe_all, place_text
from omnitenant_routing.management._prompts import Prompter
from omnitenant_routing.management._selection import add_tenant_argument, get_tenant
from omnitenant_routing.provisioning import get_tenant_backend

__all__ = ["Command"]


class Command(TenantCommand):
    """Asks for the id once more: there is no way back."""

    help = "Deletes a tenant: its database or schema, its rows, its domains. There is no way back."
    nothing_done = "nothing was deleted"
    # A tenant must be removable from a project whose checks fail because of it.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Name the tenant."""
        add_tenant_argument(parser)
        parser.add_argument(
            "--noinput",
            "--no-input",
            action="store_false",
            dest="interactive",
            help="Do not ask for confirmation.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Ask, then remove."""
        tenant = get_tenant(options["tenant_id"])
        tenant_id = tenant.tenant_id
        if options["interactive"]:
            self._confirm(tenant)
        # Past this point an interruption leaves a tenant that is DELETING, and not nothing.
        self.nothing_done = f"run it again to complete the deletion of {tenant_id!r}"
        get_tenant_backend(tenant).delete()
        if options["verbosity"]:
            self.stdout.write(self.style.SUCCESS(f"Tenant {tenant_id!r} was deleted."))

    def _confirm(self, tenant: BaseTenant) -> None:
        (found,) = describe_all([tenant])
        self.stdout.write(
            f"Tenant {tenant.tenant_id!r} ({tenant.name}, {found['state']}) will be deleted:\n"
            f"  {found['isolation']}: {place_text(found['place'])}\n"
            f"  domains: {', '.join(found['domains']) or '-'}"
        )
        self.stdout.flush()

        def check(answer: str) -> None:
            if answer and answer != tenant.tenant_id:
                message = f"{answer!r} is not the id of the tenant; an empty answer cancels"
                raise ValidationError(message)
            if not answer:
                raise EOFError

        Prompter(self.stderr).ask("Type its id to delete it: ", check)
