"""Which checks run."""

from __future__ import annotations

from django.core import checks

from omnitenant_routing.checks.caches import check_cache_aliases, check_caches, check_default_cache
from omnitenant_routing.checks.databases import check_databases, check_placement, check_router
from omnitenant_routing.checks.engine import check_engine, check_schema_databases
from omnitenant_routing.checks.files import check_file_fields, check_static_files
from omnitenant_routing.checks.known_apps import check_known_apps

__all__ = ["register"]


def register() -> None:
    """Register all checks; Django keeps a set, so a second call changes nothing."""
    checks.register(check_router, checks.Tags.database)
    checks.register(check_router, checks.Tags.compatibility)
    checks.register(check_databases, checks.Tags.compatibility)
    checks.register(check_placement, checks.Tags.compatibility)
    checks.register(check_engine, checks.Tags.compatibility)
    checks.register(check_schema_databases, checks.Tags.database)
    checks.register(check_caches, checks.Tags.caches)
    checks.register(check_cache_aliases, checks.Tags.caches)
    checks.register(check_default_cache, checks.Tags.caches, deploy=True)
    checks.register(check_static_files, checks.Tags.files)
    checks.register(check_file_fields, checks.Tags.files, deploy=True)
    # Only with --deploy: what is as it should be must not be printed by every command.
    checks.register(check_known_apps, checks.Tags.compatibility, deploy=True)
