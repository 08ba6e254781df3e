"""Serializers whose unique checks are within the active tenant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from django.db import IntegrityError, models, router, transaction
from rest_framework.fields import Field, HiddenField, empty
from rest_framework.serializers import ModelSerializer

from omnitenant_drf._rules import all_rules
from omnitenant_drf._violations import find_broken_rule
from omnitenant_drf.validators import TenantUniqueValidator, labels_of
from omnitenant_models.rows import get_tenant_key

M = TypeVar("M", bound=models.Model)

if TYPE_CHECKING:
    Base = ModelSerializer[Any]
else:
    Base = object

__all__ = ["TenantModelSerializer", "TenantSerializerMixin"]


class TenantSerializerMixin(Base):
    """What makes a model serializer know tenants; put it before ``ModelSerializer`` or a class derived from it.

    * Every ``UniqueConstraint`` and ``unique_together`` with the tenant key is checked among the rows of the
      active tenant, as soon as the serializer has its other fields: a duplicate is a ``ValidationError`` under
      the field, or under ``non_field_errors`` where it takes several. Conditions and expressions count.
      ``Meta.validators`` replaces the checks, as always.
    * The tenant key is never taken from the client. It is not among the fields of ``"__all__"``; where a
      serializer names it, it is shown.
    * :meth:`save` answers a duplicate that was stored in the meantime in the same way.

    For models whose rows belong to no tenant nothing changes. With no tenant active checking raises
    ``TenantRequiredError``.
    """

    def get_default_field_names(
        self, declared_fields: Mapping[str, Field[Any, Any, Any, Any]], model_info: Any
    ) -> list[str]:
        """Return the fields of ``"__all__"``, without the tenant key."""
        names = super().get_default_field_names(declared_fields, model_info)
        key = get_tenant_key(self.Meta.model)
        if key is None:
            return names
        return [name for name in names if name != key.name or name in declared_fields]

    def get_fields(self) -> dict[str, Field[Any, Any, Any, Any]]:
        """Return the fields; those that show the tenant key are for reading only, however they were declared."""
        fields = super().get_fields()
        key = get_tenant_key(self.Meta.model)
        if key is not None:
            for name, field in fields.items():
                if (field.source or name) in {key.name, key.attname} and not isinstance(field, HiddenField):
                    field.read_only = True
                    field.required = False
        return fields

    def get_unique_together_constraints(self, model: Any) -> Iterator[Any]:
        """Leave what is unique within a tenant to :class:`~omnitenant_drf.validators.TenantUniqueValidator`."""
        key = get_tenant_key(model)
        for entry in super().get_unique_together_constraints(model):
            if key is None or not {key.name, key.attname} & {*entry[0], *_conditions(entry)}:
                yield entry

    def get_unique_together_validators(self) -> list[Any]:
        """Return REST framework's validators, and one for each rule within a tenant whose fields are all here."""
        mine = [
            TenantUniqueValidator(rule)
            for rule in all_rules(self.Meta.model)
            if rule.per_tenant and rule.others <= self._known_names()
        ]
        return [*super().get_unique_together_validators(), *mine]

    def save(self, **kwargs: Any) -> Any:
        """Store the data, in a transaction or savepoint of its own, so that a transaction around it stays usable.

        Raises:
            ValidationError: somebody else stored the same since the data was checked.
        """
        using = router.db_for_write(self.Meta.model, instance=self.instance)
        try:
            with transaction.atomic(using=using):
                return super().save(**kwargs)
        except IntegrityError as error:
            rule = find_broken_rule(error)
            if rule is None:
                raise
            raise rule.error(labels_of(self)) from error

    def _known_names(self) -> set[str]:
        """Return the fields of the model whose new value this serializer knows before it is saved."""
        sources = {field.source for field in self.fields.values() if not field.read_only or field.default is not empty}
        model: type[models.Model] = self.Meta.model
        return {
            field.name for field in model._meta.concrete_fields if field.name in sources or field.attname in sources
        }


class TenantModelSerializer(TenantSerializerMixin, ModelSerializer[M]):
    """A ``ModelSerializer`` for models whose rows belong to tenants; see :class:`TenantSerializerMixin`.

    Example::

        class ProjectSerializer(TenantModelSerializer):
            class Meta:
                model = Project
                fields = ["id", "name", "status"]
    """


def _conditions(entry: Any) -> tuple[str, ...]:
    """Return the fields of a condition; the entries have grown from release to release of REST framework."""
    return tuple(entry[2]) if len(entry) > 2 else ()  # noqa: PLR2004 - the third element
