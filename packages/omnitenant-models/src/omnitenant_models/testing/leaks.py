"""The leak detector: it reads every statement, and tells which ones reach rows of other tenants."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

from django.core.exceptions import ImproperlyConfigured

from omnitenant_context.context import get_scope
from omnitenant_context.scope import Scope, Unscoped
from omnitenant_models.testing import _watch
from omnitenant_models.testing._callers import by_collected_keys, caller, is_about_all_tenants
from omnitenant_models.testing._owners import strangers_among
from omnitenant_models.testing._parts import Unreadable
from omnitenant_models.testing._tables import Tables, known_tables
from omnitenant_models.testing._verdict import Complaint, Verdict

if TYPE_CHECKING:
    from types import TracebackType

    from django.db.backends.base.base import BaseDatabaseWrapper


__all__ = ["Leak", "LeakError", "no_leaks"]

_SHOWN: Final = 2_000
"""How many characters of a statement a message shows."""

_asking: ContextVar[bool] = ContextVar("omnitenant_leak_detector_asks", default=False)


@dataclass(frozen=True, slots=True)
class Leak:
    """A statement that does not stay with the active tenant.

    Attributes:
        sql: the statement, as Django handed it to the connection.
        params: its parameters.
        table: the table that it is about.
        model: the label of the model, or empty text where the statement cannot be read.
        reason: what is missing in the statement, or what it writes.
        alias: the alias of the connection.
        scope: the label of what was active.
        caller: the line of the project's code that it comes from.
    """

    sql: str
    params: str
    table: str
    model: str
    reason: str
    alias: str
    scope: str
    caller: str

    def __str__(self) -> str:
        sql = self.sql if len(self.sql) <= _SHOWN else f"{self.sql[:_SHOWN]} ..."
        of = f" ({self.model})" if self.model else ""
        return (
            f"table {self.table!r}{of} in database {self.alias!r}: {self.reason}\n"
            f"    from {self.caller}\n"
            f"    {sql}\n"
            f"    with {self.params:.{_SHOWN}}"
        )


class LeakError(AssertionError):
    """Raised at the end of a block of :class:`no_leaks`; shows each leak.

    Attributes:
        leaks: what was found, in its order.
    """

    def __init__(self, leaks: Sequence[Leak]) -> None:
        """Put the leaks into words."""
        self.leaks = tuple(leaks)
        count = "a statement does" if len(leaks) == 1 else f"{len(leaks)} statements do"
        shown = "\n".join(f"{number}. {leak}" for number, leak in enumerate(leaks, 1))
        super().__init__(
            f"{count} not stay with the active tenant; go through the model's managers, name the tenant's key in the "
            f"statement, or say that all tenants are meant with TenantContext.unscoped():\n{shown}"
        )

    def __reduce__(self) -> tuple[type[Self], tuple[tuple[Leak, ...]]]:
        """Pickle with the leaks: test runners send errors between processes."""
        return type(self), (self.leaks,)


class no_leaks:  # noqa: N801 - reads as a statement: with no_leaks(): ...
    """Fails when code in its block executes a statement that could meet another tenant's rows.

    It reads the SQL, whoever wrote it: each table of tenants must be held to the active tenant, by its key or by
    joins and subqueries that lead to it by rows of tenants; what is inserted must carry the key; an upsert must find
    rows by it. So it fails without any row of another tenant in the tests. It looks at all connections of the
    process, those of other threads and of tenants' own databases included, and changes no result: the code runs on,
    and the block fails at its end. An error in the block passes through, with the leaks as a note.

    With nobody or the master active every statement on a table of tenants is a leak. Blocks of ``unscoped()`` and
    migrations are none; nor is DDL, unless it makes a table of what it reads. Where the references that are written
    lead is not judged, and statements that go past Django's cursors (the driver's own, COPY, procedures) are not seen.

    Needs ``sqlglot``, which the extra ``omnitenant-models[testing]`` brings.

    Example::

        with TenantContext.use_tenant(acme), no_leaks():
            response = export_view(request)

    Attributes:
        leaks: what was found and not yet told.
    """

    def __init__(self, *, allow_unscoped: bool = True) -> None:
        """Prepare a block.

        Args:
            allow_unscoped: False reports statements on tables of tenants in blocks of ``unscoped()``, too.
        """
        self._allow_unscoped = allow_unscoped
        self.leaks: list[Leak] = []

    def __enter__(self) -> Self:
        """Begin to look.

        Raises:
            ImproperlyConfigured: sqlglot is not installed.
        """
        try:
            import sqlglot  # noqa: F401 - asked for here, before a statement is run
        except ImportError as error:
            message = "no_leaks() reads SQL with sqlglot, which is missing; install omnitenant-models[testing]"
            raise ImproperlyConfigured(message) from error
        self.leaks = []
        _watch.start(self._look)
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop looking.

        Raises:
            LeakError: something leaked, and the block raised nothing itself.
        """
        __tracebackhide__ = True  # pytest shows the line of the block
        _watch.stop(self._look)
        self.check(exc)

    def check(self, exc: BaseException | None = None) -> None:
        """Fail for what was found so far.

        Args:
            exc: an error that the code raised itself: it gets the leaks as a note, and nothing is raised here.

        Raises:
            LeakError: something leaked.
        """
        __tracebackhide__ = True
        if not self.leaks:
            return
        error, self.leaks = LeakError(self.leaks), []
        if exc is None:
            raise error
        exc.add_note(str(error))

    async def __aenter__(self) -> Self:
        """Begin to look, in a coroutine; never waits."""
        return self.__enter__()

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop looking, in a coroutine; never waits."""
        self.__exit__(exc_type, exc, traceback)

    def _look(self, sql: str, params: Any, many: bool, connection: BaseDatabaseWrapper) -> None:  # noqa: FBT001 - see Look
        scope = get_scope()
        tables = known_tables()
        if _asking.get() or not tables.names_a_tenants_table(sql):
            return
        if isinstance(scope, Unscoped) and self._allow_unscoped:
            return
        sets = list(params or ()) if many else [params]
        found = list(_judge(sql, sets, scope, connection, tables))
        if not found or is_about_all_tenants():
            return
        line = caller()
        for table, model, reason in found:
            leak = Leak(sql, repr(params), table, model, reason, connection.alias, scope.label, line)
            if leak not in self.leaks:
                self.leaks.append(leak)


def _judge(
    sql: str, sets: Sequence[Any], scope: Scope, connection: BaseDatabaseWrapper, tables: Tables
) -> Iterator[tuple[str, str, str]]:
    """Give what is wrong: the table, its model, and why."""
    from omnitenant_models.testing._statements import read  # with sqlglot

    try:
        for each in sets:
            for statement in read(sql, each, connection.vendor, tables):
                for complaint in Verdict(statement, each, scope, connection, tables).complaints():
                    if not _is_found_before(complaint, scope, connection):
                        yield complaint.table.model._meta.db_table, complaint.table.model._meta.label, complaint.reason
    except Unreadable as error:
        yield tables.names_a_tenants_table(sql) or "", "", f"the statement cannot be read, so nobody can tell ({error})"


def _is_found_before(complaint: Complaint, scope: Scope, connection: BaseDatabaseWrapper) -> bool:
    """Tell whether Django names rows by keys that it found before, and all of them are the active tenant's."""
    if complaint.rows is None or not by_collected_keys():
        return False
    token = _asking.set(True)
    try:
        return not strangers_among(complaint.table, complaint.rows, scope, connection)
    finally:
        _asking.reset(token)
