"""A PostgreSQL schema as the place of a tenant.

It carries a mark (``COMMENT ON SCHEMA`` with the tenant's id) from the moment it exists, so that a half-made
schema is known as this tenant's and any other is left alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from django.apps import apps
from django.db import DatabaseError, connections, transaction
from django.db.migrations.recorder import MigrationRecorder

from omnitenant_context.context import TenantContext
from omnitenant_context.errors import ProvisioningError
from omnitenant_models.scopes import TenantScope, get_app_scope
from omnitenant_routing.databases.owned_database import comment_of
from omnitenant_routing.postgresql.identifiers import literal, qualified, quoted
from omnitenant_routing.provisioning.server import explained, state_of

if TYPE_CHECKING:
    from omnitenant_models.tenants import BaseTenant
    from omnitenant_routing.places import Place

__all__ = ["Namespace"]

_TABLES_AT_ONCE: Final = 25
"""Some 20 locks a table; the lock table is the whole server's and has 6,400 entries by default."""
_LOCK_TIMEOUT: Final = "10s"

_LOCK_NOT_AVAILABLE: Final = "55P03"
_INSUFFICIENT_PRIVILEGE: Final = "42501"
_DUPLICATE_SCHEMA: Final = "42P06"


class Namespace:
    """The schema of one tenant, in the database of its place.

    Statements are sent in the master's context, whoever is active, and their names are qualified.
    """

    def __init__(self, tenant: BaseTenant, place: Place) -> None:
        """Describe the schema; nothing is sent.

        Args:
            tenant: whose it is; saved.
            place: a place with a schema.
        """
        self.tenant = tenant
        self.tenant_id = tenant.tenant_id
        self.name = str(place.schema)
        self.alias = place.alias
        self.mark = comment_of(tenant.tenant_id)
        self.is_whole = True
        """Whether nothing of it was removed by :meth:`drop`."""

    def check(self) -> bool:
        """Refuse a schema that is somebody else's, and one that this role may not make.

        Returns:
            Whether the schema is there.

        Raises:
            ProvisioningError: names the schema and the remedy.
        """
        found = self._mark()
        if found is None:
            self._refuse_unprivileged()
        elif found != self.mark:
            whose = f" (it is marked {found!r})" if found else ""
            raise self._error(
                f"the schema {self.name!r} exists already and is not this tenant's{whose}",
                "choose another with config['schema_name']; or, if it was made for this tenant, say so with "
                f"COMMENT ON SCHEMA {quoted(self.name)} IS {literal(self.mark)}",
            )
        return found is not None

    def is_foreign(self) -> bool:
        """Tell whether a schema stands there that is not this tenant's."""
        return self._mark() not in {None, self.mark}

    def find_marked(self) -> str | None:
        """Return the name of the schema in this database that carries the tenant's mark, if there is one."""
        rows = self._fetch(
            "SELECT nspname FROM pg_catalog.pg_namespace WHERE obj_description(oid, 'pg_namespace') = %s", [self.mark]
        )
        return rows[0][0] if rows else None

    def create(self) -> bool:
        """Make the schema, mark it, and give it a record of migrations of its own: all of it, or nothing.

        Without a record of its own the tenant would see the one in the public schema, where everything is
        applied already.

        Returns:
            True when it was made, False when it was there (and is this tenant's).

        Raises:
            ProvisioningError: it cannot be made.
        """
        if self.check():
            self._ensure_record()
            return False
        try:
            with transaction.atomic(using=self.alias):
                self._execute(
                    f"CREATE SCHEMA {quoted(self.name)}",
                    f"COMMENT ON SCHEMA {quoted(self.name)} IS {literal(self.mark)}",
                )
                self._ensure_record()
        except DatabaseError as error:
            if state_of(error) == _DUPLICATE_SCHEMA:
                self.check()  # another process was faster
                return False
            raise self._explained(error, "made") from error
        return True

    def rename_from(self, name: str) -> None:
        """Give the schema that has another name the one that it is to have.

        Raises:
            ProvisioningError: it cannot be renamed.
        """
        try:
            with transaction.atomic(using=self.alias):
                self._execute(
                    f"SET LOCAL lock_timeout = {literal(_LOCK_TIMEOUT)}",
                    f"ALTER SCHEMA {quoted(name)} RENAME TO {quoted(self.name)}",
                )
        except DatabaseError as error:
            raise self._explained(error, "renamed") from error

    def drop(self) -> None:
        """Remove the schema with all that is in it; nothing to do where it is gone.

        Tables go first, a few in each transaction: every table takes locks, of which the server has a limited
        number for all its databases. What is interrupted goes on when this is run again.

        Raises:
            ProvisioningError: it cannot be removed, for example because sessions use it.
        """
        try:
            tables = self._tables()
            for start in range(0, len(tables), _TABLES_AT_ONCE):
                names = ", ".join(qualified(self.name, each) for each in tables[start : start + _TABLES_AT_ONCE])
                self._drop(f"DROP TABLE IF EXISTS {names} CASCADE")
            self._drop(f"DROP SCHEMA IF EXISTS {quoted(self.name)} CASCADE")
        except DatabaseError as error:
            raise self._explained(error, "removed") from error

    def _drop(self, statement: str) -> None:
        was_whole, self.is_whole = self.is_whole, False
        try:
            with transaction.atomic(using=self.alias):
                self._execute(f"SET LOCAL lock_timeout = {literal(_LOCK_TIMEOUT)}", statement)
        except DatabaseError as error:
            # What the server refuses it does not do; of a statement without an answer nobody knows.
            self.is_whole = was_whole and state_of(error) is not None
            raise

    def _ensure_record(self) -> None:
        """Make the tenant's own table of applied migrations where it is missing.

        The tables of SHARED apps are there already, as far as their database was migrated.
        """
        if "django_migrations" in self._tables():
            return
        connection = connections[self.alias]
        recorder = MigrationRecorder(connection)
        with TenantContext.use_master_db():
            shared = [key for key in recorder.applied_migrations() if _is_shared(key[0])]
        with TenantContext.use_tenant(self.tenant, allow_inactive=True):
            with connection.schema_editor() as editor:
                editor.create_model(recorder.Migration)
            for app_label, name in shared:
                recorder.record_applied(app_label, name)

    def _tables(self) -> list[str]:
        """Return the tables, those with partitions last."""
        rows = self._fetch(
            "SELECT c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
            "WHERE n.nspname = %s AND c.relkind IN ('r', 'p') ORDER BY c.relkind = 'p', c.relname",
            [self.name],
        )
        return [name for (name,) in rows]

    def _mark(self) -> str | None:
        """Return the comment on the schema, empty where it has none, or None where there is no schema."""
        rows = self._fetch(
            "SELECT coalesce(obj_description(oid, 'pg_namespace'), '') FROM pg_catalog.pg_namespace WHERE nspname = %s",
            [self.name],
        )
        return rows[0][0] if rows else None

    def _refuse_unprivileged(self) -> None:
        ((allowed, role, database),) = self._fetch(
            "SELECT has_database_privilege(current_database(), 'CREATE'), current_user, current_database()"
        )
        if not allowed:
            raise self._error(
                f"the role {role!r} may not make schemas in database {database!r}",
                f"GRANT CREATE ON DATABASE {quoted(database)} TO {quoted(role)}, or use another role",
            )

    def _execute(self, *statements: str) -> None:
        with TenantContext.use_master_db(), connections[self.alias].cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    def _fetch(self, statement: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with TenantContext.use_master_db(), connections[self.alias].cursor() as cursor:
            cursor.execute(statement, params)
            rows: list[tuple[Any, ...]] = cursor.fetchall()
            return rows

    def _explained(self, error: DatabaseError, what: str) -> ProvisioningError:
        state = state_of(error)
        if state == _LOCK_NOT_AVAILABLE:
            return self._error(
                f"its schema {self.name!r} cannot be {what} while transactions use its tables "
                f"(waited {_LOCK_TIMEOUT} for them)",
                "end them and run it again",
            )
        remedy = "let its owner do it, or grant the right" if state == _INSUFFICIENT_PRIVILEGE else "mend the cause"
        return self._error(f"its schema {self.name!r} cannot be {what}: {explained(error)}", f"{remedy}; run it again")

    def _error(self, problem: str, remedy: str) -> ProvisioningError:
        message = f"tenant {self.tenant_id!r}: {problem}; {remedy}"
        return ProvisioningError(message, tenant_id=self.tenant_id)


def _is_shared(app_label: str) -> bool:
    return app_label in apps.app_configs and get_app_scope(app_label) is TenantScope.SHARED
