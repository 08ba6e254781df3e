"""The hook: the driver's cursor class, which every statement passes, learns to carry what is due.

What the drivers have in common stands here; each has a module of its own for the rest. No cursor knows anything about
its connection's past.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, ClassVar
from weakref import WeakValueDictionary

from omnitenant_routing.postgresql.fallback import alone
from omnitenant_routing.postgresql.statements import own_lines, split_control

if TYPE_CHECKING:
    from omnitenant_routing.postgresql.prefix import Carried, Carrier

__all__ = ["CarryingCursor", "carrying"]

_composed: WeakValueDictionary[tuple[type[Any], Carrier], type[Any]] = WeakValueDictionary()


class CarryingCursor:
    """Mixed in front of a driver's cursor class, by way of the driver's own subclass of this.

    Attributes:
        carrier: of the alias that the connection was made for.
        carried: what the latest statement carried.
    """

    carrier: ClassVar[Carrier]
    refusals: ClassVar[tuple[type[Exception], ...]]
    """Errors of statements that refuse to be in a transaction block."""
    driver: ClassVar[Any]
    """The driver's module."""
    carried: Carried | None = None
    if TYPE_CHECKING:
        connection: Any
        execute: Any

    def in_transaction(self) -> bool:
        """Tell whether a transaction is open, or may be; asks the driver, not the server."""
        raise NotImplementedError

    def send_bare(self, text: str) -> None:
        """Send a text past this engine, by a cursor of its own."""
        raise NotImplementedError

    def as_text(self, query: Any) -> str | bytes | None:
        """Return the text of a statement in any of the driver's forms; None where it has none."""
        raise NotImplementedError

    def _ride(self, due: Carried, send: Callable[..., Any], query: Any, params: Any, **options: Any) -> Any:
        """Send a statement with what is due before it, in one message.

        Args:
            due: what it carries.
            send: the driver's method.
            query: the statement.
            params: its parameters, or None.
            options: the rest of the method's arguments.
        """
        text = query if isinstance(query, str | bytes) else self.as_text(query)
        assert text is not None  # noqa: S101 - the callers have asked
        parted = self.parted(text)
        if parted is not None:
            return self._control(*parted, send, query, params, **options)
        before = due.text if params is None else due.doubled
        self.carried = due
        message: Any = before + text if isinstance(text, str) else before.encode() + text
        try:
            result = send(message, *self._arguments(params), **options)
        except self.refusals as error:
            if self.in_transaction() or not self.connection.autocommit:
                _point_at_own_line(error, due)
                raise
        except self.driver.Error as error:
            _point_at_own_line(error, due)
            raise
        else:
            self._proved(due)
            return result
        self.carried = None
        with alone(self, due):
            return send(query, *self._arguments(params), **options)

    def _proved(self, due: Carried) -> None:
        if due.proves is not None:
            self.carrier.prove(due.proves)

    @staticmethod
    def parted(text: str | bytes | None) -> tuple[str, str] | None:
        """Part a statement that controls a transaction from what follows it; None for all others."""
        if isinstance(text, bytes):
            text = text.decode("latin-1")
        return None if text is None else split_control(text)

    def _control(self, head: str, rest: str, send: Callable[..., Any], query: Any, params: Any, **options: Any) -> Any:
        """Send what controls a transaction bare, and what follows it as a statement of its own."""
        if not rest:
            return send(query, *self._arguments(params), **options)
        self.send_bare(head)
        return self.execute(rest, params, **options)

    @staticmethod
    def _arguments(params: Any) -> tuple[Any, ...]:
        return () if params is None else (params,)

    @contextmanager
    def _ahead(self, due: Carried) -> Iterator[None]:
        """Send what is due before a statement that cannot share a message, in a transaction that holds both."""
        if self.in_transaction() or not self.connection.autocommit:
            self.send_bare(due.text)
            yield
            return
        try:
            self.send_bare("BEGIN;\n" + due.text)
            yield
        except BaseException:
            with suppress(self.driver.Error):  # the connection may be what broke
                self.send_bare("ROLLBACK")
            raise
        self.send_bare("COMMIT")


def carrying(cursor_class: type[Any], carrier: Carrier) -> type[Any]:
    """Return a driver's cursor class that carries what is due on the connections of an alias.

    Args:
        cursor_class: any subclass of a cursor of psycopg2 or psycopg 3.
        carrier: of the alias.
    """
    if issubclass(cursor_class, CarryingCursor):
        return cursor_class
    made = _composed.get((cursor_class, carrier))
    if made is None:
        made = type(cursor_class.__name__, (_mixin_for(cursor_class), cursor_class), {"carrier": carrier})
        _composed[cursor_class, carrier] = made
    return made


def _mixin_for(cursor_class: type[Any]) -> type[CarryingCursor]:
    if any(each.__module__.partition(".")[0] == "psycopg" for each in cursor_class.__mro__):
        from omnitenant_routing.postgresql import _psycopg3

        return _psycopg3.mixin_for(cursor_class)
    from omnitenant_routing.postgresql._psycopg2 import Psycopg2Cursor

    return Psycopg2Cursor


def _point_at_own_line(error: Exception, due: Carried) -> None:
    if error.args and isinstance(error.args[0], str) and "\nLINE " in error.args[0]:
        error.args = (own_lines(error.args[0], len(due.statements)), *error.args[1:])
