"""Checks of the row scope: models that ask for it and cannot have it, and what bypasses it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.core import checks
from django.core.checks import CheckMessage, Error

from omnitenant_models.rows.keys import find_tenant_keys, get_tenant_key
from omnitenant_models.rows.manager import TenantQuerySetManager
from omnitenant_models.rows.predicate import TenantMatch
from omnitenant_models.scopes import TenantScope, get_model_scope
from omnitenant_models.settings import omnitenant_settings

if TYPE_CHECKING:
    from django.db.models import Manager, Model

__all__ = ["check_tenant_keys", "filters_by_tenant"]


def check_tenant_keys(app_configs: Any = None, **_: Any) -> list[CheckMessage]:
    """Report models of tenants whose row filter is missing, in doubt or bypassed."""
    found: list[CheckMessage] = []
    for model in apps.get_models():
        if get_tenant_key(model) is not None:
            found += [*_check_choice(model), *_check_base_manager(model), *_check_managers(model)]
        elif any(isinstance(each, TenantQuerySetManager) for each in _managers(model)):
            found.append(_no_key(model))
        elif _is_unguarded(model):
            found.append(_no_manager(model))
    return found


def _managers(model: type[Model]) -> Iterator[Manager[Any]]:
    """Return the managers of a model, and those that were added later under a name that Django had used."""
    yield from model._meta.managers
    yield from model._meta.local_managers


def _is_unguarded(model: type[Model]) -> bool:
    """Tell whether a model has a key to the tenant in its own table, and rows of tenants that nothing guards."""
    if model._meta.proxy or not any(key.model is model for key in find_tenant_keys(model)):
        return False
    try:
        return get_model_scope(model) is TenantScope.TENANT
    except ValueError:
        return False  # reported by itself


def _no_manager(model: type[Model]) -> CheckMessage:
    names = ", ".join(repr(key.name) for key in find_tenant_keys(model))
    return checks.Warning(
        f"{model._meta.label} has a foreign key to the tenant model ({names}) and no TenantQuerySetManager: in shared "
        "tables every tenant sees and changes all of its rows.",
        hint="Write objects = TenantQuerySetManager() in the class body, or say in MODEL_SCOPES that it is 'shared' or "
        "'master'.",
        obj=model,
        id="omnitenant_models.W029",
    )


def _no_key(model: type[Model]) -> CheckMessage:
    if find_tenant_keys(model):
        return Error(
            f"{model._meta.label} got its TenantQuerySetManager or its foreign key to the tenant model after the class "
            "was made: the key fills and guards nothing.",
            hint="Write both in the class body.",
            obj=model,
            id="omnitenant_models.E019",
        )
    return Error(
        f"{model._meta.label} uses TenantQuerySetManager but has no foreign key to the tenant model.",
        hint=f"Add models.ForeignKey({omnitenant_settings.TENANT_MODEL!r}, ...), or use a plain "
        "manager if its rows belong to no tenant.",
        obj=model,
        id="omnitenant_models.E010",
    )


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
    manager = model._base_manager
    conditions = _conditions(manager)
    if conditions is None:
        return
    if not any(map(_filters, conditions)):
        yield Error(
            f"{model._meta.label} has the base manager {manager.name!r}, which does not filter by "
            "tenant: saving, related objects and cascades reach rows of all tenants.",
            hint="Leave Meta.base_manager_name out, or name a TenantQuerySetManager that calls super().",
            obj=model,
            id="omnitenant_models.E012",
        )
    elif len(conditions) > 1:
        yield checks.Warning(
            f"{model._meta.label} has the base manager {manager.name!r}, which filters for other reasons than the "
            "tenant: rows that it hides cannot be saved again, nor be reached from rows that refer to them.",
            hint="Leave Meta.base_manager_name out.",
            obj=model,
            id="omnitenant_models.W012",
        )


def _check_managers(model: type[Model]) -> Iterator[CheckMessage]:
    default = model._meta.default_manager
    for manager in model._meta.managers:
        conditions = _conditions(manager)
        if conditions is None or any(map(_filters, conditions)):
            continue
        if default is not None and manager.name == default.name:
            yield Error(
                f"{model._meta.label} has the default manager {manager.name!r}, which does not filter by tenant: "
                "related objects, forms and the admin show rows of all tenants.",
                hint=_remedy(manager) or _remedy_for_default(model),
                obj=model,
                id="omnitenant_models.E013",
            )
        else:
            yield checks.Warning(
                f"{model._meta.label} has the manager {manager.name!r}, which does not filter by tenant.",
                hint=_remedy(manager) or "Take it out, and use TenantContext.unscoped() where all rows are wanted.",
                obj=model,
                id="omnitenant_models.W013",
            )


def _remedy(manager: Manager[Any]) -> str:
    if not isinstance(manager, TenantQuerySetManager):
        return ""
    return f"Let {type(manager).__qualname__}.get_queryset() start from super().get_queryset()."


def _remedy_for_default(model: type[Model]) -> str:
    others = (each.name for each in model._meta.managers if any(map(_filters, _conditions(each) or ())))
    other = next(others, None)
    if other is None:
        return "Write objects = TenantQuerySetManager() in the class body."
    return f"Declare {other!r} first, or set Meta.default_manager_name = {other!r}."


def filters_by_tenant(manager: Manager[Any]) -> bool | None:
    """Tell whether a manager shows nothing but rows of the active tenant; None where it cannot be known."""
    conditions = _conditions(manager)
    return None if conditions is None else any(map(_filters, conditions))


def _conditions(manager: Manager[Any]) -> list[Any] | None:
    """Return what a manager's querysets ask for, None where it cannot be known.

    It is looked for in the query, because a manager that forgets super() has the right class.
    """
    try:
        where = manager.get_queryset().query.where
    except Exception:  # noqa: BLE001 - the project's code, which may want a request or a tenant
        return None
    return [where] if where.negated or where.connector != "AND" else list(where.children)


def _filters(condition: Any) -> bool:
    """Tell whether a condition leaves nothing but rows of the active tenant."""
    if isinstance(condition, TenantMatch):
        return True
    children = getattr(condition, "children", ())
    if not children or condition.negated:
        return False
    found = map(_filters, children)
    return any(found) if condition.connector == "AND" else all(found)
