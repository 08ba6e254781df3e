"""Checks of row-level security, as far as models tell; ``checktenants`` looks at the database."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.core.checks import CheckMessage, Error
from django.core.exceptions import FieldDoesNotExist, ImproperlyConfigured

from omnitenant_models.rows.policies import TenantPolicy, key_in_table, tables_of

__all__ = ["check_policies"]


def check_policies(app_configs: Any = None, **_: Any) -> list[CheckMessage]:
    """Report a :class:`TenantPolicy` that stands for nothing."""
    found: list[CheckMessage] = []
    for model in apps.get_models():
        for declared in model._meta.constraints:
            if not isinstance(declared, TenantPolicy):
                continue
            try:
                key_in_table(model)
                tables_of(model, declared)
            except (ImproperlyConfigured, FieldDoesNotExist) as error:
                problem, _separator, remedy = str(error).partition("; ")
                hint = f"{remedy[0].upper()}{remedy[1:]}." if remedy else "Name many-to-many fields of the model."
                found.append(Error(f"{problem}.", hint=hint, obj=model, id="omnitenant_models.E028"))
    return found
