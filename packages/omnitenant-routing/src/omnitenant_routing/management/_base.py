"""What all commands share: every foreseeable failure is one line on stderr and an exit status."""

from __future__ import annotations

from typing import Any, Final, NoReturn

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connections

from omnitenant_context.errors import OmnitenantError
from omnitenant_models.utils import get_tenant_model
from omnitenant_routing.management._fleet import EXIT_INTERRUPTED
from omnitenant_routing.management._output import one_line
from omnitenant_routing.management._prompts import is_terminal
from omnitenant_routing.places import MASTER_ALIAS

__all__ = ["EXIT_PENDING", "EXIT_USAGE", "TenantCommand"]

EXIT_USAGE: Final = 2
EXIT_PENDING: Final = 3


class TenantCommand(BaseCommand):
    """A command about tenants.

    Errors that a user can cause become a ``CommandError``; ``--traceback`` shows where they came
    from. Exit statuses: 0 done, 1 failed, 2 wrong usage, 3 pending migrations (``--check``), 130
    interrupted.
    """

    nothing_done = "nothing was changed"
    """What an answer that never came leaves behind."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Run the command, and put what may go wrong into words."""
        try:
            return super().execute(*args, **options)
        except (OmnitenantError, ImproperlyConfigured) as error:
            raise CommandError(one_line(error)) from error
        except DatabaseError as error:
            raise CommandError(_explain(error)) from error
        except UnicodeError as error:
            message = f"something given is not text ({one_line(error)})"
            raise CommandError(message) from error
        except KeyboardInterrupt:
            self.cancel(returncode=EXIT_INTERRUPTED)
        except EOFError:
            self.cancel()

    def cancel(self, *, hint: str = "", returncode: int = 1) -> NoReturn:
        """End the command because its user does not want it to go on, as ``createsuperuser`` does.

        Args:
            hint: how to do without an answer.
            returncode: the exit status.

        Raises:
            SystemExit: always.
        """
        if is_terminal():
            self.stderr.write("")  # the line with the question was not ended
        self.stderr.write(f"Cancelled; {self.nothing_done}{hint}.")
        raise SystemExit(returncode)


def _explain(error: DatabaseError) -> str:
    """Say what a failed statement on the master means, since most often its tables are missing."""
    try:
        connection = connections[MASTER_ALIAS]
        table = get_tenant_model()._meta.db_table
        with connection.cursor() as cursor:
            tables = connection.introspection.table_names(cursor)
    except (DatabaseError, ImproperlyConfigured, OSError):
        return f"the master's database cannot be used: {one_line(error)}"
    if table not in tables:
        return f"the master's database has no table {table!r}; run migrate first"
    return f"a database refused a statement: {one_line(error)}; run migrate if migrations are pending"
