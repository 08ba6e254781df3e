"""``migratealltenants``: migrates the places of all tenants, or of some."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandError, CommandParser

from omnitenant_models.tenants import BaseTenant
from omnitenant_routing.management._base import EXIT_PENDING, TenantCommand
from omnitenant_routing.management._fleet import (
    Progress,
    add_error_arguments,
    exit_status,
    run_for_each,
    summary,
)
from omnitenant_routing.management._output import add_format_arguments, counted, to_json
from omnitenant_routing.management._prompts import Prompter, yes_or_no
from omnitenant_routing.management._selection import add_selection_arguments, is_usable, select
from omnitenant_routing.management._status import StatusReader
from omnitenant_routing.provisioning import get_tenant_backend

__all__ = ["Command"]


class Command(TenantCommand):
    """Goes on when a tenant fails, and says at the end who did."""

    help = (
        "Migrates the databases and schemas of all tenants that have one. Exit status: 0 all done, "
        "1 some tenant failed, 3 migrations are pending (with --check)."
    )
    nothing_done = "nothing was migrated"

    def add_arguments(self, parser: CommandParser) -> None:
        """Choose tenants, and what happens on errors."""
        add_selection_arguments(parser)
        add_error_arguments(parser)
        add_format_arguments(parser)
        parser.add_argument(
            "--check",
            action="store_true",
            dest="check_only",
            help="Migrate nothing; exit with 3 when a tenant has pending migrations.",
        )
        parser.add_argument(
            "--noinput",
            "--no-input",
            action="store_false",
            dest="interactive",
            help="Do not ask for confirmation.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate, or look only."""
        chosen = select(options)
        # A tenant whose place was never made is not behind. --state asks for it all the same.
        tenants: list[BaseTenant] = []
        left_out: list[BaseTenant] = []
        for tenant in chosen:
            wanted = options["state"] or is_usable(tenant, suspended=True)
            (tenants if wanted else left_out).append(tenant)
        if left_out and options["verbosity"]:
            ids = ", ".join(f"{tenant.tenant_id} ({tenant.state})" for tenant in left_out)
            self.stderr.write(f"Left out, not provisioned: {ids}", self.style.WARNING)
        if options["check_only"]:
            self._check(tenants, options)
            return
        if options["interactive"] and tenants:
            self._confirm(len(tenants))
        self._migrate(tenants, options)

    def _confirm(self, count: int) -> None:
        prompter = Prompter(self.stderr)
        hint = "; --no-input does not ask"
        try:
            agreed = prompter.ask(f"Migrate {counted(count)}? (y/n): ", yes_or_no)
        except EOFError:
            self.cancel(hint=hint)
        if not agreed:
            self.cancel()

    def _migrate(self, tenants: list[BaseTenant], options: dict[str, Any]) -> None:
        as_json = options["format"] == "json"
        verbosity = options["verbosity"]
        progress = None
        if verbosity:
            out = self.stderr if as_json else self.stdout
            progress = Progress(out, len(tenants), self.style.ERROR)

        def migrate(tenant: BaseTenant) -> None:
            # JSON has the output to itself; else the second level of detail shows each migration.
            detail = 0 if as_json else max(0, verbosity - 1)
            get_tenant_backend(tenant).migrate(verbosity=detail, stdout=options.get("stdout"))

        outcomes = run_for_each(tenants, migrate, options=options, stderr=self.stderr, progress=progress)
        text = summary(outcomes, len(tenants), "migrated")
        if as_json:
            self.stdout.write(to_json(tenants=[asdict(outcome) for outcome in outcomes]))
        if any(outcome.error for outcome in outcomes):
            raise CommandError(text, returncode=exit_status(outcomes))
        if verbosity and not as_json:
            self.stdout.write(self.style.SUCCESS(f"{text}."))

    def _check(self, tenants: list[BaseTenant], options: dict[str, Any]) -> None:
        reader = StatusReader()
        pending: dict[str, list[str]] = {}

        def look(tenant: BaseTenant) -> None:
            pending[tenant.tenant_id] = [f"{app}.{name}" for app, name in reader.read(tenant).pending]

        outcomes = run_for_each(tenants, look, options=options, stderr=self.stderr)
        behind = [tenant_id for tenant_id, names in pending.items() if names]
        if options["format"] == "json":
            self.stdout.write(
                to_json(
                    tenants=[
                        {
                            "tenant_id": o.tenant_id,
                            "pending": pending.get(o.tenant_id),
                            "error": o.error,
                        }
                        for o in outcomes
                    ]
                )
            )
        failed = [f"{outcome.tenant_id}: {outcome.error}" for outcome in outcomes if outcome.error]
        if failed:
            raise CommandError("; ".join(failed))
        text = f"{len(behind)} of {counted(len(tenants))} with pending migrations"
        if behind:
            message = f"{text}: {', '.join(behind)}"
            raise CommandError(message, returncode=EXIT_PENDING)
        if options["verbosity"] and options["format"] != "json":
            self.stdout.write(f"{text}.")
