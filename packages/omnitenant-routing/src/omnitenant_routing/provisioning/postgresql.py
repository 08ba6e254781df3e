"""A PostgreSQL database as the place of a tenant, with a role of the tenant's own where one is configured.

The database carries a mark (``COMMENT ON DATABASE`` with the tenant's id). It is made under another name and gets
its own when the mark is there, so that a half-made database is never taken for somebody's.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from django.db import DatabaseError, connections

from omnitenant_context.errors import ProvisioningError
from omnitenant_models.settings import omnitenant_settings
from omnitenant_routing.databases.owned_database import comment_of, read_comment
from omnitenant_routing.postgresql.identifiers import check_database, check_role, literal, quoted
from omnitenant_routing.provisioning.server import Server, Session, explained, is_postgresql, state_of

if TYPE_CHECKING:
    from omnitenant_models.tenants import BaseTenant
    from omnitenant_routing.provisioning.server import Powers

__all__ = ["PostgreSQLDatabase", "master_name"]

_LOCK: Final = 0x6F6D6E69
"""The class of the advisory locks that are taken here."""

_INSUFFICIENT_PRIVILEGE: Final = "42501"
_IN_USE: Final = "55006"
_STILL_NEEDED: Final = "2BP01"

_LEAST: Final = "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS"


class PostgreSQLDatabase:
    """The database of one tenant, and its role."""

    def __init__(self, tenant: BaseTenant, settings: dict[str, Any]) -> None:
        """Describe the database; nothing is sent.

        Args:
            tenant: whose it is.
            settings: as they are connected to.
        """
        self.tenant_id = tenant.tenant_id
        self.name = str(settings["NAME"])
        self.server = Server(tenant, settings)
        self.role = str(settings["USER"] or "")
        self.password = str(settings["PASSWORD"] or "")
        self.mark = comment_of(tenant.tenant_id, master_name())
        self.is_whole = True
        """Whether nothing of it was removed by :meth:`drop`."""
        # Without credentials of its own the tenant uses those that administer, and owns what it makes with them.
        config = tenant.config.get("db_config") or {}
        self.names_role = any(str(key).upper() == "USER" and value for key, value in config.items())
        self.has_role = self.server.is_known and self.role not in {"", str(self.server.admin["USER"] or "")}

    def check(self) -> bool:
        """Refuse names that cannot be, a server that cannot be used, and a database that is somebody else's.

        Returns:
            Whether the database is there.

        Raises:
            ProvisioningError: names what is wrong and the remedy.
        """
        check_database(self.name, tenant_id=self.tenant_id, reserved=self.server.names_taken())
        if self.has_role:
            check_role(self.role, tenant_id=self.tenant_id)
        with self.server.session() as session:
            found = self._mark(session)
            if found is None:
                self._refuse_role(session)
                self._refuse_unprivileged(session)
            elif found != self.mark:
                raise self._foreign(found)
        return found is not None

    def is_foreign(self) -> bool:
        """Tell whether a database of this name is there that is not this tenant's."""
        with self.server.session() as session:
            return self._mark(session) not in {None, self.mark}

    def create(self) -> bool:
        """Make the role, and the database with its mark.

        Returns:
            True when the database was made, False when it was there (and is this tenant's).

        Raises:
            ProvisioningError: either cannot be made; what was made before is removed.
        """
        try:
            with self.server.session() as session:
                self._lock(session)
                found = self._mark(session)
                if found is not None and found != self.mark:
                    raise self._foreign(found)
                if found is None:
                    self._refuse_role(session)  # another tenant may have got it since
                made_role = self._make_role(session)
                if found is None:
                    self._make_database(session, made_role=made_role)
                return found is None
        except DatabaseError as error:
            raise self._explained(error, "made") from error

    def drop(self, *, force: bool = False) -> None:
        """Remove the database, and the role where it was made for the tenant; nothing to do where they are gone.

        Args:
            force: end the sessions that use the database, instead of refusing because of them.

        Raises:
            ProvisioningError: it cannot be removed, for example because sessions use it.
        """
        try:
            with self.server.session() as session:
                session.execute(f"DROP DATABASE IF EXISTS {quoted(self._unfinished)}")
                ending = " WITH (FORCE)" if force else ""
                self._drop_whole(session, f"DROP DATABASE IF EXISTS {quoted(self.name)}{ending}")
                self._drop_role(session)
        except DatabaseError as error:
            raise self._explained(error, "removed") from error

    def _drop_whole(self, session: Session, statement: str) -> None:
        self.is_whole = False
        try:
            session.execute(statement)
        except DatabaseError as error:
            # What the server refuses it does not do; of a statement without an answer nobody knows.
            self.is_whole = state_of(error) is not None
            raise

    @property
    def _unfinished(self) -> str:
        """The name of the database until its mark is there."""
        return f"omnitenant_new_{hashlib.sha256(self.name.encode()).hexdigest()[:32]}"

    def _make_database(self, session: Session, *, made_role: bool) -> None:
        name = quoted(self._unfinished)
        try:
            session.execute(f"DROP DATABASE IF EXISTS {name}")  # what a crash has left
            session.execute(f"CREATE DATABASE {name}")
            session.execute(f"REVOKE ALL ON DATABASE {name} FROM PUBLIC")
            if self.has_role:
                role = quoted(self.role)
                session.execute(f"GRANT CONNECT, CREATE, TEMPORARY ON DATABASE {name} TO {role}")
                with self.server.session(self._unfinished) as inside:
                    inside.execute(f"GRANT USAGE, CREATE ON SCHEMA public TO {role}")
            self._finish(session)
        except BaseException:
            self._abandon(session, made_role=made_role)
            raise

    def _finish(self, session: Session) -> None:
        """Mark the database, and give it the name under which it is looked for."""
        name = quoted(self._unfinished)
        session.execute(f"COMMENT ON DATABASE {name} IS {literal(self.mark)}")
        session.execute(f"ALTER DATABASE {name} RENAME TO {quoted(self.name)}")

    def _abandon(self, session: Session, *, made_role: bool) -> None:
        """Remove what was made; the error that is under way says why."""
        with suppress(DatabaseError):
            session.execute(f"DROP DATABASE IF EXISTS {quoted(self._unfinished)}")
            if made_role:
                self._drop_role(session)

    def _make_role(self, session: Session) -> bool:
        """Make the tenant's role, or bring its password up to date; a role that others made stays as it is."""
        if not self.has_role:
            return False
        role = quoted(self.role)
        password = f" PASSWORD {literal(session.scrambled(self.password, self.role))}" if self.password else ""
        comment = self._role_comment(session)
        if comment is None:
            session.execute(f"CREATE ROLE {role} {_LEAST}{password}; COMMENT ON ROLE {role} IS {literal(self.mark)}")
            return True
        if comment == self.mark and password:
            session.execute(f"ALTER ROLE {role}{password}")
        return False

    def _drop_role(self, session: Session) -> None:
        if not self.has_role or self._role_comment(session) != self.mark:
            return
        try:
            session.execute(f"DROP ROLE {quoted(self.role)}")
        except DatabaseError as error:
            # Another tenant was given the same role: it goes with the last of them.
            if state_of(error) != _STILL_NEEDED:
                raise

    def _lock(self, session: Session) -> None:
        """Keep other processes from making the same database; the lock ends with the session."""
        ((got,),) = session.fetch("SELECT pg_try_advisory_lock(%s, hashtext(%s))", [_LOCK, self.name])
        if not got:
            raise self._error(
                f"another process is making the database {self.name!r} at this moment", "run it again when that is done"
            )

    def _mark(self, session: Session) -> str | None:
        """Return the comment on the database, empty where it has none, or None where there is no database."""
        rows = session.fetch(
            "SELECT coalesce(shobj_description(oid, 'pg_database'), '') FROM pg_catalog.pg_database WHERE datname = %s",
            [self.name],
        )
        return rows[0][0] if rows else None

    def _role_comment(self, session: Session) -> str | None:
        rows = session.fetch(
            "SELECT coalesce(shobj_description(oid, 'pg_authid'), '') FROM pg_catalog.pg_roles WHERE rolname = %s",
            [self.role],
        )
        return rows[0][0] if rows else None

    def _refuse_role(self, session: Session) -> None:
        """Refuse a role that opens more than this tenant's database. One that somebody made by hand is none of these.

        A server that nobody else administers is administered with the tenant's own role, whatever that may do.
        """
        if not (self.server.is_known and self.names_role):
            return
        if self.role in self.server.roles_taken():
            raise self._error(
                f"the role {self.role!r} is the site's own, which opens every database",
                "choose another USER; or leave USER and PASSWORD out, and the tenant's database is the site's",
            )
        rows = session.fetch("SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = %s", [self.role])
        if rows == [(True,)]:
            raise self._error(
                f"the role {self.role!r} is a superuser, whom nothing keeps out of other databases",
                "choose another USER",
            )
        comment = self._role_comment(session) or ""
        if read_comment(comment) and comment != self.mark:
            raise self._error(
                f"the role {self.role!r} is another tenant's (it is marked {comment!r}), and goes with it",
                "choose another USER; or, if it was made for this tenant, say so with "
                f"COMMENT ON ROLE {quoted(self.role)} IS {literal(self.mark)}",
            )

    def _refuse_unprivileged(self, session: Session) -> None:
        powers: Powers = session.powers()
        if not powers.make_databases:
            raise self._error(
                f"the role {powers.role!r} may not make databases on {self.server.address}",
                f"ALTER ROLE {quoted(powers.role)} CREATEDB, or use another role",
            )
        if self.has_role and not powers.make_roles and self._role_comment(session) is None:
            raise self._error(
                f"the role {self.role!r} does not exist on {self.server.address}, and {powers.role!r} may not make it",
                f"make it, or ALTER ROLE {quoted(powers.role)} CREATEROLE",
            )

    def _foreign(self, comment: str) -> ProvisioningError:
        whose = f" (it is marked {comment!r})" if comment else ""
        return self._error(
            f"the database {self.name!r} exists already on {self.server.address} and is not this tenant's{whose}",
            "choose another NAME; or, if it was made for this tenant, say so with "
            f"COMMENT ON DATABASE {quoted(self.name)} IS {literal(self.mark)}",
        )

    def _explained(self, error: DatabaseError, what: str) -> ProvisioningError:
        reason, state = explained(error), state_of(error)
        if state == _IN_USE and what == "removed":
            return self._error(
                f"its database {self.name!r} cannot be removed while sessions use it",
                "end them and run it again, or let it end them: deletetenant --force, delete(force=True)",
            )
        remedy = "grant the right" if state == _INSUFFICIENT_PRIVILEGE else "mend the cause"
        return self._error(f"its database {self.name!r} cannot be {what}: {reason}", f"{remedy} and run it again")

    def _error(self, problem: str, remedy: str) -> ProvisioningError:
        message = f"tenant {self.tenant_id!r}: {problem}; {remedy}"
        return ProvisioningError(message, tenant_id=self.tenant_id)


def master_name() -> str:
    """Return the name of the master's database; empty where that is a file, which has another path everywhere."""
    settings = connections.settings[omnitenant_settings.MASTER_DB_ALIAS]
    return str(settings["NAME"]) if is_postgresql(settings) else ""
