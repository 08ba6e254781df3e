"""Managers of the other side of a foreign key, such as ``project.tasks``, refuse before Django begins to write.

``add()`` and ``set()`` write inside a transaction of Django's own, which would be lost with what the fields
refuse in it, and the project's around it. Comfort only, but for one thing: rows that are refused are not given
to the other side in memory either.

Private Django API, read in 5.2, 6.0 and 6.1: ``ReverseManyToOneDescriptor.related_manager_cls`` makes the class
of the managers.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

from django.db import connections, router
from django.db.models.fields.related_descriptors import ReverseManyToOneDescriptor
from django.utils.functional import cached_property

from omnitenant_models.rows import saving
from omnitenant_models.rows._swapping import swap_class

__all__ = ["GuardedReverseDescriptor", "GuardedReverseManager", "teach_reverse"]

Base: Any = object
"""What the mixins stand in front of: Django makes those classes for each relation."""


class GuardedReverseManager(Base):  # type: ignore[misc]  # see Base
    """What is mixed in front of the manager of the other side of a foreign key."""

    def __call__(self, *, manager: str) -> Any:
        """Return the relation by another manager of the related model."""
        written: Any = type(super().__call__(manager=manager))
        return guard_related_manager(written)(self.instance)

    def add(self, *objs: Any, bulk: bool = True) -> None:
        """Have rows refer to this one.

        Raises:
            TenantRequiredError: no tenant is active.
            TenantMismatchError: this row, or one of them, is not the active tenant's.
        """
        self._refuse_strangers(objs, bulk=bulk)
        super().add(*objs, bulk=bulk)

    def set(self, objs: Iterable[Any], *, bulk: bool = True, clear: bool = False) -> None:
        """Have these rows refer to this one, and no others; see :meth:`add`."""
        objs = tuple(objs)
        self._refuse_strangers(objs, bulk=bulk)
        super().set(objs, bulk=bulk, clear=clear)

    def _refuse_strangers(self, objs: Iterable[Any], *, bulk: bool) -> None:
        alias = router.db_for_write(self.model, instance=self.instance)
        (value,) = self.field.get_foreign_related_value(self.instance)
        self.field.get_db_prep_save(value, connections[alias])
        for each in () if bulk else objs:
            if isinstance(each, self.model):
                saving.refuse_early(each, using=alias)


for _name in ("add", "set"):
    getattr(GuardedReverseManager, _name).alters_data = True  # templates do not call them


class GuardedReverseDescriptor(Base):  # type: ignore[misc]  # see Base
    """What is mixed in front of the descriptor of the other side of a foreign key."""

    @cached_property
    def related_manager_cls(self) -> Any:
        """The class of the relation's managers."""
        return guard_related_manager(super().related_manager_cls)


def teach_reverse(field: Any) -> None:
    """Guard the other side of a foreign key; a second call changes nothing."""
    related = field.remote_field.model._meta.concrete_model
    descriptor = related.__dict__.get(field.remote_field.accessor_name)
    if type(descriptor) is ReverseManyToOneDescriptor:
        swap_class(descriptor, GuardedReverseDescriptor)
        descriptor.__dict__.pop("related_manager_cls", None)


@cache
def guard_related_manager(written: Any) -> Any:
    """Return the guarded subclass of the class of a relation's managers."""
    if issubclass(written, GuardedReverseManager):
        return written
    return type(written.__name__, (GuardedReverseManager, written), {"__module__": written.__module__})
