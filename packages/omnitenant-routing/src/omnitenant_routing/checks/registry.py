"""Which checks run."""

from __future__ import annotations

from django.core import checks

from omnitenant_routing.checks.databases import check_databases, check_router
from omnitenant_routing.checks.known_apps import check_known_apps

__all__ = ["register"]


def register() -> None:
    """Register all checks; Django keeps a set, so a second call changes nothing."""
    checks.register(check_router, checks.Tags.database)
    checks.register(check_router, checks.Tags.compatibility)
    checks.register(check_databases, checks.Tags.compatibility)
    # Only with --deploy: what is as it should be must not be printed by every command.
    checks.register(check_known_apps, checks.Tags.compatibility, deploy=True)
