"""The querysets behind the manager: what they keep is for whoever asked, and what they write is checked first.

Private Django API, read in 5.2, 6.0 and 6.1: ``bulk_create()`` calls ``_check_bulk_create_options()`` with the
fields themselves before it begins a transaction; ``from_queryset()`` hands methods on by their names.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Any, Self, TypeVar

from django.db import models

from omnitenant_context.context import get_scope
from omnitenant_context.scope import Nobody
from omnitenant_models.rows import _found, _results, writes
from omnitenant_models.rows.raw import TenantRawQuerySet
from omnitenant_models.settings import omnitenant_settings

if TYPE_CHECKING:
    from django.db.models import Manager, Model
    from django.db.models.query import RawQuerySet

M_co = TypeVar("M_co", bound=models.Model, covariant=True)

__all__ = ["StampedQuerySet", "TenantQuerySet", "guard_queryset"]


class StampedQuerySet(_results.StampedResults, models.QuerySet[M_co]):
    """A queryset whose rows are fetched again when somebody else asks for them.

    What Django's own keeps after it was evaluated, it shows to everybody. For models without a foreign key to
    the tenant that stand in the tenants' databases: write ``objects = StampedQuerySet.as_manager()``, or derive
    a queryset of your own from it. It filters nothing.

    An iterator by ``iterator()`` or ``aiterator()`` gives rows to the one who took the first, and refuses others.
    """

    def iterator(self, chunk_size: int | None = None) -> Iterator[Any]:
        """Fetch rows one by one without keeping them, for who takes the first.

        Raises:
            TenantRequiredError: while iterating, when nobody is active any more.
            TenantMismatchError: while iterating, when somebody else is active.
        """
        return _results.kept_to_one(super().iterator(chunk_size), self.model)

    def aiterator(self, chunk_size: int = 2000) -> AsyncIterator[Any]:
        """Do what :meth:`iterator` does, asynchronously."""
        return _results.kept_to_one_async(super().aiterator(chunk_size), self.model)


class TenantQuerySet(StampedQuerySet[M_co]):
    """The queryset of :class:`~omnitenant_models.rows.manager.TenantQuerySetManager`.

    The manager puts it below the queryset class of a project, however that was given to it. Derive from it where
    ``as_manager()`` is used: on a plain queryset class Django makes a plain manager, which filters nothing.

    Example::

        class ProjectQuerySet(TenantQuerySet):
            def finished(self):
                return self.filter(is_finished=True)

        class Project(models.Model):
            objects = ProjectQuerySet.as_manager()
    """

    def none(self) -> Self:
        """Return a queryset without rows. No database is asked for it, so it needs nobody active."""
        nothing: Any = super().none()
        if nothing._db is None and isinstance(get_scope(), Nobody):
            nothing._db = omnitenant_settings.MASTER_DB_ALIAS  # a router would look for the tenant's
        return nothing  # type: ignore[no-any-return]  # the stubs hide _db

    @classmethod
    def as_manager(cls) -> Manager[Any]:  # type: ignore[override]  # the plugin calls Django's by a class of its own
        """Return a manager with the row filter and the methods of this queryset."""
        from omnitenant_models.rows.manager import TenantQuerySetManager

        manager: Any = TenantQuerySetManager.from_queryset(cls)()
        manager._built_with_as_manager = True  # for migrations, as Django's own does
        return manager  # type: ignore[no-any-return]  # made by Django from a class made here

    def update(self, **values: Any) -> int:
        """Change rows of the active tenant.

        Raises:
            TenantRequiredError: no tenant is active.
            TenantMismatchError: they would be given away, or refer to a stranger's row.
        """
        writes.refuse_place(self)
        writes.refuse_values(self, values)
        changed = super().update(**values)
        _found.forget_updated(self.model, values)
        return changed

    def delete(self) -> tuple[int, dict[str, int]]:
        """Delete rows of the active tenant.

        Raises:
            TenantRequiredError: no tenant is active.
        """
        writes.refuse_place(self)
        deleted = super().delete()
        _found.forget_deleted(deleted[1])
        return deleted

    delete.queryset_only = True  # type: ignore[attr-defined]  # how Django keeps it off managers

    def bulk_create(
        self,
        objs: Iterable[Any],
        batch_size: int | None = None,
        ignore_conflicts: bool = False,  # noqa: FBT001, FBT002 - Django's signature
        update_conflicts: bool = False,  # noqa: FBT001, FBT002 - Django's signature
        *args: Any,
        **options: Any,
    ) -> list[Any]:
        """Create many rows of the active tenant.

        With ``update_conflicts=True`` the tenant must be among the ``unique_fields``, because a row that is in
        the way may be a stranger's. With ``ignore_conflicts=True`` nothing is read or changed.

        Raises:
            TenantRequiredError: no tenant is active.
            TenantMismatchError: one belongs to another tenant, refers to a stranger's row, or may overwrite one.
        """
        objs = objs if isinstance(objs, Collection) else list(objs)
        with writes.creating(self, objs, all_new=not (ignore_conflicts or update_conflicts)):
            return super().bulk_create(objs, batch_size, ignore_conflicts, update_conflicts, *args, **options)

    def bulk_update(self, objs: Iterable[Any], fields: Iterable[str], *args: Any, **options: Any) -> int:
        """Change many rows of the active tenant; its key may be among the fields, but not changed.

        Raises:
            TenantRequiredError: no tenant is active.
            TenantMismatchError: one would be given away, or refer to a stranger's row.
        """
        objs, fields = tuple(objs), list(fields)
        written = writes.updatable(self, objs, fields)
        if fields and not written:
            return sum(self.filter(pk=each.pk).count() for each in objs)
        return super().bulk_update(objs, written, *args, **options)

    def raw(
        self, raw_query: Any, params: Any = (), translations: dict[str, str] | None = None, using: str | None = None
    ) -> RawQuerySet[Any]:
        """Return rows of your own SQL, each of which must be the active tenant's.

        The statement must select the column of the tenant key and should filter by it: rows of others are an
        error, not left out. See :class:`~omnitenant_models.rows.raw.TenantRawQuerySet`.
        """
        plain = super().raw(raw_query, params, translations, using)
        return TenantRawQuerySet.of(plain)

    def _check_bulk_create_options(
        self, ignore_conflicts: Any, update_conflicts: Any, update_fields: Any, unique_fields: Any
    ) -> Any:
        chosen = super()._check_bulk_create_options(  # type: ignore[misc]  # private, see the module
            ignore_conflicts, update_conflicts, update_fields, unique_fields
        )
        if update_conflicts:
            writes.refuse_upsert(self, unique_fields)
        return chosen

    def __reduce_ex__(self, protocol: Any) -> Any:
        written = getattr(type(self), "written_class", None)
        if written is None:
            return super().__reduce_ex__(protocol)
        return _remade, (written,), self.__getstate__()


def guard_queryset(queryset: models.QuerySet[Any]) -> None:
    """Put :class:`TenantQuerySet` below the class of a queryset, if it is not there already."""
    written = type(queryset)
    if not issubclass(written, TenantQuerySet):
        queryset.__class__ = _guarded(written)


@cache
def _guarded(written: type[models.QuerySet[Any]]) -> type[TenantQuerySet[Any]]:
    """Make the class; what the project overrides still comes first, and its super() leads to the guards."""
    names = {"__module__": written.__module__, "__qualname__": written.__qualname__, "written_class": written}
    if written is models.QuerySet:
        return TenantQuerySet
    return type(written.__name__, (written, TenantQuerySet), names)


def _remade(written: type[models.QuerySet[Model]]) -> TenantQuerySet[Any]:
    return _guarded(written)()
