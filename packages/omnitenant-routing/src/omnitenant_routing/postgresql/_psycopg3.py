"""psycopg 3: what is bound by the client rides; the rest is sent in a pipeline, or after what is due."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar

import psycopg
from psycopg import errors, pq, sql
from psycopg.client_cursor import ClientCursorMixin

from omnitenant_routing.postgresql.carry import CarryingCursor, carrying

if TYPE_CHECKING:
    from omnitenant_routing.postgresql.prefix import Carried, Carrier

    Base = psycopg.Cursor[Any]
else:
    Base = object

__all__ = ["Psycopg3Cursor", "Psycopg3ServerCursor", "make_carry", "mixin_for"]

_IDLE = pq.TransactionStatus.IDLE
_NO_PIPELINE = pq.PipelineStatus.OFF


class Psycopg3Cursor(CarryingCursor, Base):
    """Mixed in front of a subclass of psycopg 3's cursor."""

    driver: ClassVar[Any] = psycopg
    refusals = (errors.ActiveSqlTransaction, errors.InvalidTransactionTermination)

    def in_transaction(self) -> bool:
        """Tell whether a transaction is open, or may be: in a pipeline libpq cannot know."""
        pgconn = self.connection.pgconn
        return bool(pgconn.transaction_status != _IDLE or pgconn.pipeline_status != _NO_PIPELINE)

    def send_bare(self, text: str) -> None:
        """Send a text past this engine."""
        with psycopg.ClientCursor(self.connection) as cursor:
            cursor.execute(text)

    def as_text(self, query: Any) -> str | bytes | None:
        """Return the text of a composed statement; a template string has none."""
        if isinstance(query, str | bytes):
            return query
        return query.as_bytes(self) if isinstance(query, sql.Composable) else None

    def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
        """Execute a statement, which carries what is due."""
        due = self.carrier.due(self.in_transaction)
        self.carried = None
        if due is None:
            return super().execute(query, params, **options)
        pipelined = self.connection.pgconn.pipeline_status != _NO_PIPELINE
        if pipelined or not self._rides(query, params, options):
            parted = self.parted(self.as_text(query))
            if parted is not None:
                return self._control(*parted, super().execute, query, params, **options)
            return self._in_pipeline(due, lambda: super(Psycopg3Cursor, self).execute(query, params, **options))
        if not isinstance(self, ClientCursorMixin):
            options["prepare"] = False  # several statements cannot be prepared
        self._ride(due, super().execute, query, params, **options)
        if self.carried is not None:
            for _ in due.statements:  # they have results, too
                self.nextset()
        return self

    def executemany(self, query: Any, params_seq: Iterable[Any], **options: Any) -> None:
        """Execute a statement for each set of parameters, in one transaction with what is due."""
        due = self.carrier.due(self.in_transaction)
        self.carried = None
        if due is None:
            super().executemany(query, params_seq, **options)
        else:
            self._in_pipeline(due, lambda: super(Psycopg3Cursor, self).executemany(query, params_seq, **options))

    def stream(self, query: Any, params: Any = None, **options: Any) -> Iterator[Any]:
        """Iterate over rows while the server makes them; the statement is sent after what is due."""
        due = self.carrier.due(self.in_transaction)
        self.carried = None
        rows = super().stream(query, params, **options)
        return rows if due is None else self._streamed(due, rows)

    @contextmanager
    def copy(self, statement: Any, params: Any = None, **options: Any) -> Iterator[psycopg.Copy]:
        """Copy by a statement that is sent after what is due."""
        due = self.carrier.due(self.in_transaction)
        self.carried = None
        if due is None:
            with super().copy(statement, params, **options) as copy:
                yield copy
        else:
            with self._ahead(due), super().copy(statement, params, **options) as copy:
                yield copy

    def set_result(self, index: int) -> Any:
        """Move to a result of the caller's own statements."""
        before = 0 if self.carried is None else len(self.carried.statements)
        return super().set_result(index + before if index >= 0 else index)

    def _rides(self, query: Any, params: Any, options: dict[str, Any]) -> bool:
        """Tell whether a statement goes by the simple protocol, which takes several in one message."""
        if not isinstance(query, str | bytes | sql.Composable):
            return False
        if isinstance(self, ClientCursorMixin):
            return True
        return params is None and not options.get("binary") and self.format == pq.Format.TEXT

    def _streamed(self, due: Carried, rows: Iterator[Any]) -> Iterator[Any]:
        with self._ahead(due):
            yield from rows

    def _in_pipeline(self, due: Carried, send: Callable[[], Any]) -> Any:
        """Send what is due and a statement one after the other, and wait once for both."""
        connection = self.connection
        if connection.pgconn.pipeline_status != _NO_PIPELINE:
            # The caller's own pipeline: what is due holds until its transaction ends, or its next synchronisation.
            self._queue(due)
            return send()
        # Without a transaction block an error that comes at the end, such as that of a deferred constraint, leaves
        # the connection busy for good.
        block = connection.autocommit and not self.in_transaction()
        failure: BaseException | None = None
        try:
            with connection.pipeline():
                try:
                    if block:
                        self.send_bare("BEGIN")
                    self._queue(due)
                    result = send()
                    if block:
                        self.send_bare("COMMIT")
                except BaseException as error:  # noqa: BLE001 - raised below; leaving with it would be logged as well
                    failure = error
        except BaseException as error:  # noqa: BLE001 - raised below
            failure = failure or error
        if failure is None:
            self._proved(due)
            return result
        if block and not connection.closed and self.in_transaction():
            self.send_bare("ROLLBACK")
        try:
            raise failure
        finally:
            del failure  # it would refer to itself by this frame

    def _queue(self, due: Carried) -> None:
        for statement in due.statements:
            self.send_bare(statement)


class Psycopg3ServerCursor(Psycopg3Cursor):
    """Mixed in front of a subclass of psycopg 3's server cursor."""

    def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
        """Declare the cursor after what is due."""
        due = self.carrier.due(self.in_transaction)
        self.carried = None
        parent: Any = super(Psycopg3Cursor, self)
        if due is None:
            return parent.execute(query, params, **options)
        with self._ahead(due):
            return parent.execute(query, params, **options)


def mixin_for(cursor_class: type[Any]) -> type[CarryingCursor]:
    """Return what is mixed in front of a cursor class."""
    return Psycopg3ServerCursor if issubclass(cursor_class, psycopg.ServerCursor) else Psycopg3Cursor


def make_carry(connection: Any, carrier: Carrier) -> None:
    """Let the cursors carry that a connection makes."""
    connection.cursor_factory = carrying(connection.cursor_factory, carrier)
    connection.server_cursor_factory = carrying(connection.server_cursor_factory, carrier)
