"""What a reference between rows of tenants is made of once it is composite with the tenant, or why it cannot be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.core.exceptions import FieldDoesNotExist, ImproperlyConfigured
from django.db.backends.utils import names_digest
from django.db.models import ForeignKey, UniqueConstraint

from omnitenant_models.rows.keys import TenantKey, find_tenant_keys

if TYPE_CHECKING:
    from django.db.models import Field, Model

__all__ = ["Composite", "CompositeError", "compose", "is_unique_with_tenant", "short_name", "unique_line"]

_LONGEST: Final = 63
"""Bytes in a name that PostgreSQL keeps; it cuts what is longer, and the ends tell names apart."""


class CompositeError(ImproperlyConfigured):
    """Raised for a reference that cannot be composite with the tenant.

    Attributes:
        problem: what is in the way.
        remedy: what to write instead.
    """

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"{problem}; {remedy}")
        self.problem, self.remedy = problem, remedy


@dataclass(frozen=True, slots=True)
class Composite:
    """A foreign key and the tenant keys at both of its ends; today's fields, or those of a migration.

    Attributes:
        field: the foreign key.
        key: the tenant key beside it.
        target: the model that it leads to, never a proxy.
        target_key: the tenant key there.
    """

    field: ForeignKey[Any, Any]
    key: ForeignKey[Any, Any]
    target: type[Model]
    target_key: ForeignKey[Any, Any]

    @property
    def target_field(self) -> Field[Any, Any]:
        """The field whose value the foreign key holds."""
        return self.field.target_field


def compose(model: type[Model], name: str, key_name: str | None = None) -> Composite:
    """Find what a composite reference needs.

    Args:
        model: the model with the foreign key.
        name: the foreign key.
        key_name: the tenant key beside it; None to find it.

    Raises:
        CompositeError: the reference cannot be composite.
    """
    field = _foreign_key(model, name)
    key = _key_beside(model, key_name)
    if key is field:
        problem = f"{_label(model, name)} is the tenant key itself"
        raise CompositeError(problem, "name a foreign key to another row of the tenant")
    if isinstance(field.remote_field.model, str):
        problem = f"{_label(model, name)} leads to {field.remote_field.model!r}, which is no installed model"
        raise CompositeError(problem, "name one that is")
    target: Any = field.remote_field.model._meta.concrete_model
    target_key = _key_of_target(field, target, key)
    if target_key.target_field.attname != key.target_field.attname:
        problem = (
            f"{_label(model, key.name)} holds the tenant's {key.target_field.attname!r} and "
            f"{_label(target, target_key.name)} its {target_key.target_field.attname!r}"
        )
        raise CompositeError(problem, "give both keys the same to_field")
    if field.target_field.column == target_key.column:
        problem = f"{_label(model, name)} leads to the tenant key of {target._meta.label}, which names one row a tenant"
        same = f"models.Q({name}=models.F({key.name!r}))"
        raise CompositeError(problem, f"write models.CheckConstraint(condition={same}, name=...) instead")
    return Composite(field, key, target, target_key)


def is_unique_with_tenant(composite: Composite) -> bool:
    """Tell whether the target declares what a composite reference to it needs: unique together with the tenant.

    ``unique_together`` does not count. Django makes its index when a migration ends, and SQLite looks before.
    """
    wanted = {composite.target_field.attname, composite.target_key.attname}
    options: Any = composite.target._meta
    names = [each.fields for each in options.constraints if isinstance(each, UniqueConstraint) and _is_plain(each)]
    names.append(getattr(options.pk, "field_names", ()))  # of a composite primary key
    attnames = {field.name: field.attname for field in options.concrete_fields}
    return any({attnames.get(name, name) for name in each} == wanted for each in names)


def _is_plain(constraint: Any) -> bool:
    return not (constraint.condition or constraint.deferrable or constraint.include or constraint.opclasses)


def unique_line(composite: Composite) -> str:
    """Return the line that the target needs in ``Meta.constraints``."""
    fields = [composite.target_key.name, composite.target_field.name]
    name = short_name(f"{composite.target._meta.label_lower.replace('.', '_')}_{'_'.join(fields)}")
    return f"models.UniqueConstraint(fields={fields!r}, name={name!r})"


def short_name(name: str) -> str:
    """Return a name that a database can keep: a long one ends in a hash of itself."""
    if len(name.encode()) <= _LONGEST:
        return name
    digest = names_digest(name, length=8)
    return f"{name.encode()[: _LONGEST - 9].decode(errors='ignore')}_{digest}"


def _foreign_key(model: type[Model], name: str) -> ForeignKey[Any, Any]:
    where = _label(model, name)
    try:
        field: Any = model._meta.get_field(name)
    except FieldDoesNotExist:
        problem, remedy = f"{model._meta.label} has no field {name!r}", "name one of its foreign keys"
        raise CompositeError(problem, remedy) from None
    if field.many_to_many:
        raise CompositeError(
            f"{where} is a many-to-many field, and the table that Django makes for it has no tenant",
            "write a through model with a key to the tenant and a TenantReference for each of its two foreign keys",
        )
    if not isinstance(field, ForeignKey):
        raise CompositeError(f"{where} is no foreign key", "name one of the model's foreign keys")
    if field not in model._meta.local_fields:
        raise CompositeError(
            f"{where} stands in the table of {field.model._meta.label}",
            f"write the TenantReference in {field.model.__name__}.Meta.constraints",
        )
    return field


def _key_beside(model: type[Model], name: str | None) -> ForeignKey[Any, Any]:
    options = model._meta
    try:
        keys: list[Any] = [options.get_field(name)] if name else list(find_tenant_keys(model))
    except FieldDoesNotExist:
        keys = []
    if not keys or not isinstance(keys[0], ForeignKey):
        wanted = f"foreign key {name!r}" if name else "foreign key"
        raise CompositeError(f"{options.label} has no {wanted} to the tenant", "add one, or take TenantReference out")
    key: ForeignKey[Any, Any] = keys[0]
    if key not in options.local_fields:
        raise CompositeError(
            f"{options.label} has its tenant in the table of {key.model._meta.label}, and a constraint needs both "
            "columns in one table",
            f"move the foreign key to {key.model.__name__}, or leave the reference to the guards in Python",
        )
    return key


def _key_of_target(field: ForeignKey[Any, Any], target: type[Model], key: ForeignKey[Any, Any]) -> ForeignKey[Any, Any]:
    tenants = key.remote_field.model._meta.label_lower
    keys = [
        each
        for each in target._meta.fields
        if isinstance(each, ForeignKey) and each.remote_field.model._meta.label_lower == tenants
    ]
    # Historical keys are not taught: then names decide, as they do where models are taught.
    keys.sort(key=lambda each: (not isinstance(each, TenantKey), each.name != "tenant", each.name != key.name))
    if not keys:
        problem = f"{_label(field.model, field.name)} leads to {target._meta.label}, whose rows belong to no tenant"
        raise CompositeError(problem, "take this TenantReference out")
    if keys[0] not in target._meta.local_fields:
        parent = keys[0].model._meta
        raise CompositeError(
            f"{_label(field.model, field.name)} leads to {target._meta.label}, whose tenant stands in the table of "
            f"{parent.label}",
            f"let the foreign key lead to {parent.label}, or leave the reference to the guards in Python",
        )
    return keys[0]


def _label(model: type[Model], name: str) -> str:
    return f"{model._meta.label}.{name}"
