"""Reads what would be written to a foreign key, in the form that the keys of instances have."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError

from omnitenant_models.rows._expressions import UncheckableError, values_of
from omnitenant_models.rows._strangers import uncheckable

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.models import ForeignKey

    from omnitenant_context.scope import ActiveTenant

__all__ = ["is_null", "plain_values"]


def is_null(field: ForeignKey[Any, Any], value: Any, connection: BaseDatabaseWrapper) -> bool:
    """Tell whether Django writes NULL, as it does for some empty texts."""
    if isinstance(value, str) and not value:
        nulls: bool = connection.features.interprets_empty_strings_as_nulls
        return nulls or not field.target_field.empty_strings_allowed
    return value is None


def plain_values(scope: ActiveTenant, field: ForeignKey[Any, Any], value: Any) -> Iterator[Any]:
    """Return the values that a key or an expression can give.

    Raises:
        TenantMismatchError: an expression can give anything.
        ValueError: a value is no key, in Django's own words.
    """
    if hasattr(value, "as_sql"):
        try:
            given = list(values_of(value, field))
        except UncheckableError:
            raise uncheckable(scope, field, "an expression") from None
    else:
        given = [value]
    for each in given:
        try:
            plain = field.target_field.to_python(each)
            hash(plain)
        except (TypeError, ValueError, ValidationError):
            field.get_prep_value(each)  # Django's own words for what is no key
            raise uncheckable(scope, field, repr(each)) from None
        if plain is not None:
            yield plain
