"""Where the table of a model lives: in the master, with each tenant, or once per database."""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.core.signals import setting_changed
from django.dispatch import receiver

from omnitenant_models.known_apps import KNOWN_APPS
from omnitenant_models.settings import SETTING_NAME, omnitenant_settings

if TYPE_CHECKING:
    from django.db import models

__all__ = ["TenantScope", "get_app_scope", "get_model_scope", "is_mirrored"]


class TenantScope(StrEnum):
    """The scope of a model.

    Set it as ``tenant_scope = TenantScope.SHARED`` on the model, else on its ``AppConfig``, else from outside in
    ``OMNITENANT_CONFIG["MODEL_SCOPES"]``, where the name of a model goes before that of its app. What sets
    nothing is TENANT, but for the apps of :data:`~omnitenant_models.known_apps.KNOWN_APPS`. The tenant and
    domain models are MASTER, whatever is set for their app. Proxies have the scope of the model that they
    show, automatic through tables that of the model that made them, and children that set nothing that of
    their parent, whose table they are joined to.
    """

    MASTER = "master"
    """Only in the master."""
    TENANT = "tenant"
    """In every place: each tenant has its own rows."""
    SHARED = "shared"
    """One table per database, in its public schema, seen by all tenants there."""


def get_model_scope(model: type[models.Model]) -> TenantScope:
    """Return the scope of a model.

    Args:
        model: the model class. A historical model of a migration counts as the one of today.

    Raises:
        ValueError: a scope is set that does not exist.
    """
    made_by: Any = model._meta.auto_created
    if made_by:
        model = made_by
    if model.__module__ == "__fake__":
        # Migrations make historical classes by the thousand: they are looked up by name, never remembered.
        try:
            model = apps.get_model(model._meta.label)
        except LookupError:
            return _scope_of_app(model._meta.app_label)
    return _scope_of(model)


def get_app_scope(app_label: str) -> TenantScope:
    """Return the scope of an app as a whole: what its models have that set none themselves.

    Raises:
        ValueError: a scope is set that does not exist.
    """
    return _scope_of_app(app_label)


def is_mirrored(model: type[models.Model]) -> bool:
    """Tell whether a model is the tenant model, whose rows are mirrored into the tenants' databases."""
    return _concrete(model)._meta.label_lower == _setting("TENANT_MODEL")


@cache
def _scope_of(model: type[models.Model]) -> TenantScope:
    model = _concrete(model)
    options = model._meta
    if options.label_lower in {_setting("TENANT_MODEL"), _setting("DOMAIN_MODEL")}:
        return TenantScope.MASTER
    explicit = getattr(model, "tenant_scope", None)
    if explicit is not None:
        return _parsed(explicit, f"{options.label}.tenant_scope")
    for parent in options.parents:
        return _scope_of(parent)
    if _of_app_config(options.app_label) is None:
        for name, value in omnitenant_settings.MODEL_SCOPES.items():
            if str(name).lower() == options.label_lower:
                return _parsed(value, f"{SETTING_NAME}['MODEL_SCOPES'][{name!r}]")
    return _scope_of_app(options.app_label)


@cache
def _scope_of_app(app_label: str) -> TenantScope:
    explicit = _of_app_config(app_label)
    if explicit is not None:
        return _parsed(explicit, f"tenant_scope of the app {app_label!r}")
    named = omnitenant_settings.MODEL_SCOPES.get(app_label)
    if named is not None:
        return _parsed(named, f"{SETTING_NAME}['MODEL_SCOPES'][{app_label!r}]")
    return TenantScope(KNOWN_APPS.get(app_label, "tenant"))


def _of_app_config(app_label: str) -> object | None:
    return getattr(apps.app_configs.get(app_label), "tenant_scope", None)


def _concrete(model: type[models.Model]) -> type[models.Model]:
    return model._meta.concrete_model or model


def _setting(name: str) -> str:
    return str(getattr(omnitenant_settings, name) or "").lower()


def _parsed(value: object, where: str) -> TenantScope:
    try:
        return TenantScope(str(value).lower())
    except ValueError:
        names = ", ".join(repr(scope.value) for scope in TenantScope)
        message = f"{where} is {value!r}, which is no scope; use one of {names}"
        raise ValueError(message) from None


@receiver(setting_changed)
def _forget(*, setting: str, **_: object) -> None:
    if setting in {SETTING_NAME, "INSTALLED_APPS"}:
        _scope_of.cache_clear()
        _scope_of_app.cache_clear()
