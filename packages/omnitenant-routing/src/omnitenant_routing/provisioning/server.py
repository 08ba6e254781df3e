"""The PostgreSQL server of a tenant's database, as whoever may make databases and roles there sees it.

Statements go past Django: its query log and its debug pages must not show what is said about roles.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from django.db import DatabaseError, connections
from django.db.backends.base.base import NO_DB_ALIAS
from django.db.utils import load_backend

from omnitenant_context.errors import ProvisioningError
from omnitenant_models.settings import omnitenant_settings
from omnitenant_routing.databases.aliases import beside

if TYPE_CHECKING:
    from omnitenant_models.tenants import BaseTenant

__all__ = ["Powers", "Server", "Session", "explained", "is_postgresql", "state_of"]

_HERE: Final = frozenset({"", "localhost", "127.0.0.1", "::1"})
_DEFAULT_PORT: Final = "5432"
_WITHOUT_NAME: Final = "postgres"
"""The database that every server has, to which one connects where no other is known."""


class Powers(NamedTuple):
    """What the role that administers may do."""

    role: str
    superuser: bool
    make_databases: bool
    make_roles: bool


class Session:
    """A connection outside any transaction; the driver's errors become Django's, as they do in its cursors."""

    def __init__(self, wrapper: Any) -> None:
        """Take a wrapper of Django's that is connected."""
        self._wrapper = wrapper

    def execute(self, statement: str) -> None:
        """Run a statement that takes no parameters; several in one text are one transaction."""
        with self._wrapper.wrap_database_errors, self._wrapper.connection.cursor() as cursor:
            cursor.execute(statement)

    def fetch(self, statement: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run a question and return its rows."""
        with self._wrapper.wrap_database_errors, self._wrapper.connection.cursor() as cursor:
            cursor.execute(statement, params)
            rows: list[tuple[Any, ...]] = cursor.fetchall()
            return rows

    def powers(self) -> Powers:
        """Ask what the role of this connection may do."""
        (row,) = self.fetch(
            "SELECT rolname, rolsuper, rolsuper OR rolcreatedb, rolsuper OR rolcreaterole "
            "FROM pg_catalog.pg_roles WHERE rolname = current_user"
        )
        return Powers(*row)

    def scrambled(self, password: str, role: str) -> str:
        """Return a password as the server stores it (SCRAM-SHA-256): the password itself is never sent."""
        connection, driver = self._wrapper.connection, self._wrapper.Database
        if driver.__name__ == "psycopg2":
            text: str = driver.extensions.encrypt_password(password, role, scope=connection, algorithm="scram-sha-256")
            return text
        made: bytes = connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256")
        return made.decode()


class Server:
    """Where a tenant's database is, or is to be.

    It is administered with the credentials of the entry of ``DATABASES`` beside which the database lives
    (``config['db_alias']``, or the master's), as long as it is on the same server; with the tenant's own
    credentials where its ``db_config`` names another.
    """

    def __init__(self, tenant: BaseTenant, settings: dict[str, Any]) -> None:
        """Describe the server; nothing is sent.

        Args:
            tenant: whose database it is.
            settings: of the tenant's database.
        """
        self.tenant_id = tenant.tenant_id
        self.settings = settings
        known = beside(tenant)
        self.is_known = is_postgresql(known) and _address(known) == _address(settings)
        """Whether it is administered with other credentials than the tenant's own."""
        self.admin: dict[str, Any] = dict(known) if self.is_known else {**settings, "NAME": _WITHOUT_NAME}

    @property
    def address(self) -> str:
        """The address, for messages."""
        return ":".join(str(part) for part in (self.settings["HOST"], self.settings["PORT"]) if part) or "this machine"

    def names_taken(self) -> frozenset[str]:
        """Return the names of the databases in ``DATABASES`` on this server: no tenant can have one of them."""
        entries = [connections.settings[alias] for alias in connections]
        return frozenset(str(each["NAME"]) for each in entries if _address(each) == _address(self.settings))

    def roles_taken(self) -> frozenset[str]:
        """Return the roles that administer here, and the master's where it is here: none is a tenant's own."""
        master = connections.settings[omnitenant_settings.MASTER_DB_ALIAS]
        entries = [self.admin, *([master] if _address(master) == _address(self.settings) else [])]
        return frozenset(str(each["USER"]) for each in entries if each["USER"])

    @contextmanager
    def session(self, database: str | None = None) -> Iterator[Session]:
        """Connect as whoever administers, for the length of the block.

        Args:
            database: to which database; another one than the tenant's own where it is left out.

        Raises:
            ProvisioningError: the server does not answer, or refuses; names the tenant and the server.
        """
        settings = {**self.admin, "AUTOCOMMIT": True, **({} if database is None else {"NAME": database})}
        wrapper: Any = load_backend(settings["ENGINE"]).DatabaseWrapper(settings, alias=NO_DB_ALIAS)
        try:
            wrapper.ensure_connection()
        except DatabaseError as error:
            whose = "of DATABASES" if self.is_known else "of its config['db_config']"
            message = (
                f"tenant {self.tenant_id!r}: the server {self.address} cannot be reached with the credentials {whose}: "
                f"{' '.join(str(error).split())}; correct them, or see to the server"
            )
            raise ProvisioningError(message, tenant_id=self.tenant_id) from error
        try:
            yield Session(wrapper)
        finally:
            wrapper.close()


def is_postgresql(settings: dict[str, Any]) -> bool:
    """Tell whether an entry of ``DATABASES`` is for PostgreSQL, whatever its engine is called."""
    vendor: str = load_backend(settings["ENGINE"]).DatabaseWrapper.vendor
    return vendor == "postgresql"


def state_of(error: BaseException) -> str | None:
    """Return the SQLSTATE behind an error of Django's, whichever driver brought it."""
    cause = error.__cause__
    found: str | None = getattr(cause, "pgcode", None) or getattr(cause, "sqlstate", None)
    return found


def explained(error: BaseException) -> str:
    """Return what the server said, in one line and without the statement."""
    return str(error).strip().partition("\n")[0]


def _address(settings: dict[str, Any]) -> tuple[str, str]:
    """Return host and port so that two names of this machine are one."""
    host, port = str(settings.get("HOST") or ""), str(settings.get("PORT") or _DEFAULT_PORT)
    return "" if host in _HERE or host.startswith("/") else host.lower(), port
