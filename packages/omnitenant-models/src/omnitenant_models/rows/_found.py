"""Remembers which rows were found to be the active tenant's, for as long as that must be true.

An answer that was read outside a transaction holds for the rest of the scope. One that was read inside a
transaction may be about a row which is not committed yet; it holds until that transaction ends, or is rolled
back to a savepoint. Either is dropped when rows of the model are deleted in this process, or get other values in
a column that is referred to: then the value may become a stranger's.

Private Django API, read in 5.2, 6.0 and 6.1: a connection makes a new list ``run_on_commit`` whenever it
commits, rolls back, or rolls back to a savepoint, and at no other time.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final
from weakref import ref

from django.apps import apps

from omnitenant_context.context import get_scope
from omnitenant_context.scope import Unscoped

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.models import Field, Model

    from omnitenant_context.scope import ActiveTenant

__all__ = ["Found", "forget_deleted", "forget_saved", "forget_updated", "found_in", "note_referred"]

_LIMIT = 10_000
"""More values than this are forgotten, so that a long import does not fill the memory."""

_ALL: Final = ""
_changes: dict[str, int] = {_ALL: 0}
"""How often rows of a model were deleted or changed in this process, by the model's label."""

_referred: dict[str, set[str]] = {}
"""The names of columns that references lead to, by the model's label."""

_renamable: set[str] = set()
"""The labels of models with such a column that is no primary key."""

_NONE: frozenset[str] = frozenset()


class Found:
    """Values of one column that are known to be in the tenant's rows."""

    __slots__ = ("_during", "_label", "_lasting", "_since")

    def __init__(self, label: str) -> None:
        """Begin with nothing.

        Args:
            label: of the model whose rows they are.
        """
        self._label = label
        self._forget()

    def _forget(self) -> None:
        self._since = _changes.get(self._label), _changes[_ALL]
        self._lasting: set[Hashable] = set()
        # A connection, a transaction of it and what was found in that: one value, so that threads never see a part.
        self._during: tuple[Any, object, set[Hashable]] = (_no_connection, None, set())

    def has(self, value: Hashable, connection: BaseDatabaseWrapper | None = None) -> bool:
        """Tell whether a value was found and still counts.

        Args:
            value: the value.
            connection: where it is going to be written; left out by who asks for comfort, in the connection in
                which values were found last.
        """
        if self._since != (_changes.get(self._label), _changes[_ALL]):
            self._forget()
        if value in self._lasting:
            return True
        found_by, epoch, values = self._during
        return value in values and is_in(epoch, connection or found_by())

    def add(self, values: Iterable[Hashable], connection: BaseDatabaseWrapper) -> None:
        """Remember values that a query has just found."""
        kept = self._lasting
        if connection.in_atomic_block or not connection.autocommit:
            _, epoch, kept = self._during
            if epoch is not connection.run_on_commit:
                kept = set()
                self._during = (ref(connection), connection.run_on_commit, kept)
        if len(kept) > _LIMIT:
            kept.clear()
        kept.update(values)


def is_in(transaction: object, connection: BaseDatabaseWrapper | None) -> bool:
    """Tell whether a connection is still in the transaction that something was found in."""
    return connection is not None and connection.run_on_commit is transaction


def _no_connection() -> None:
    return None


def found_in(scope: ActiveTenant, model: type[Model], field: Field[Any, Any], alias: str) -> Found:
    """Return what was found of a column in this entry of the tenant.

    Args:
        scope: the entry.
        model: the model whose rows were asked for.
        field: the column; a child's may be its parent's.
        alias: the database.
    """
    known: dict[tuple[Any, ...], Found] = scope.memo.setdefault("found rows", {})
    column = model, field, alias
    found = known.get(column)
    if found is None:
        found = known[column] = Found(_label_of(field.model))
    return found


def forget_deleted(counts: dict[str, int]) -> None:
    """Believe nothing any more of models of which rows were deleted.

    Args:
        counts: what ``delete()`` returns: rows by the label of their model.
    """
    for label, count in counts.items():
        if count:
            _count_change(label)
            with suppress(LookupError):  # one of a test's own registry of models
                _count_change(_label_of(apps.get_model(label)))


def note_referred(field: Field[Any, Any]) -> None:
    """Note that references lead to a column."""
    label = _label_of(field.model)
    _referred.setdefault(label, set()).update((field.name, field.attname))
    if not field.primary_key:
        _renamable.add(label)


def forget_updated(model: type[Model], names: Collection[str]) -> None:
    """Believe nothing any more of a column that ``update()`` changes, and nothing at all when it gives rows away."""
    key: Any = getattr(model._meta, "tenant_key", None)
    if key is not None and (key.name in names or key.attname in names):
        _count_change(_ALL)
    for each in (model, *model._meta.all_parents):
        label = _label_of(each)
        if not _referred.get(label, _NONE).isdisjoint(names):
            _count_change(label)


def forget_saved(model: type[Model]) -> None:
    """Believe nothing any more of a table when a row is saved whose referred column may change.

    That is one which is no primary key: a row that is saved with another primary key is another row. Unscoped it
    may belong to another tenant from now on, and so may rows of children.
    """
    if isinstance(get_scope(), Unscoped):
        _count_change(_ALL)
    elif (label := _label_of(model)) in _renamable:
        _count_change(label)


def _count_change(label: str) -> None:
    _changes[label] = _changes.get(label, 0) + 1


def _label_of(model: type[Model]) -> str:
    return (model._meta.concrete_model or model)._meta.label
