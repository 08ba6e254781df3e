"""Checks for what is unique among the rows of all tenants: whoever is told so learns what others have."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.core import checks
from django.core.checks import CheckMessage
from django.core.exceptions import FieldDoesNotExist
from django.db.models import AutoField, CompositePrimaryKey, F, ForeignKey, UniqueConstraint, UUIDField

from omnitenant_models.rows.keys import get_tenant_key

if TYPE_CHECKING:
    from django.db.models import Model

__all__ = ["check_uniqueness"]


def check_uniqueness(app_configs: Any = None, **_: Any) -> list[CheckMessage]:
    """Report what is unique across tenants on models whose rows belong to tenants.

    A set with the tenant in it is not, nor is one with a reference to another row of a tenant, which only one
    tenant can have, nor one with a random value: a UUID.
    """
    found: list[CheckMessage] = []
    for model in apps.get_models():
        if get_tenant_key(model) is not None and not model._meta.proxy:
            found += _check_fields(model)
            found += _check_sets(model)
    return found


def _check_fields(model: type[Model]) -> Iterator[CheckMessage]:
    key: Any = get_tenant_key(model)
    for field in model._meta.local_fields:
        if isinstance(field, CompositePrimaryKey) or not field.unique:
            continue
        if not _is_apart(model, {field.name}):
            line = f"models.UniqueConstraint(fields={[key.name, field.name]!r}, name=...)"
            hint = f"Take unique=True out and add {line} to Meta.constraints."
            if field.primary_key:
                hint = f"Use another primary key, and {line}."
            yield _across(model, f"{field.name!r} is", hint)


def _check_sets(model: type[Model]) -> Iterator[CheckMessage]:
    key: Any = get_tenant_key(model)
    sets = [({*names}, "unique_together") for names in model._meta.unique_together]
    sets += [
        (_names_in(each), f"the constraint {each.name!r}")
        for each in model._meta.constraints
        if isinstance(each, UniqueConstraint)
    ]
    sets.append(({*getattr(model._meta.pk, "field_names", ())}, "its primary key"))
    for names, where in sets:
        if names and not _is_apart(model, names):
            yield _across(
                model, f"{', '.join(map(repr, sorted(names)))} of {where} are", f"Add {key.name!r} to {where}."
            )


def _across(model: type[Model], what: str, hint: str) -> CheckMessage:
    key = get_tenant_key(model)
    if key and key not in model._meta.local_fields:
        parent = key.model._meta.label
        hint = f"Move the field to {parent}, in whose table the tenant is, and make it unique with it there."
    return checks.Warning(
        f"{model._meta.label}: {what} unique among the rows of all tenants: a tenant is refused what another has, and "
        "learns that it is there.",
        hint=hint,
        obj=model,
        id="omnitenant_models.W014",
    )


def _is_apart(model: type[Model], names: set[str]) -> bool:
    """Tell whether two tenants can never have the same values in these fields."""
    for name in names:
        try:
            field = model._meta.get_field(name)
        except FieldDoesNotExist:
            return True  # Django reports it
        if field is get_tenant_key(model) or isinstance(field, (AutoField, UUIDField)):
            return True
        if isinstance(field, ForeignKey):
            target: Any = field.remote_field.model
            if field.remote_field.parent_link or (not isinstance(target, str) and get_tenant_key(target)):
                return True
    return False


def _names_in(constraint: UniqueConstraint) -> set[str]:
    return {*constraint.fields, *(name for each in constraint.expressions for name in _referred(each))}


def _referred(expression: Any) -> Iterator[str]:
    if isinstance(expression, F):
        referred: Any = expression
        yield referred.name.partition("__")[0]
    for source in getattr(expression, "get_source_expressions", list)():
        yield from _referred(source)
