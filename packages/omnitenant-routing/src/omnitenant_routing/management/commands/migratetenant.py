"""``migratetenant``: migrates the place of one tenant."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from omnitenant_context.errors import OmnitenantError
from omnitenant_models.tenants import BaseTenant, TenantState
from omnitenant_routing.management._base import TenantCommand
from omnitenant_routing.management._output import one_line
from omnitenant_routing.management._selection import add_tenant_argument, get_tenant
from omnitenant_routing.provisioning import get_tenant_backend

__all__ = ["Command"]

_HAS_PLACE = frozenset({TenantState.ACTIVE, TenantState.SUSPENDED})


class Command(TenantCommand):
    """The command ``migrate`` for one tenant."""

    help = "Migrates the database or schema of one tenant; with --create it is made first."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take what ``migrate`` takes."""
        parser.add_argument("app_label", nargs="?", help="Migrate this app only.")
        parser.add_argument(
            "migration_name",
            nargs="?",
            help="Migrate to this migration; 'zero' undoes all of the app's.",
        )
        add_tenant_argument(parser)
        parser.add_argument("--plan", action="store_true", help="Show what would be done, and do nothing.")
        parser.add_argument("--fake", action="store_true", help="Record the migrations without running them.")
        parser.add_argument(
            "--create",
            action="store_true",
            help="Make the database or schema first where it is missing.",
        )
        parser.add_argument(
            "--noinput",
            "--no-input",
            action="store_false",
            dest="interactive",
            help="Accepted for scripts; this command asks nothing.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Make the place where that is wanted, then migrate it."""
        tenant = get_tenant(options["tenant_id"])
        verbosity = options["verbosity"]
        self.nothing_done = "what was migrated already stays; run it again to go on"
        try:
            if not (options["create"] and not options["plan"] and _made_from_nothing(tenant, options)):
                get_tenant_backend(tenant).migrate(
                    options["app_label"],
                    options["migration_name"],
                    plan=options["plan"],
                    fake=options["fake"],
                    verbosity=verbosity,
                    stdout=options.get("stdout"),
                )
        except (CommandError, OmnitenantError):
            raise
        except Exception as error:
            message = (
                f"the migration of tenant {tenant.tenant_id!r} failed: {one_line(error)}; "
                "--verbosity=2 and --traceback show where"
            )
            raise CommandError(message) from error
        if verbosity and not tenant.isolation.needs_place:
            self.stdout.write(
                f"Tenant {tenant.tenant_id!r} keeps its rows in tables that all share: the "
                "command migrate brings them up to date."
            )
        elif verbosity and not options["plan"]:
            self.stdout.write(self.style.SUCCESS(f"Tenant {tenant.tenant_id!r} was migrated."))


def _made_from_nothing(tenant: BaseTenant, options: dict[str, Any]) -> bool:
    """Make the place where it is missing.

    Returns:
        Whether it was migrated, too.
    """
    backend = get_tenant_backend(tenant)
    if tenant.state in _HAS_PLACE:
        backend.check()
        backend.make_place()
        return False
    whole = not options["app_label"] and not options["fake"]
    backend.again = "run migratetenant --create again"
    # As a whole, because then what fails is undone.
    backend.create(run_migrations=whole)
    return whole
