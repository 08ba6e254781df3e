"""Checks of the row scope: models that ask for it and cannot have it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.core import checks
from django.core.checks import CheckMessage, Error

from omnitenant_models.rows.keys import find_tenant_keys, get_tenant_key
from omnitenant_models.rows.manager import TenantQuerySetManager
from omnitenant_models.rows.predicate import TenantMatch
from omnitenant_models.settings import omnitenant_settings

if TYPE_CHECKING:
    from django.db.models import Model

__all__ = ["check_tenant_keys"]


def check_tenant_keys(app_configs: Any = None, **_: Any) -> list[CheckMessage]:
    """Report models with a :class:`TenantQuerySetManager` whose row filter is missing, in doubt or bypassed."""
    found: list[CheckMessage] = []
    for model in apps.get_models():
        if get_tenant_key(model) is not None:
            found += [*_check_choice(model), *_check_base_manager(model)]
        elif any(isinstance(each, TenantQuerySetManager) for each in model._meta.managers):
            found.append(
                Error(
                    f"{model._meta.label} uses TenantQuerySetManager but has no foreign key to the tenant model.",
                    hint=f"Add models.ForeignKey({omnitenant_settings.TENANT_MODEL!r}, ...), or use a plain "
                    "manager if its rows belong to no tenant.",
                    obj=model,
                    id="omnitenant_models.E010",
                )
            )
    return found


def _check_choice(model: type[Model]) -> Iterator[CheckMessage]:
    keys = find_tenant_keys(model)
    mine = get_tenant_key(model)
    if mine and len(keys) > 1 and mine.name != "tenant":
        names = ", ".join(repr(key.name) for key in keys)
        yield checks.Warning(
            f"{model._meta.label} has several foreign keys to the tenant model ({names}); rows belong to the "
            f"tenant in {mine.name!r}.",
            hint="Name the one that owns the row 'tenant'.",
            obj=model,
            id="omnitenant_models.W011",
        )


def _check_base_manager(model: type[Model]) -> Iterator[CheckMessage]:
    # Looked for in the query, because a manager that forgets super() has the right class.
    where = model._base_manager.get_queryset().query.where
    if not any(isinstance(leaf, TenantMatch) for leaf in where.children):
        yield Error(
            f"{model._meta.label} has the base manager {model._base_manager.name!r}, which does not filter by "
            "tenant: saving, related objects and cascades reach rows of all tenants.",
            hint="Leave Meta.base_manager_name out, or name a TenantQuerySetManager that calls super().",
            obj=model,
            id="omnitenant_models.E012",
        )
