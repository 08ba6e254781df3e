"""psycopg2: everything rides, but for named cursors, whose ``DECLARE`` is made in C."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import psycopg2
from psycopg2 import errors, extensions, sql

from omnitenant_routing.postgresql.carry import CarryingCursor, carrying
from omnitenant_routing.postgresql.identifiers import literal

if TYPE_CHECKING:
    from omnitenant_routing.postgresql.prefix import Carrier

    Base = extensions.cursor
    BaseConnection = extensions.connection
else:
    Base = BaseConnection = object

__all__ = ["Psycopg2Connection", "Psycopg2Cursor", "carrying_connection"]

_IDLE = extensions.TRANSACTION_STATUS_IDLE


class Psycopg2Cursor(CarryingCursor, Base):
    """Mixed in front of a subclass of psycopg2's cursor."""

    driver: ClassVar[Any] = psycopg2
    refusals = (errors.ActiveSqlTransaction, errors.InvalidTransactionTermination)

    def in_transaction(self) -> bool:
        """Tell whether a transaction is open; libpq knows."""
        return bool(self.connection.get_transaction_status() != _IDLE)

    def send_bare(self, text: str) -> None:
        """Send a text past this engine."""
        with extensions.cursor(self.connection) as cursor:
            cursor.execute(text)

    def as_text(self, query: Any) -> str | bytes | None:
        """Return the text of a composed statement."""
        return query.as_string(self) if isinstance(query, sql.Composable) else None

    @property
    def query(self) -> bytes | None:
        """The latest statement as it was sent, without what it carried."""
        sent: bytes | None = super().query
        carried = self.carried
        return sent if carried is None or sent is None else sent.removeprefix(carried.text.encode())

    def execute(self, query: Any, vars: Any = None) -> Any:  # noqa: A002 - the driver's name
        """Execute a statement, which carries what is due."""
        due = self.carrier.due(self.in_transaction)
        self.carried = None
        if due is None or not _has_text(query):
            return super().execute(query, vars)
        if self.name is not None:
            with self._ahead(due):
                return super().execute(query, vars)
        return self._ride(due, super().execute, query, vars)

    def executemany(self, query: Any, vars_list: Iterable[Any], *args: Any) -> Any:
        """Execute a statement for each set of parameters; each carries what is due."""
        due = self.carrier.due(self.in_transaction)
        self.carried = None
        if due is None or not _has_text(query) or self.name is not None:
            return super().executemany(query, vars_list, *args)
        return self._ride(due, super().executemany, query, vars_list)

    def callproc(self, procname: Any, parameters: Any = None) -> Any:
        """Call a function; as text, because the driver's own way does not pass :meth:`execute`."""
        due = self.carrier.due(self.in_transaction)
        if due is None or self.name is not None:
            return super().callproc(procname, *self._arguments(parameters))
        if isinstance(parameters, Mapping):
            # What the driver does: names are quoted, and values are given by name.
            names = [extensions.quote_ident(name, self) for name in parameters]
            values: Sequence[Any] = list(parameters.values())
            placeholders = ",".join(f"{name.replace('%', '%%')}:=%s" for name in names)
        else:
            values = list(parameters or ())
            placeholders = ",".join(["%s"] * len(values))
        name = procname.decode() if isinstance(procname, bytes) else procname
        # As it is: the driver does not quote it either.
        self.execute(f"SELECT * FROM {name.replace('%', '%%')}({placeholders})", values)  # noqa: S608 - as psycopg2's own
        return parameters

    def copy_expert(self, sql: Any, file: Any, size: int = 8192) -> Any:
        """Copy by a statement, which carries what is due."""
        due = self.carrier.due(self.in_transaction)
        self.carried = None
        if due is None or not _has_text(sql):
            return super().copy_expert(sql, file, size)
        return self._ride(due, lambda text: super(Psycopg2Cursor, self).copy_expert(text, file, size), sql, None)

    def copy_from(
        self,
        file: Any,
        table: str,
        sep: str = "\t",
        null: str = "\\N",
        size: int = 8192,
        columns: Iterable[str] | None = None,
    ) -> Any:
        """Copy from a file; as text, because the driver's own way is made in C."""
        if self.carrier.due(self.in_transaction) is None:
            return super().copy_from(file, table, sep, null, size, columns)
        return self.copy_expert(self._copy(table, "FROM stdin", sep, null, columns), file, size)

    def copy_to(
        self, file: Any, table: str, sep: str = "\t", null: str = "\\N", columns: Iterable[str] | None = None
    ) -> Any:
        """Copy to a file; see :meth:`copy_from`."""
        if self.carrier.due(self.in_transaction) is None:
            return super().copy_to(file, table, sep, null, columns)
        return self.copy_expert(self._copy(table, "TO stdout", sep, null, columns), file)

    def _copy(self, table: str, direction: str, sep: str, null: str, columns: Iterable[str] | None) -> str:
        names = "" if columns is None else f" ({','.join(extensions.quote_ident(each, self) for each in columns)})"
        return (
            f"COPY {extensions.quote_ident(table, self)}{names} {direction} "
            f"WITH DELIMITER AS {literal(sep)} NULL AS {literal(null)}"
        )


class Psycopg2Connection(BaseConnection):
    """Mixed in front of psycopg2's connection class: a cursor class that a caller names carries, too."""

    carrier: Carrier

    def cursor(self, name: Any = None, cursor_factory: Any = None, **options: Any) -> Any:  # type: ignore[override]  # no overloads
        """Make a cursor."""
        wanted: Any = cursor_factory or self.cursor_factory
        if isinstance(wanted, type):
            return super().cursor(name, cursor_factory=carrying(wanted, self.carrier), **options)
        made: Any = super().cursor(name, cursor_factory=wanted, **options)
        made.__class__ = carrying(type(made), self.carrier)  # an error for the driver's own class: that is better
        return made


def carrying_connection(connection_class: type[Any] | None, carrier: Carrier) -> type[Any]:
    """Return a connection class whose cursors carry, whatever class they are."""
    base = connection_class or extensions.connection
    return type(base.__name__, (Psycopg2Connection, base), {"carrier": carrier})


def _has_text(query: Any) -> bool:
    """Tell whether a statement is one; the driver has words for what is none."""
    return isinstance(query, str | bytes | sql.Composable)
