"""The check of a unique rule within the active tenant."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ObjectDoesNotExist
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import models, router
from rest_framework.serializers import ListSerializer

from omnitenant_context.context import TenantContext, get_scope
from omnitenant_context.scope import Unscoped
from omnitenant_drf._rules import UniqueRule

if TYPE_CHECKING:
    from rest_framework.serializers import ModelSerializer

__all__ = ["TenantUniqueValidator", "labels_of"]


class TenantUniqueValidator:
    """Asks a constraint of the model itself whether a serializer's data would break it.

    So conditions, expressions, NULLs and the constraint's own message and code count as in Django's forms,
    and the tenant key, which no client sends, counts as the active tenant. One query, and none for an update
    that changes nothing the constraint looks at.

    ``TenantModelSerializer`` makes these by itself, for every constraint whose other fields it has.
    """

    requires_context = True

    def __init__(self, rule: UniqueRule) -> None:
        self.rule = rule

    def __call__(self, attrs: Mapping[str, Any], serializer: ModelSerializer[Any]) -> None:
        """Check data that has passed the fields.

        Raises:
            ValidationError: a row of the active tenant has these values.
            TenantRequiredError: no tenant is active.
        """
        try:
            row = _edited_row(serializer)
        except LookupError:
            return  # a bulk update: only the database can tell, see the exception handler
        candidate = self._candidate(serializer.Meta.model, attrs, row)
        if candidate is None:
            return
        using = router.db_for_write(serializer.Meta.model, instance=row)
        try:
            self.rule.constraint.validate(self.rule.model, candidate, using=using)
        except DjangoValidationError:
            raise self.rule.error(labels_of(serializer)) from None

    def __repr__(self) -> str:
        return f"<{type(self).__name__}(fields={tuple(sorted(self.rule.others))!r})>"

    def _candidate(
        self, model: type[models.Model], attrs: Mapping[str, Any], row: models.Model | None
    ) -> models.Model | None:
        """Make what would be stored, as far as the rule looks at it; None where nothing would change."""
        candidate = model()
        key = self.rule.key.attname
        changes = row is None
        if row is not None:
            _make_twin(candidate, row)
            setattr(candidate, key, getattr(row, key))
        elif getattr(candidate, key) is None and not isinstance(get_scope(), Unscoped):
            TenantContext.require_tenant()
        for name in self.rule.others:
            field: Any = self.rule.model._meta.get_field(name)
            source = next((each for each in (name, field.attname) if each in attrs), None)
            if source is None:
                if row is not None:
                    setattr(candidate, field.attname, getattr(row, field.attname))
                continue
            value = attrs[source]
            if field.is_relation and isinstance(value, (Mapping, list)):
                return None  # a nested serializer's data: its row is not made yet
            changes = changes or value != getattr(row, source)
            setattr(candidate, source, value)
        return candidate if changes else None


def labels_of(serializer: Any) -> dict[str, str]:
    """Return what a model serializer calls the fields of its model."""
    options = serializer.Meta.model._meta
    sources = {field.source: name for name, field in serializer.fields.items()}
    return {
        field.name: sources.get(field.name) or sources.get(field.attname) or field.name
        for field in options.concrete_fields
    }


def _make_twin(candidate: models.Model, row: models.Model) -> None:
    """Let the candidate be the row that is edited, in the tables of the model's parents too."""
    candidate._state.adding = False
    candidate.pk = row.pk
    for parent in candidate._meta.all_parents:
        attname = parent._meta.pk.attname
        setattr(candidate, attname, getattr(row, attname))


def _edited_row(serializer: Any) -> models.Model | None:
    """Return the row that a serializer's data is for, nested or not; None where it will be a new one.

    Raises:
        LookupError: it is one of several, and nobody says which.
    """
    given = serializer.instance
    if isinstance(given, models.Model):
        return given
    if given is not None:
        raise LookupError
    parent = serializer.parent
    if parent is None:
        return None
    is_many = isinstance(parent, ListSerializer)
    holder = parent.parent if is_many else parent
    outer = None if holder is None else _edited_row(holder)
    if outer is None:
        return None
    if is_many:
        raise LookupError
    return _related(outer, serializer.source_attrs)


def _related(row: Any, path: list[str]) -> models.Model | None:
    for name in path:
        try:
            row = getattr(row, name, None)
        except ObjectDoesNotExist:
            return None
    return row if isinstance(row, models.Model) else None
