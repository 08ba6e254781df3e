"""``checktenants``: what only a look at models and databases together can find."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.core.management.base import CommandError, CommandParser

from omnitenant_routing.doctor import Finding, Level, examine
from omnitenant_routing.management._base import TenantCommand
from omnitenant_routing.management._output import add_format_arguments, to_json
from omnitenant_routing.management._selection import add_selection_arguments, select

__all__ = ["Command"]


class Command(TenantCommand):
    """Prints findings with their remedies; changes nothing."""

    help = (
        "Looks for holes and for what will hurt: roles that no policy holds, policies and indexes that are missing, "
        "tenants without places and places without tenants. Exit status: 1 when a finding is an error or a warning."
    )
    # The doctor is asked because something is wrong.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Choose tenants, and how to print."""
        add_selection_arguments(parser)
        add_format_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Look and print."""
        styles = {Level.ERROR: self.style.ERROR, Level.WARNING: self.style.WARNING, Level.INFO: self.style.NOTICE}
        tenants = select(options)
        findings: list[Finding] = []
        for finding in examine(tenants):
            findings.append(finding)
            if options["format"] == "table":
                self.stdout.write(styles[finding.level](f"{finding.level.upper()} {finding.code} {finding.where}"))
                self.stdout.write(f"  {finding.message}\n  {finding.remedy}")
        if options["format"] == "json":
            self.stdout.write(to_json(findings=[finding.as_json() for finding in findings]))
        counts = Counter(finding.level for finding in findings)
        told = ", ".join(
            f"{counts[level]} {level}{'' if counts[level] == 1 else 's'}" for level in Level if counts[level]
        )
        if counts[Level.ERROR] or counts[Level.WARNING]:
            raise CommandError(told)
        if options["format"] == "table":
            self.stdout.write(f"Nothing found{f' that must be mended ({told})' if told else ''}.")
