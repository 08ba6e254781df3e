"""Finds the relations that touch tenants' models as Django makes them, and teaches them.

Private Django API, read in 5.2, 6.0 and 6.1: ``lazy_related_operation`` calls back when all models of a
relation are made, and ``Apps.all_models`` holds those that are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary, WeakSet

from django.db.models import ForeignKey
from django.db.models.fields.related import ForeignObject, lazy_related_operation

from omnitenant_models.rows._found import note_referred
from omnitenant_models.rows._swapping import swap_class
from omnitenant_models.rows.early import watch_saves
from omnitenant_models.rows.joins import RestrictedField, RestrictedGenericRelation, RestrictedRelation
from omnitenant_models.rows.keys import TenantKey, get_tenant_key
from omnitenant_models.rows.reference_guard import GuardedParentLink, GuardedReference, forget_references
from omnitenant_models.rows.restrictions import get_tenant_links
from omnitenant_models.rows.reverse import teach_reverse
from omnitenant_models.rows.through import teach_many_to_many

if TYPE_CHECKING:
    from django.apps.registry import Apps
    from django.db.models import Model

__all__ = ["teach_relations", "teach_relations_of"]


def teach_relations_of(model: type[Model]) -> None:
    """Teach the relations of a model that is made just now, each as soon as both its ends are.

    If the model belongs to tenants it must know so by now.
    """
    key = get_tenant_key(model)
    if key is not None and key.model is not model and key.model not in _seen_as_parents:
        # A parent may have become a tenant's by this child; its relations were passed by before.
        _seen_as_parents.add(key.model)
        teach_relations(model._meta.apps)
    _teach_later(model)


_seen_as_parents: WeakSet[type[Model]] = WeakSet()


def teach_relations(apps: Apps) -> None:
    """Teach the relations of all models there are; a second call changes nothing.

    Models that were made before this package was imported were not seen when they were made.
    """
    for models in list(apps.all_models.values()):
        for model in list(models.values()):
            _teach_later(model)


def _teach_later(model: type[Model]) -> None:
    options = model._meta
    for field in (*options.local_fields, *options.private_fields):
        if isinstance(field, ForeignObject):
            related: Any = field.remote_field.model
            if isinstance(related, str) or related._meta.apps is options.apps:
                lazy_related_operation(_teach_field, model, related, field=field)
            else:
                # Nobody tells a test's own registry of a model that is made already, and in another one.
                lazy_related_operation(_teach_field, model, related=related, field=field)
    for field in options.concrete_fields:
        if isinstance(field, ForeignKey) and not options.auto_created:
            # Saving tells the class of the instance, which may be a proxy or a child.
            lazy_related_operation(_watch, model, field.remote_field.model)
    for field in options.local_many_to_many:
        relation: Any = field.remote_field
        if relation.through is not None:  # a model that another was swapped in for has none
            lazy_related_operation(_teach_many_to_many, model, relation.model, relation.through, field=field)


def _teach_many_to_many(model: type[Model], related: type[Model], through: type[Model], field: Any) -> None:
    keys = _foreign_keys(through)
    if any(isinstance(key.remote_field.model, str) for key in keys):
        # Its keys are resolved right after this, and taught then.
        _waiting.setdefault(through, []).append(field)
    elif _belongs(model) or _belongs(related) or _belongs(through):
        teach_many_to_many(field)
        for key in keys:
            _teach_field(through, key.remote_field.model, key)


_waiting: WeakKeyDictionary[type[Model], list[Any]] = WeakKeyDictionary()
"""Many-to-many fields whose through models have keys to models that are not made yet."""


def _teach_field(model: type[Model], related: type[Model], field: Any) -> None:
    for waiting in _waiting.pop(model, ()):
        _teach_many_to_many(waiting.model, waiting.remote_field.model, model, waiting)
    if not (_belongs(model) or _belongs(related)):
        return
    if field.one_to_many:
        swap_class(field, RestrictedGenericRelation)
    elif not isinstance(field, ForeignKey) or isinstance(field, TenantKey):
        swap_class(field, RestrictedField)
    else:
        guard = GuardedParentLink if field.remote_field.parent_link else GuardedReference
        swap_class(field, guard, RestrictedField)
        forget_references()
        note_referred(field.target_field)
    swap_class(field.remote_field, RestrictedRelation)
    if isinstance(field, ForeignKey):
        teach_reverse(field)


def _foreign_keys(model: type[Model]) -> list[Any]:
    return [field for field in model._meta.local_fields if isinstance(field, ForeignKey)]


def _watch(model: type[Model], related: type[Model]) -> None:
    from omnitenant_models.rows.instances import TenantRow  # a model itself: not before the apps are there

    if get_tenant_key(related) is not None and not issubclass(model, TenantRow):
        watch_saves(model)


def _belongs(model: type[Model]) -> bool:
    return get_tenant_key(model) is not None or bool(get_tenant_links(model))
