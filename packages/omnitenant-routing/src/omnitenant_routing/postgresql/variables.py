"""The variables in which statements tell the policies of row-level security who is active."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.core.exceptions import ImproperlyConfigured

from omnitenant_models.rows.policies import TenantPolicy, key_in_table, variable_of
from omnitenant_routing.postgresql.prefix import carry_variable

if TYPE_CHECKING:
    from omnitenant_context.scope import ActiveTenant

__all__ = ["carry_policies"]


def carry_policies() -> None:
    """Let every statement of a tenant say what the policies of the project's models ask for.

    Where no model has a ``TenantPolicy`` statements say nothing. Calling it again changes nothing.
    """
    for model in apps.get_models():
        if any(isinstance(constraint, TenantPolicy) for constraint in model._meta.constraints):
            with suppress(ImproperlyConfigured):  # a system check reports it, in better words
                key = key_in_table(model)
                carry_variable(variable_of(key), partial(_value, key.target_field.attname))


def _value(name: str, scope: ActiveTenant) -> str | None:
    value: Any = getattr(scope.tenant, name, None)
    return None if value is None else str(value)
