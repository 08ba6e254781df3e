"""``sqlflush``: Django's, refused inside a tenant that shares its tables with others."""

from __future__ import annotations

from typing import Any

from django.core.management.commands import sqlflush

from omnitenant_models.management._emptying import refuse_to_empty_shared_tables

__all__ = ["Command"]


class Command(sqlflush.Command):
    """Shows the statements that would empty a database."""

    def handle(self, **options: Any) -> str:
        """Return them.

        Raises:
            CommandError: a tenant is active, and the tables hold rows of others.
        """
        refuse_to_empty_shared_tables("sqlflush", options["database"])
        return super().handle(**options)
