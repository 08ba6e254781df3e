"""Checks of ``STORAGES``: static files that would be a tenant's, and files of tenants that lie together."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning  # noqa: A004 - the name is Django's
from django.db.models import FileField
from django.utils.module_loading import import_string

from omnitenant_models.scopes import TenantScope, get_model_scope
from omnitenant_routing.files.mixin import TenantStorageMixin

__all__ = ["check_file_fields", "check_static_files"]


def check_static_files(app_configs: Any = None, **_: Any) -> list[CheckMessage]:
    """Report static files in a storage of tenants: they are collected and linked to where nobody is active."""
    backend = settings.STORAGES.get("staticfiles", {}).get("BACKEND", "")
    try:
        kind = import_string(backend)
    except ImportError:
        return []  # Django says so itself
    if not (isinstance(kind, type) and issubclass(kind, TenantStorageMixin)):
        return []
    return [
        Error(
            f"STORAGES['staticfiles'] is {backend!r}, which has a folder for each tenant.",
            hint="Use a storage that is the same for everybody.",
            id="omnitenant_routing.E040",
        )
    ]


def check_file_fields(app_configs: Any = None, **_: Any) -> list[CheckMessage]:
    """Report fields of tenants' models whose files lie together (only with ``--deploy``)."""
    return [
        Warning(
            f"The files of {model._meta.label}.{field.name} lie in one folder for all tenants: they are not counted, "
            "exported or deleted with their tenant.",
            hint="Use a storage of omnitenant_routing.files in STORAGES['default'], or as the field's storage.",
            obj=model,
            id="omnitenant_routing.W041",
        )
        for model in apps.get_models()
        if get_model_scope(model) is TenantScope.TENANT
        for field in model._meta.local_fields
        if isinstance(field, FileField) and not isinstance(field.storage, TenantStorageMixin)
    ]
