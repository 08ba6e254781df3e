"""Shows what it was given, and where it runs."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from omnitenant_context.context import TenantContext
from probe.models import Note


class Command(BaseCommand):
    """Prints, writes, and fails in the ways in which commands do."""

    def add_arguments(self, parser: CommandParser) -> None:
        """Take anything."""
        parser.add_argument("--note")
        parser.add_argument("--fail", choices=["error", "exit", "crash"])
        parser.add_argument("--only")
        parser.add_argument("--all", action="store_true")
        parser.add_argument("rest", nargs=argparse.REMAINDER)

    def handle(self, *args: Any, **options: Any) -> None:
        """Do what the options say."""
        label = TenantContext.get_scope().label
        self.stdout.write(f"{label} {connection.alias} {options['all']} {options['rest']}")
        if options["note"]:
            Note.objects.create(text=options["note"])
        if options["only"] not in {None, label}:
            return
        if options["fail"] == "error":
            message = "refused"
            raise CommandError(message, returncode=5)
        if options["fail"] == "exit":
            sys.exit(7)
        if options["fail"] == "crash":
            message = "crashed"
            raise RuntimeError(message)
