"""``createtenantsuperuser``: Django's ``createsuperuser`` for a tenant."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, cast

from django.contrib.auth.management.commands import createsuperuser
from django.core.management.base import CommandError
from django.db import DEFAULT_DB_ALIAS, DatabaseError, OperationalError, ProgrammingError

from omnitenant_admin._ownership import has_own_rows
from omnitenant_context.context import TenantContext
from omnitenant_context.errors import OmnitenantError
from omnitenant_context.loaders import load_tenant
from omnitenant_routing.provisioning import get_tenant_backend

if TYPE_CHECKING:
    from django.core.management.base import CommandParser

    from omnitenant_models.tenants import BaseTenant

__all__ = ["Command"]


class Command(createsuperuser.Command):
    """Takes what ``createsuperuser`` takes, from options, prompts and ``DJANGO_SUPERUSER_...``.

    The user lands where the tenant keeps its users: in its database or schema, or in the table that it shares.
    """

    help = "Creates a superuser for a tenant."
    # The migrations that would be looked for are those of the master.
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the tenant, and what ``createsuperuser`` takes but the database: that is the tenant's."""
        parser.add_argument("--tenant-id", required=True, help="The id of the tenant.")
        super().add_arguments(cast("CommandParser", _WithoutDatabase(parser)))

    def handle(self, *args: Any, **options: Any) -> None:
        """Create the user in the tenant's context, where the database ``default`` is the tenant's.

        Raises:
            CommandError: the tenant does not exist or is not active, its place is missing or not migrated, or
                what ``createsuperuser`` refuses.
        """
        tenant = self._load(options["tenant_id"])
        try:
            get_tenant_backend(tenant).check_place()
            with TenantContext.use_tenant(tenant):
                self._create(tenant, *args, **options)
        except OmnitenantError as error:
            raise CommandError(str(error)) from error
        except (OperationalError, ProgrammingError) as error:
            command = f"migratetenant --tenant-id={tenant.tenant_id}" if tenant.isolation.needs_place else "migrate"
            message = (
                f"the place of tenant {tenant.tenant_id!r} refused a statement: {_one_line(error)}; "
                f"run {command} if migrations are pending"
            )
            raise CommandError(message) from error
        except DatabaseError as error:
            message = f"the user cannot be stored for tenant {tenant.tenant_id!r}: {_one_line(error)}"
            raise CommandError(message) from error
        except EOFError:
            self.stderr.write("\nOperation cancelled.")
            sys.exit(1)

    def _load(self, tenant_id: str) -> BaseTenant:
        try:
            return cast("BaseTenant", load_tenant(tenant_id))
        except OmnitenantError as error:
            raise CommandError(str(error)) from error
        except DatabaseError as error:
            message = f"the master's database refused a statement: {_one_line(error)}; run migrate first"
            raise CommandError(message) from error

    def _create(self, tenant: BaseTenant, *args: Any, **options: Any) -> None:
        if options["interactive"] and hasattr(self.stdin, "isatty") and not self.stdin.isatty():
            # Django says the same, and names a command that would make a user of the master.
            self.stdout.write(
                "Superuser creation skipped due to not running in a TTY. You can run `manage.py "
                f"createtenantsuperuser --tenant-id={tenant.tenant_id}` in your project to create one manually."
            )
            return
        if options["verbosity"] and not has_own_rows(tenant, self.UserModel):
            label = self.UserModel._meta.label
            self.stderr.write(
                self.style.WARNING(
                    f"{label} has no tenant key and tenant {tenant.tenant_id!r} shares its table with others: this "
                    "will be a superuser of all of them, and of the master"
                )
            )
        super().handle(*args, **{**options, "database": DEFAULT_DB_ALIAS})


class _WithoutDatabase:
    """Hands arguments on to a parser, without the choice of a database."""

    def __init__(self, parser: CommandParser) -> None:
        self._parser = parser

    def add_argument(self, *names: Any, **options: Any) -> None:
        if "--database" not in names:
            self._parser.add_argument(*names, **options)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
