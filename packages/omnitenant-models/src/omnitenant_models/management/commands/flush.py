"""``flush``: Django's, refused inside a tenant that shares its tables with others."""

from __future__ import annotations

from typing import Any

from django.core.management.commands import flush
from django.db import connections

from omnitenant_context.context import TenantContext, get_scope
from omnitenant_context.scope import NOBODY, ActiveTenant
from omnitenant_models.management._emptying import refuse_to_empty_shared_tables
from omnitenant_models.utils import get_tenant_model

__all__ = ["Command"]


class Command(flush.Command):
    """Empties a database: the master's with nobody active, and that of a tenant that has its own.

    Django's transactional tests clean up with it. They mean a database of the settings, whoever a test left active.
    """

    def handle(self, **options: Any) -> None:
        """Empty it. In a tenant's own database the tenant's row stays: foreign keys lead to it.

        Raises:
            CommandError: a tenant is active, and the tables hold rows of others.
        """
        if _is_a_test_cleaning_up(options):
            with TenantContext.use_scope(NOBODY):
                super().handle(**options)
            return
        refuse_to_empty_shared_tables("flush", options["database"])
        scope = get_scope()
        if not isinstance(scope, ActiveTenant):
            super().handle(**options)
            return
        rows = get_tenant_model()._base_manager.using(connections[options["database"]].alias)
        own = list(rows.all())
        super().handle(**options)
        rows.bulk_create(own, ignore_conflicts=True)


def _is_a_test_cleaning_up(options: dict[str, Any]) -> bool:
    # Options that no command line can give.
    return not options["interactive"] and options.get("reset_sequences") is False and "inhibit_post_migrate" in options
