"""Restricts joins: whatever a statement starts from, it joins the active tenant's rows alone.

The row filter stands in the WHERE clause of querysets that start from a tenant's model. Where one starts from
a model of all tenants, or follows a reference that leads to a stranger, only the join can keep the row out. So
the condition stands in the ON clause of every join to a model that belongs to tenants, by a foreign key, its
reverse or a generic relation.

Private Django API, read in 5.2, 6.0 and 6.1: ``get_extra_restriction(alias, related_alias)`` of a field, and of
the relation behind it, is asked when the ON clause is compiled, where ``alias`` is the table that is joined.
``Query.trim_start()`` asks the field when a subquery for ``exclude()`` is built, with the alias None, since the
field's own table begins the subquery; the answer goes into its WHERE clause. ``Query`` pickles relations.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models.fields.related import ForeignObject
from django.db.models.fields.reverse_related import ForeignObjectRel
from django.db.models.sql.where import AND, WhereNode

from omnitenant_context.context import get_scope
from omnitenant_context.scope import Unscoped
from omnitenant_models.rows.restrictions import is_parent_link, restriction_of

if TYPE_CHECKING:
    from django.db.models import Model

    BaseField = ForeignObject[Any, Any]
    BaseRelation = ForeignObjectRel
else:
    BaseField = BaseRelation = object

__all__ = ["RestrictedField", "RestrictedGenericRelation", "RestrictedRelation", "restrict_join", "restrict_start"]


class RestrictedField(BaseField):
    """What is mixed in front of the class of a field that joins tables."""

    def get_extra_restriction(self, alias: str | None, related_alias: str) -> Any:
        """Add the restriction of the table that the field leads to."""
        written = self.written_restriction(alias, related_alias)
        if alias is None:
            return _both(written, restrict_start(self.model, related_alias))
        return _both(written, restrict_join(self, self.remote_field.model, alias))

    def written_restriction(self, alias: Any, related_alias: str) -> Any:
        """Return what the field restricts by itself."""
        return super().get_extra_restriction(alias, related_alias)


class RestrictedGenericRelation(RestrictedField):
    """The same for a generic relation, which is a reverse relation although it is written as a field."""

    def get_extra_restriction(self, alias: str | None, related_alias: str) -> Any:
        """Add the restriction of the model that the relation is written on."""
        written = self.written_restriction(alias, related_alias)
        if alias is None:
            return _both(written, restrict_start(self.generic_model, related_alias))
        return _both(written, restrict_join(self, self.model, alias))

    @property
    def generic_model(self) -> type[Model]:
        """The model whose table holds the generic foreign key: the related one, or a parent of it."""
        related: Any = self.remote_field.model
        field = related._meta.get_field(self.from_fields[0])
        model: type[Model] = field.model
        return model


class RestrictedRelation(BaseRelation):
    """What is mixed in front of the class of the relation behind a field: the way back."""

    def get_extra_restriction(self, alias: str, related_alias: str) -> Any:
        """Add the restriction of the table that the field stands on."""
        field: Any = self.field
        written = field.written_restriction(related_alias, alias)
        model = field.generic_model if isinstance(field, RestrictedGenericRelation) else field.model
        return _both(written, restrict_join(field, model, alias))

    def __copy__(self) -> Any:
        """Copy as Django's relations are copied, so that the copy of a field gets a plain one of its own."""
        written = self.__class__  # what was written; the type is the taught one
        copy = written.__new__(written)
        state: Any = self.__getstate__()
        copy.__dict__.update(state)
        return copy

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the way to the relation, as fields do: a query holds the relations that it joins by."""
        field: Any = self.field
        options = field.model._meta
        return _load, (options.app_label, options.object_name, field.name)


def restrict_join(joined_by: Any, model: type[Model], alias: str) -> Any:
    """Return the restriction of a table that is being joined.

    There is none when unscoped, since an empty ON condition cannot be left out later, and none between parent
    and child of multi-table inheritance, which are one row.
    """
    if isinstance(get_scope(), Unscoped) or is_parent_link(joined_by):
        return None
    return restriction_of(model, alias, joined_by)


def restrict_start(model: type[Model], alias: str) -> Any:
    """Return the restriction of the table that a subquery of ``exclude()`` starts from, for whoever runs it."""
    return restriction_of(model, alias)


def _both(written: Any, ours: Any) -> Any:
    if not (written and ours):
        return written or ours
    return WhereNode([written, ours], AND)


def _load(app_label: str, model_name: str, field_name: str) -> Any:
    from django.apps import apps

    field: Any = apps.get_model(app_label, model_name)._meta.get_field(field_name)
    return field.remote_field
