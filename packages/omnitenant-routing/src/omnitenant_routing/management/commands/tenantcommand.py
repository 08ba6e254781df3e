"""``tenantcommand``: runs any management command for tenants."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from django.core.management import get_commands, load_command_class
from django.core.management.base import BaseCommand, CommandError, CommandParser

from omnitenant_context.context import TenantContext
from omnitenant_models.tenants import BaseTenant, IsolationType
from omnitenant_routing.databases.mirror import mirror
from omnitenant_routing.management._base import EXIT_USAGE, TenantCommand
from omnitenant_routing.management._fleet import (
    add_error_arguments,
    exit_status,
    run_for_each,
    summary,
)
from omnitenant_routing.management._selection import (
    add_selection_arguments,
    is_usable,
    named,
    select,
)

__all__ = ["Command"]

_EMPTIES_TABLES = frozenset({"flush", "sqlflush"})
_SHARES_TABLES = frozenset({IsolationType.TABLE, IsolationType.CACHE})


class Command(TenantCommand):
    """Runs the other command inside each tenant's context: ``default`` is its database there.

    Example:
        ``manage.py tenantcommand --tenant-id acme -- dumpdata --indent 4``
    """

    help = (
        "Runs a management command for one tenant, several or all. Options of this command come "
        "first; what follows '--', or the name of the command, belongs to that command."
    )
    # The command that is run makes its own checks.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Choose tenants; the rest is the other command's."""
        add_selection_arguments(parser)
        add_error_arguments(parser)
        parser.add_argument("--all", action="store_true", help="Run it for all tenants.")
        parser.add_argument(
            "--allow-inactive",
            action="store_true",
            help="Also for tenants that are suspended or not provisioned.",
        )
        # One argument for both: argparse would take a '--' after the command's name for its own.
        parser.add_argument(
            "command",
            nargs=argparse.REMAINDER,
            metavar="command ...",
            help="The command to run, and its arguments; they are passed on untouched.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the command for each."""
        given = list(options["command"])
        name, *arguments = given[given[:1] == ["--"] :] or [""]
        if not name:
            message = "say which command to run, for example: tenantcommand --all -- check"
            raise CommandError(message, returncode=EXIT_USAGE)
        if name not in get_commands():
            message = f"there is no command {name!r}; manage.py help lists them"
            raise CommandError(message)
        tenants = self._chosen(options)
        _refuse_to_empty_shared_tables(name, tenants)

        def run(tenant: BaseTenant) -> None:
            if len(tenants) > 1 and options["verbosity"]:
                self.stdout.flush()
                self.stderr.write(f"=== {tenant.tenant_id}", self.style.MIGRATE_HEADING)
            with TenantContext.use_tenant(tenant, allow_inactive=options["allow_inactive"]):
                _run(name, arguments, options)
            if name == "flush":
                mirror(tenant)  # it emptied the table of the tenant's own row, too

        outcomes = run_for_each(tenants, run, options=options, stderr=self.stderr)
        failed = [outcome for outcome in outcomes if outcome.error]
        if len(tenants) == 1 and failed:
            raise CommandError(failed[0].error, returncode=exit_status(outcomes))
        for outcome in failed:
            self.stderr.write(f"{outcome.tenant_id}: {outcome.error}")
        if failed:
            text = summary(outcomes, len(tenants), f"ran {name}")
            raise CommandError(text, returncode=exit_status(outcomes))

    def _chosen(self, options: dict[str, Any]) -> list[BaseTenant]:
        filters = options["tenant_id"] or options["isolation_type"] or options["state"]
        if bool(filters) == options["all"]:
            wrong = "--all and a choice of tenants exclude each other" if filters else "say for whom"
            message = f"{wrong}: give --tenant-id=ID (patterns, too), --isolation-type, --state, or --all"
            raise CommandError(message, returncode=EXIT_USAGE)
        tenants = select(options)
        if options["allow_inactive"]:
            return tenants
        # Who is named is tried, and refused in words; who only belongs to a group is passed over.
        chosen = [t for t in tenants if t.tenant_id in named(options) or is_usable(t)]
        left_out = ", ".join(f"{t.tenant_id} ({t.state})" for t in tenants if t not in chosen)
        if left_out:
            self.stderr.write(f"Left out: {left_out}", self.style.WARNING)
        return chosen


def _run(name: str, arguments: Sequence[str], options: dict[str, Any]) -> None:
    """Parse and run as Django does for the command line, but let errors pass."""
    app = get_commands()[name]
    command = app if isinstance(app, BaseCommand) else load_command_class(app, name)
    parsed = vars(command.create_parser("manage.py", name).parse_args(list(arguments)))
    parsed |= {stream: options[stream] for stream in ("stdout", "stderr") if options.get(stream)}
    command.execute(*parsed.pop("args", ()), **parsed)


def _refuse_to_empty_shared_tables(name: str, tenants: Sequence[BaseTenant]) -> None:
    if name not in _EMPTIES_TABLES:
        return
    sharing = [t.tenant_id for t in tenants if t.isolation_type in _SHARES_TABLES]
    if sharing:
        message = (
            f"{name} would empty the tables that all tenants share, not only the rows of "
            f"{', '.join(repr(tenant_id) for tenant_id in sharing)}; delete rows of one "
            "tenant, or the tenant with deletetenant"
        )
        raise CommandError(message)
