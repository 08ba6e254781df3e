"""The fields that a project's own tenant model adds, given as text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError
from django.db.models import DateTimeField, Field, JSONField

from omnitenant_routing.management._prompts import complaint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omnitenant_models.tenants import BaseTenant

__all__ = ["clean_text", "parse_assignments", "required_fields"]

_OPTIONS = {
    "tenant_id": "use --tenant-id",
    "name": "use --name",
    "isolation_type": "use --isolation-type",
    "state": "it follows from provisioning",
}


def parse_assignments(model: type[BaseTenant], assignments: Sequence[str]) -> dict[str, Any]:
    """Read ``FIELD=VALUE`` texts.

    Args:
        model: the tenant model.
        assignments: the texts of ``--set``.

    Returns:
        Attribute name to value.

    Raises:
        CommandError: one is no assignment, names no such field, or has a value that does not fit.
    """
    values: dict[str, Any] = {}
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        name = name.strip()
        if not equals:
            message = f"--set takes FIELD=VALUE, not {assignment!r}"
            raise CommandError(message)
        if name in _OPTIONS:
            message = f"--set cannot set {name!r}; {_OPTIONS[name]}"
            raise CommandError(message)
        settable = _settable(model)
        if name not in settable:
            known = ", ".join(settable) or "none that can be set"
            message = f"the tenant model {model._meta.label} has no field {name!r}; it has {known}"
            raise CommandError(message)
        try:
            values[settable[name].attname] = clean_text(settable[name], text)
        except ValidationError as error:
            message = f"--set {name}: {complaint(error)}"
            raise CommandError(message) from error
    return values


def required_fields(model: type[BaseTenant]) -> list[Field[Any, Any]]:
    """Return the fields of the project's own that must be given: no default, and not blank."""
    return [
        field for field in _settable(model).values() if field.editable and not field.blank and not field.has_default()
    ]


def clean_text(field: Field[Any, Any], text: str) -> Any:
    """Turn a text into a value of a field.

    Raises:
        ValidationError: it does not fit.
    """
    if isinstance(field, JSONField | DateTimeField):
        # Their form fields read what people write: JSON, and times in the project's own zone.
        form_field = field.formfield()
        if form_field is not None:
            return form_field.clean(text)
    return field.clean(text, None)


def _settable(model: type[BaseTenant]) -> dict[str, Field[Any, Any]]:
    return {
        field.name: field
        for field in model._meta.concrete_fields
        if not field.primary_key and field.name not in _OPTIONS
    }
