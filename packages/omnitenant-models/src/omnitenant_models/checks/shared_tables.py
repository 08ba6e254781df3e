"""A check of tables that tenants share: models without a key to the tenant."""

from __future__ import annotations

import sysconfig
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from django.apps import AppConfig, apps
from django.core import checks
from django.core.checks import CheckMessage
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, transaction

from omnitenant_models.rows.keys import find_tenant_keys
from omnitenant_models.scopes import TenantScope, get_model_scope
from omnitenant_models.settings import omnitenant_settings
from omnitenant_models.tenants import IsolationType
from omnitenant_models.utils import get_tenant_model

if TYPE_CHECKING:
    from django.db.models import Model

__all__ = ["check_shared_tables"]

_INSTALLED: Final = tuple(Path(sysconfig.get_path(name)).resolve() for name in ("purelib", "platlib", "stdlib"))
_SHARING: Final = tuple(each.value for each in IsolationType if not each.needs_place)


def check_shared_tables(
    app_configs: Any = None, databases: Sequence[str] | None = None, **_: Any
) -> list[CheckMessage]:
    """Report models of the project without a key to the tenant while there are tenants that share tables.

    Asks the master how many there are: it runs where databases are checked, such as before ``migrate``. What is
    installed from a package index is left out; a project cannot change it.
    """
    if not databases or omnitenant_settings.MASTER_DB_ALIAS not in databases:
        return []
    labels = sorted(model._meta.label for model in apps.get_models() if _is_shared_by_mistake(model))
    count = _count_of_sharing() if labels else 0
    if not count:
        return []
    return [
        checks.Warning(
            f"Tenants of the types TABLE and CACHE share tables (there are {count}), and these models have no foreign "
            f"key to the tenant, so that all of them see the same rows: {', '.join(labels)}.",
            hint=f"Add models.ForeignKey({omnitenant_settings.TENANT_MODEL!r}, ...) and objects = "
            "TenantQuerySetManager(), or say in MODEL_SCOPES that they are 'shared' or 'master'.",
            id="omnitenant_models.W015",
        )
    ]


def _is_shared_by_mistake(model: type[Model]) -> bool:
    options = model._meta
    if find_tenant_keys(model) or options.proxy or not options.managed:
        return False  # a key that nothing guards is reported by itself
    try:
        scope = get_model_scope(model)
    except ValueError:
        return False  # reported by itself
    return scope is TenantScope.TENANT and not _is_installed(apps.get_app_config(options.app_label))


def _is_installed(config: AppConfig) -> bool:
    path = Path(config.path).resolve()
    return config.name.startswith("django.contrib.") or any(path.is_relative_to(each) for each in _INSTALLED)


def _count_of_sharing() -> int:
    try:
        rows = get_tenant_model()._base_manager.filter(isolation_type__in=_SHARING)
        with transaction.atomic(using=rows.db):
            return rows.count()
    except (ImproperlyConfigured, DatabaseError):  # no tenant model, or no table of it yet
        return 0
