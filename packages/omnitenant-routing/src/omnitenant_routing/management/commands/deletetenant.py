"""``deletetenant``: removes a tenant with everything that is its."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError, CommandParser

from omnitenant_models.tenants import BaseTenant
from omnitenant_routing.files.listing import sum_up, usage_text
from omnitenant_routing.files.tenants import export_files, usage_of
from omnitenant_routing.management._base import TenantCommand
from omnitenant_routing.management._description import describe_all, place_text
from omnitenant_routing.management._output import one_line
from omnitenant_routing.management._prompts import Prompter
from omnitenant_routing.management._selection import add_tenant_argument, get_tenant
from omnitenant_routing.provisioning import get_tenant_backend

__all__ = ["Command"]


class Command(TenantCommand):
    """Asks for the id once more: there is no way back."""

    help = "Deletes a tenant: its database or schema, its rows, its domains, its files. There is no way back."
    nothing_done = "nothing was deleted"
    # A tenant must be removable from a project whose checks fail because of it.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Name the tenant."""
        add_tenant_argument(parser)
        parser.add_argument(
            "--force",
            action="store_true",
            help="End the sessions that use the tenant's PostgreSQL database, instead of refusing because of them.",
        )
        parser.add_argument(
            "--export-files",
            type=Path,
            metavar="FOLDER",
            help="Copy the tenant's files into this folder first, which must not have files of the same names.",
        )
        parser.add_argument("--keep-files", action="store_true", help="Leave the tenant's files where they are.")
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
            self._confirm(tenant, keep_files=options["keep_files"])
        if options["export_files"]:
            self._export(tenant, options["export_files"], options["verbosity"])
        # Past this point an interruption leaves a tenant that is DELETING, and not nothing.
        self.nothing_done = f"run it again to complete the deletion of {tenant_id!r}"
        get_tenant_backend(tenant).delete(force=options["force"], keep_files=options["keep_files"])
        if options["verbosity"]:
            self.stdout.write(self.style.SUCCESS(f"Tenant {tenant_id!r} was deleted."))

    def _export(self, tenant: BaseTenant, folder: Path, verbosity: int) -> None:
        try:
            copied = export_files(tenant, folder)
        except OSError as error:
            message = f"the files of {tenant.tenant_id!r} could not be copied: {error}; nothing was deleted"
            raise CommandError(message) from error
        if verbosity:
            self.stdout.write(f"Copied {usage_text(copied)} to {folder}.")

    def _confirm(self, tenant: BaseTenant, *, keep_files: bool) -> None:
        (found,) = describe_all([tenant])
        self.stdout.write(
            f"Tenant {tenant.tenant_id!r} ({tenant.name}, {found['state']}) will be deleted:\n"
            f"  {found['isolation']}: {place_text(found['place'])}\n"
            f"  domains: {', '.join(found['domains']) or '-'}\n"
            f"  files: {_files_text(tenant)}{', which stay' if keep_files else ''}"
        )
        self.stdout.flush()

        def check(answer: str) -> None:
            if answer and answer != tenant.tenant_id:
                message = f"{answer!r} is not the id of the tenant; an empty answer cancels"
                raise ValidationError(message)
            if not answer:
                raise EOFError

        Prompter(self.stderr).ask("Type its id to delete it: ", check)


def _files_text(tenant: BaseTenant) -> str:
    try:
        return usage_text(sum_up(usage_of(tenant)))
    except Exception as error:  # noqa: BLE001 - a tenant must be removable while its storage is down
        return f"? ({one_line(error)})"
