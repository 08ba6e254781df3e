"""``createtenant``: makes a tenant, its domains and its place."""

from __future__ import annotations

from argparse import BooleanOptionalAction
from typing import Any

from django.core.management.base import CommandParser

from omnitenant_models.tenants import BaseTenant, IsolationType, TenantState
from omnitenant_models.utils import get_tenant_model
from omnitenant_routing.management._answers import Answers
from omnitenant_routing.management._base import TenantCommand
from omnitenant_routing.management._creation import create
from omnitenant_routing.management._database_details import add_database_arguments
from omnitenant_routing.management._order import collect_order
from omnitenant_routing.management._prompts import Prompter

__all__ = ["Command"]


class Command(TenantCommand):
    """Asks for what no option gives, or takes defaults under ``--no-input``."""

    help = "Creates a tenant, with its domains, its database or schema, and its migrations."
    nothing_done = "nothing was created"

    def add_arguments(self, parser: CommandParser) -> None:
        """Add an option for every question."""
        parser.add_argument("--tenant-id", help="Id of the tenant: a DNS label that no other has.")
        parser.add_argument("--name", help="Name of the tenant.")
        parser.add_argument(
            "--isolation-type",
            help=f"Where its data lives: {', '.join(IsolationType.values)}.",
        )
        parser.add_argument(
            "--domain",
            action="append",
            metavar="HOST",
            help="A host name of the tenant; may be given several times.",
        )
        parser.add_argument(
            "--set",
            action="append",
            metavar="FIELD=VALUE",
            help="A further field of your tenant model; may be given several times.",
        )
        parser.add_argument(
            "--create",
            action=BooleanOptionalAction,
            default=None,
            help="Make the database or schema now, or later with migratetenant --create.",
        )
        parser.add_argument(
            "--migrate",
            action=BooleanOptionalAction,
            default=None,
            help="Run its migrations now, or later with migratetenant.",
        )
        parser.add_argument(
            "--noinput",
            "--no-input",
            action="store_false",
            dest="interactive",
            help="Ask nothing: use the options, and defaults for the rest (create and migrate).",
        )
        add_database_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Collect everything, then make it."""
        # Asked before anybody types ten answers in vain: is the table of the tenants there?
        get_tenant_model()._base_manager.exists()
        prompter = None
        if options["interactive"]:
            prompter = Prompter(self.stderr)
            self.stdout.write("Starting tenant creation...")
            self.stdout.flush()
        tenant = create(collect_order(Answers(options, prompter)))
        if options["verbosity"]:
            self.stdout.write(self.style.SUCCESS(_success(tenant)))


def _success(tenant: BaseTenant) -> str:
    summary = f"Tenant {tenant.tenant_id!r} was created ({tenant.isolation.value}, {tenant.state})."
    if tenant.isolation.needs_place and tenant.state == TenantState.PENDING:
        return f"{summary} Make its place with: migratetenant --tenant-id={tenant.tenant_id} --create"
    if tenant.state == TenantState.PROVISIONING:
        return f"{summary} Migrate it with: migratetenant --tenant-id={tenant.tenant_id}"
    return summary
