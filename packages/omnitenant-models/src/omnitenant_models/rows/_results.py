"""Rows that a queryset keeps are shown to those they were fetched for, and to nobody else.

Private Django API, read in 5.2, 6.0 and 6.1: a queryset keeps its rows in the attribute ``_result_cache``, reads
None there as "not fetched yet", and sets it to None when it is made, copied or changed; ``_prefetch_done`` tells
that related rows were fetched for those rows. What is asked for most is written for speed here.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import TYPE_CHECKING, Any

from asgiref.sync import sync_to_async

from omnitenant_context.context import get_scope
from omnitenant_context.errors import TenantMismatchError
from omnitenant_context.scope import ActiveTenant, Nobody, Scope
from omnitenant_models.rows._active import tenant_required

if TYPE_CHECKING:
    from django.db.models import Model

__all__ = ["StampedResults", "kept_to_one", "kept_to_one_async"]


Asker = Scope | tuple[str, ...]
"""Whom rows were fetched for; as text where they were pickled since."""


class _Kept:
    """Rows, and whom they were fetched for. One object, so that threads never see the one without the other."""

    __slots__ = ("asker", "rows")

    def __init__(self, rows: list[Any], asker: Asker) -> None:
        self.rows = rows
        self.asker = asker

    def __deepcopy__(self, memo: Any) -> None:
        """Leave the rows out, as Django does."""

    def __reduce__(self) -> Any:
        # The tenant itself stays here, since its configuration holds secrets.
        return _Kept, (self.rows, self.asker if isinstance(self.asker, tuple) else _as_text(self.asker))


def belongs_to(asker: Asker, scope: Scope) -> bool:
    """Tell whether rows that were fetched for one may be shown to another, or to the same in another entry.

    Args:
        asker: whom they were fetched for.
        scope: who is active.
    """
    if isinstance(asker, tuple):
        return asker == _as_text(scope)
    return asker == scope and _as_text(asker) == _as_text(scope)


class StampedResults:
    """What makes a queryset fetch its rows again for everybody who asks; for querysets and raw ones."""

    _kept: _Kept | None = None

    if TYPE_CHECKING:
        _prefetch_done: bool
        _clone: Callable[[], Any]

    @property
    def _result_cache(self) -> list[Any] | None:
        kept = self._kept
        if kept is None:
            return None
        scope = get_scope()
        return kept.rows if kept.asker is scope or belongs_to(kept.asker, scope) else None

    @_result_cache.setter
    def _result_cache(self, rows: list[Any] | None) -> None:
        self._kept = None if rows is None else _Kept(rows, get_scope())

    def _fetch_all(self) -> None:
        if self._kept is not None and self._result_cache is None:
            self._kept = None
            self._prefetch_done = False
        super()._fetch_all()  # type: ignore[misc]  # the queryset's, to which this is mixed in

    def _fetched(self) -> list[Any]:
        """Fetch, and return the rows of who asks, whatever another thread or task does meanwhile.

        A queryset at class level may be evaluated for two tenants at the same time: then this takes a copy,
        which nobody else has.
        """
        self._fetch_all()
        rows = self._result_cache
        if rows is None:
            own = self._clone()
            own._fetch_all()
            rows = own._result_cache
        return rows or []

    def __iter__(self) -> Iterator[Any]:
        return iter(self._fetched())

    def __len__(self) -> int:
        return len(self._fetched())

    def __bool__(self) -> bool:
        return bool(self._fetched())

    def __aiter__(self) -> AsyncIterator[Any]:
        async def rows() -> AsyncIterator[Any]:
            for row in await sync_to_async(self._fetched)():
                yield row

        return rows()


def check_step(began_as: Scope, model: type[Model]) -> None:
    """Refuse to go on with rows that are being fetched, for anybody but those they were asked for.

    Raises:
        TenantRequiredError: nobody is active any more.
        TenantMismatchError: somebody else is.
    """
    scope = get_scope()
    if began_as is scope or belongs_to(began_as, scope):
        return
    if isinstance(scope, Nobody):
        raise tenant_required(scope, model)
    message = (
        f"rows of {model._meta.label} are being fetched for {began_as.label!r}, but {scope.label!r} is active now; "
        "finish the iterator where it was begun, or keep its tenant with bind_iterator()"
    )
    raise TenantMismatchError(message, active=scope.label, wanted=began_as.label)


def kept_to_one(rows: Iterator[Any], model: type[Model]) -> Iterator[Any]:
    """Give rows of an iterator to who takes the first one, and refuse everybody else."""
    began_as = get_scope()
    try:
        for row in rows:
            yield row
            if get_scope() is not began_as:
                check_step(began_as, model)
    finally:
        close: Callable[[], object] | None = getattr(rows, "close", None)
        if close is not None:
            close()


async def kept_to_one_async(rows: Any, model: type[Model]) -> AsyncIterator[Any]:
    """Do what :func:`kept_to_one` does, for an asynchronous iterator."""
    began_as = get_scope()
    try:
        async for row in rows:
            yield row
            if get_scope() is not began_as:
                check_step(began_as, model)
    finally:
        await rows.aclose()


def _as_text(scope: Scope) -> tuple[str, ...]:
    kind = type(scope).__name__
    if isinstance(scope, ActiveTenant):
        # Not by the id alone: a tenant may be deleted and another one made with its id.
        return (kind, scope.label, str(getattr(scope.tenant, "pk", "")))
    return (kind, scope.label)
