"""What every database connection learns: to keep the context of callbacks, and to notice a crossed transaction.

Private Django API, read in 5.2, 6.0 and 6.1: every cursor of a connection passes ``_prepare_cursor``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from django.db import connections
from django.db.transaction import TransactionManagementError

from omnitenant_context.propagation import bind
from omnitenant_routing.databases.budget import within_budget
from omnitenant_routing.databases.owned_database import OwnedDatabase
from omnitenant_routing.databases.ownership import OwnedFile

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper as Base
else:
    Base = object

__all__ = ["ContextKeeping", "context_keeping"]


class CursorKeeping(Base):
    """Mixed in front of the ``DatabaseWrapper`` of a tenant's database, which the budget may close.

    Attributes:
        live_cursors: those in use: closing the connection would cut somebody off.
    """

    live_cursors: WeakSet[Any]

    def connect(self) -> None:
        """Connect, as soon as the budget of connections allows it."""
        with within_budget(self):
            super().connect()

    def _prepare_cursor(self, cursor: Any) -> Any:
        """Remember the cursor for as long as anybody has it."""
        wrapped = super()._prepare_cursor(cursor)  # type: ignore[misc]  # not in the stubs
        live = self.__dict__.get("live_cursors")
        if live is None:
            live = self.live_cursors = WeakSet()
        live.add(wrapped)
        return wrapped


class ContextKeeping(Base):
    """Mixed in front of every backend's ``DatabaseWrapper``."""

    def on_commit(self, func: Callable[[], Any], robust: bool = False) -> None:  # noqa: FBT001, FBT002 - Django's signature
        """Register a callback that runs for whoever is active now, whoever commits."""
        super().on_commit(bind(func) if callable(func) else func, robust)

    def commit(self) -> None:
        """Commit; see :meth:`_refuse_crossed_transaction`."""
        self._refuse_crossed_transaction()
        super().commit()

    def rollback(self) -> None:
        """Roll back; see :meth:`_refuse_crossed_transaction`."""
        self._refuse_crossed_transaction()
        super().rollback()

    def _refuse_crossed_transaction(self) -> None:
        """Refuse to end here what ``atomic()`` began on another connection.

        ``default`` means the active place, so a block that is left in another context than it was entered in
        would end nothing here and leave the other transaction open for good.

        Raises:
            TransactionManagementError: names both databases.
        """
        if self.connection is not None and not self.autocommit:
            return
        for other in connections.all(initialized_only=True):
            if other is not self and other.in_atomic_block and not self.in_atomic_block:
                message = (
                    f"a transaction that was begun in database {other.alias!r} ends in {self.alias!r}; leave "
                    "atomic() in the same tenant's context in which it was entered"
                )
                raise TransactionManagementError(message)


def context_keeping(wrapper_class: Any, *, of_tenant: bool = False, owned: bool = False) -> Any:
    """Return a backend's wrapper class with :class:`ContextKeeping` mixed in, under the same name.

    Args:
        wrapper_class: the ``DatabaseWrapper`` of a backend.
        of_tenant: it is for the database of one tenant: :class:`CursorKeeping` is mixed in too, and on PostgreSQL
            :class:`OwnedDatabase`.
        owned: it is for a tenant's SQLite file: :class:`OwnedFile` is mixed in too.
    """
    return _mixed(wrapper_class, of_tenant=of_tenant, owned=owned)


@cache
def _mixed(wrapper_class: type[Any], *, of_tenant: bool, owned: bool) -> type[Any]:
    if issubclass(wrapper_class, ContextKeeping):
        return wrapper_class
    wanted = {
        ContextKeeping: True,
        CursorKeeping: of_tenant,
        OwnedFile: owned,
        OwnedDatabase: of_tenant and wrapper_class.vendor == "postgresql",
    }
    return type(
        wrapper_class.__name__,
        (*(mixin for mixin, is_wanted in wanted.items() if is_wanted), wrapper_class),
        {"__module__": wrapper_class.__module__, "__qualname__": wrapper_class.__qualname__},
    )
