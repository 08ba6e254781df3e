"""Through tables of many-to-many relations: their rows belong to the tenant whose rows they connect.

An automatic through table has no tenant key. Its rows are found through its foreign keys to tenants' models: the
managers that Django made for it filter by them, and the managers of the relation (``project.tags``) write by
them. A through model of the project's own with a tenant key is a model like any other; one without is filtered
where the relation uses it, and not where the project asks its manager.

Private Django API, read in 5.2, 6.0 and 6.1: ``ManyToManyDescriptor.related_manager_cls`` makes the class of the
managers, whose ``_build_remove_filters`` and ``constrained_target`` (5.2 and later) say which rows of the through
table are removed and counted, and ``_get_target_ids`` which are added; ``Options.base_manager`` as in
``base_manager``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from django.db import connections, models, router
from django.db.models import Q
from django.db.models.fields.related_descriptors import ManyToManyDescriptor
from django.db.models.options import Options
from django.db.models.sql.where import AND
from django.utils.functional import cached_property

from omnitenant_models.rows import reference_guard, saving
from omnitenant_models.rows._swapping import swap_class
from omnitenant_models.rows.keys import get_tenant_key
from omnitenant_models.rows.manager import scoped
from omnitenant_models.rows.querysets import TenantQuerySet
from omnitenant_models.rows.restrictions import ReferenceMatch, get_tenant_links

if TYPE_CHECKING:
    from django.db.models import ForeignKey, Manager, Model, QuerySet

    BaseOptions = Options[Any]
else:
    BaseOptions = Options

Base: Any = object
"""What the mixins stand in front of: Django makes those classes for each relation."""

__all__ = ["GuardedDescriptor", "GuardedManager", "ThroughManager", "ThroughOptions", "teach_many_to_many"]


class ThroughManager(models.Manager.from_queryset(TenantQuerySet)):  # type: ignore[misc]  # made by Django
    """The managers of an automatic through table, filtered by both ends that belong to tenants."""

    def get_queryset(self) -> QuerySet[Any]:
        """Return the connections whose ends are the active tenant's."""
        return connected(super().get_queryset())


class ThroughOptions(BaseOptions):
    """Options of an automatic through table.

    Attributes:
        tenant_links: its foreign keys to tenants' models.
        tenant_matches: the filter, a condition for each of them.
    """

    tenant_links: tuple[ForeignKey[Any, Any], ...]
    tenant_matches: tuple[ReferenceMatch, ...]

    @cached_property
    def base_manager(self) -> Manager[Any]:
        """The manager behind ``save()`` and cascades, which filters too."""
        manager: Manager[Any] = ThroughManager()
        manager.name = "_base_manager"
        manager.model = self.model
        manager.auto_created = True
        return manager


class GuardedManager(Base):  # type: ignore[misc]  # see Base
    """What is mixed in front of the manager of a many-to-many relation that touches tenants' models.

    What is written is looked at before Django begins its transaction, which so stays usable.
    """

    def __call__(self, *, manager: str) -> Any:
        """Return the relation by another manager of the related model."""
        written: Any = type(super().__call__(manager=manager))
        return guard_related_manager(written)(instance=self.instance)

    def add(self, *objs: Any, through_defaults: Any = None) -> None:
        """Connect rows.

        Raises:
            TenantRequiredError: no tenant is active.
            TenantMismatchError: one of them, or the row that they are connected to, is not the tenant's.
        """
        self._refuse_strangers(objs, through_defaults)
        super().add(*objs, through_defaults=through_defaults)

    def set(self, objs: Iterable[Any], *, clear: bool = False, through_defaults: Any = None) -> None:
        """Connect these rows and no others; see :meth:`add`."""
        objs = tuple(objs)
        self._refuse_strangers(objs, through_defaults)
        super().set(objs, clear=clear, through_defaults=through_defaults)

    def create(self, *, through_defaults: Any = None, **values: Any) -> Any:
        """Create a row and connect it; see :meth:`add`."""
        self._refuse_strangers((), through_defaults)
        return super().create(through_defaults=through_defaults, **values)

    def get_or_create(self, *, through_defaults: Any = None, **values: Any) -> Any:
        """Get a connected row, or create one and connect it; see :meth:`add`."""
        self._refuse_strangers((), through_defaults)
        return super().get_or_create(through_defaults=through_defaults, **values)

    def update_or_create(self, *, through_defaults: Any = None, **values: Any) -> Any:
        """Update a connected row, or create one and connect it; see :meth:`add`."""
        self._refuse_strangers((), through_defaults)
        return super().update_or_create(through_defaults=through_defaults, **values)

    def _refuse_strangers(self, objs: Iterable[Any], through_defaults: Mapping[str, Any] | None) -> None:
        """Ask for both ends, the rows to connect and the one that they are connected to, and what stands beside."""
        alias = router.db_for_write(self.through, instance=self.instance)
        connection = connections[alias]
        reference_guard.check_values(self.source_field, self.related_val, connection)
        ids = self._get_target_ids(self.target_field_name, objs)
        reference_guard.check_values(self.target_field, ids, connection)
        if through_defaults:
            plain = {name: value for name, value in through_defaults.items() if not callable(value)}
            saving.refuse_early(self.through(**plain), using=alias)

    def _build_remove_filters(self, removed_vals: Any) -> Q:
        filters: Q = super()._build_remove_filters(removed_vals)
        return filters & only_connected(self.through)

    @property
    def constrained_target(self) -> Any:
        """The rows of the through table that stand for the connected ones where they are counted only."""
        found = super().constrained_target
        return found if found is None else found.filter(only_connected(self.through))


for _name in ("add", "set", "create", "get_or_create", "update_or_create"):
    getattr(GuardedManager, _name).alters_data = True  # templates do not call them


class GuardedDescriptor(Base):  # type: ignore[misc]  # see Base
    """What is mixed in front of the descriptor of a many-to-many relation that touches tenants' models."""

    @cached_property
    def related_manager_cls(self) -> Any:
        """The class of the relation's managers."""
        return guard_related_manager(super().related_manager_cls)


def teach_many_to_many(field: Any) -> None:
    """Filter and guard a relation, its automatic through table included; a second call changes nothing."""
    through: type[Model] = field.remote_field.through
    if get_tenant_key(through) is None:
        ends: list[Any] = [
            through._meta.get_field(name) for name in (field.m2m_field_name(), field.m2m_reverse_field_name())
        ]
        links = tuple(end for end in ends if get_tenant_key(end.remote_field.model) is not None)
        _scope_through(through, links)
    for model, name in ((field.model, field.name), (field.remote_field.model, field.remote_field.accessor_name)):
        descriptor = model.__dict__.get(name) if name else None
        if isinstance(descriptor, ManyToManyDescriptor):
            swap_class(descriptor, GuardedDescriptor)
            descriptor.__dict__.pop("related_manager_cls", None)


def _scope_through(through: type[Model], links: tuple[ForeignKey[Any, Any], ...]) -> None:
    options: Any = through._meta
    options.tenant_links = tuple(dict.fromkeys((*get_tenant_links(through), *links)))
    options.tenant_matches = tuple(ReferenceMatch(options.db_table, link) for link in options.tenant_links)
    if not options.auto_created or not options.tenant_links:
        return
    from omnitenant_models.rows.instances import guard_instances  # a model itself: not before the apps are there

    guard_instances(through)
    if not isinstance(options, ThroughOptions):
        options.__class__ = ThroughOptions
    for manager in options.local_managers:
        if not isinstance(manager, ThroughManager):
            manager.__class__ = ThroughManager
    options._expire_cache(reverse=False)


def connected(queryset: QuerySet[Any]) -> QuerySet[Any]:
    """Add the filter of a through table to a fresh queryset."""
    for match in queryset.model._meta.tenant_matches:
        queryset.query.where.add(match, AND)
    return queryset


def only_connected(through: type[Model]) -> Q:
    """Return the condition that a through model's rows are the tenant's, where its managers do not say so."""
    if through._meta.auto_created or get_tenant_key(through) is not None:
        return Q()
    rows: dict[str, Any] = {
        f"{link.name}__in": scoped(models.QuerySet(link.remote_field.model)) for link in get_tenant_links(through)
    }
    return Q(**rows)


@cache
def guard_related_manager(written: Any) -> Any:
    """Return the guarded subclass of the class of a relation's managers."""
    if issubclass(written, GuardedManager):
        return written
    return type(written.__name__, (GuardedManager, written), {"__module__": written.__module__})
