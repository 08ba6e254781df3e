"""Which checks run; each says what it found, why it matters and what to do."""

from __future__ import annotations

from django.core import checks

from omnitenant_models.checks.configuration import (
    check_models,
    check_setting_kinds,
    check_setting_names,
)
from omnitenant_models.checks.middleware import check_middleware
from omnitenant_models.checks.policies import check_policies
from omnitenant_models.checks.references import (
    check_references,
    check_reverse_names,
    check_unenforced_references,
)
from omnitenant_models.checks.rows import check_tenant_keys
from omnitenant_models.checks.scopes import check_scopes
from omnitenant_models.checks.shared_tables import check_shared_tables
from omnitenant_models.checks.uniqueness import check_uniqueness

__all__ = ["register"]


def register() -> None:
    """Register all checks; Django keeps a set, so a second call changes nothing."""
    checks.register(check_setting_names, checks.Tags.compatibility)
    checks.register(check_setting_kinds, checks.Tags.compatibility)
    checks.register(check_models, checks.Tags.models)
    checks.register(check_scopes, checks.Tags.models)
    checks.register(check_tenant_keys, checks.Tags.models)
    checks.register(check_uniqueness, checks.Tags.models)
    checks.register(check_references, checks.Tags.models)
    checks.register(check_policies, checks.Tags.models)
    checks.register(check_reverse_names, checks.Tags.models)
    checks.register(check_unenforced_references, checks.Tags.models, deploy=True)
    checks.register(check_shared_tables, checks.Tags.database)
    checks.register(check_middleware, checks.Tags.security)
