"""Which models a dump takes in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.apps import apps
from django.core.management.base import CommandError
from django.core.management.utils import parse_apps_and_model_labels
from django.db import router

from omnitenant_context.scope import ActiveTenant
from omnitenant_models.management._for_whom import has_own_database, isolation_of
from omnitenant_models.rows.keys import get_tenant_key
from omnitenant_models.scopes import TenantScope, get_model_scope
from omnitenant_models.tenants import IsolationType

if TYPE_CHECKING:
    from django.db.models import Model

__all__ = ["chosen_models", "is_the_masters", "not_the_tenants"]


def chosen_models(labels: Sequence[str], excluded: Sequence[str], using: str) -> list[type[Model]]:
    """Return the models that ``dumpdata`` would dump.

    Args:
        labels: of apps and models; none stand for all.
        excluded: labels of what is left out.
        using: the alias of the database.

    Raises:
        CommandError: a label is of nothing.
    """
    models, configs = parse_apps_and_model_labels(labels)
    without, without_configs = parse_apps_and_model_labels(excluded)
    return [
        model
        for model in apps.get_models()
        if (not labels or model in models or model._meta.app_config in configs)
        and not (model in without or model._meta.app_config in without_configs or model._meta.proxy)
        and router.allow_migrate_model(using, model)
    ]


def not_the_tenants(chosen: Sequence[type[Model]], labels: Sequence[str], scope: ActiveTenant) -> list[type[Model]]:
    """Return the models whose rows are not the active tenant's alone, so that a dump for it leaves them out.

    Args:
        chosen: the models that would be dumped.
        labels: what was asked for by name.
        scope: the active tenant.

    Raises:
        CommandError: such a model was asked for by its own name.
    """
    named, _ = parse_apps_and_model_labels(labels)
    left_out: list[type[Model]] = []
    for model in chosen:
        reason = _why_not(model, scope, named=model in named)
        if reason and model in named:
            message = (
                f"{model._meta.label} is not dumped for tenant {scope.label!r}: {reason}; dump it without --tenant-id "
                "and with no tenant active"
            )
            raise CommandError(message)
        if reason:
            left_out.append(model)
    return left_out


def is_the_masters(model: type[Model]) -> bool:
    """Tell whether the rows of a model are the master's, and not a tenant's."""
    return get_tenant_key(model) is None and get_model_scope(model) is TenantScope.MASTER


def _why_not(model: type[Model], scope: ActiveTenant, *, named: bool) -> str:
    if is_the_masters(model):
        return "its rows are the master's"
    if get_tenant_key(model) is not None or has_own_database(scope):
        return ""
    if get_model_scope(model) is TenantScope.SHARED:
        return "" if named else "its rows are shared by all tenants"
    if isolation_of(scope) == IsolationType.SCHEMA:
        return ""
    return "it has no tenant key, so its rows are everybody's here"
