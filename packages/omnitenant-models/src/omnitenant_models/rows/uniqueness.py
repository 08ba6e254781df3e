"""Rules that a tenant's rows must keep are checked with the tenant, though forms do not show it.

Forms exclude from the model's checks what they have no field for, and so every rule with the hidden tenant key:
``UniqueConstraint(fields=["tenant", "name"])`` would be an ``IntegrityError`` of the database.

Private Django API, read in 5.2, 6.0 and 6.1: ``_get_unique_checks()``, which ``validate_unique()`` calls, and which
formsets call with ``include_meta_constraints=True`` to compare their forms with each other; errors of a form must
stand under one of its fields or under ``NON_FIELD_ERRORS``.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError

from omnitenant_context.context import get_scope
from omnitenant_context.scope import ActiveTenant
from omnitenant_models.rows._active import key_of
from omnitenant_models.rows.keys import get_tenant_key

if TYPE_CHECKING:
    from django.db.models import Model

    from omnitenant_models.rows.keys import TenantKey

__all__ = ["blame", "names_shown", "refuse_key", "with_key"]


def with_key(row: Model, exclude: Collection[str] | None) -> set[str]:
    """Put the tenant key back among the fields that are checked, and fill it where it is empty.

    Args:
        row: what is checked.
        exclude: names of the fields that are left out.
    """
    excluded = set(exclude or ())
    key = get_tenant_key(type(row))
    if key is None or key.name not in excluded:
        return excluded
    scope = get_scope()
    if isinstance(scope, ActiveTenant) and row.__dict__.get(key.attname) is None:
        setattr(row, key.attname, key_of(scope, key))
    excluded.remove(key.name)
    parts = {field.name for field in row._meta.pk_fields}
    if key.name in parts and excluded.isdisjoint(parts):
        excluded.discard(row._meta.pk.name)
    return excluded


def refuse_key(row: Model, exclude: Collection[str] | None) -> None:
    """Refuse a row of another tenant, in the way in which forms are told what is wrong.

    Raises:
        ValidationError: the row holds another tenant than the active one.
    """
    key = get_tenant_key(type(row))
    scope = get_scope()
    if key is None or not isinstance(scope, ActiveTenant):
        return
    value = row.__dict__.get(key.attname)
    if value is None or key._is_key_of(scope, value):
        return
    error = ValidationError(
        key.error_messages["invalid"],
        code="invalid",
        params={
            "model": key.remote_field.model._meta.verbose_name,
            "pk": value,
            "field": key.remote_field.field_name,
            "value": value,
        },
    )
    raise ValidationError({NON_FIELD_ERRORS if key.name in (exclude or ()) else key.name: error})


def blame(row: Model, exclude: Collection[str] | None, error: ValidationError) -> ValidationError:
    """Put what stands under a key that the form does not have under no field."""
    key = get_tenant_key(type(row))
    if key is None or key.name not in (exclude or ()) or key.name not in getattr(error, "error_dict", ()):
        return error
    errors: dict[str, Any] = dict(error.error_dict)
    errors[NON_FIELD_ERRORS] = [*errors.get(NON_FIELD_ERRORS, ()), *errors.pop(key.name)]
    return ValidationError(errors)


def names_shown(key: TenantKey | None, names: tuple[str, ...]) -> tuple[str, ...]:
    """Leave a hidden key out of the fields of a rule, as people know them; not where it is the only one."""
    if key is None or key.editable:
        return names
    return tuple(name for name in names if name != key.name) or names
