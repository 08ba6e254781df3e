"""Content types that stand once in a database of schemas follow their models when those are renamed.

Django renames them by an operation that it adds to the migration of the model's app. In a database whose public
schema holds nothing of that app the router refuses the operation, and in the tenants' schemas there are no content
types: a new one would be made there, and the old one would keep all permissions and generic keys.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.apps import AppConfig
from django.db import connections
from django.db.migrations.operations import RenameModel

from omnitenant_models.scopes import TenantScope, get_app_scope
from omnitenant_models.settings import omnitenant_settings

if TYPE_CHECKING:
    from django.db.migrations import Migration

__all__ = ["rename_content_types"]


def rename_content_types(
    sender: AppConfig, *, using: str, plan: Iterable[tuple[Migration, bool]] = (), **_: Any
) -> None:
    """Rename content types in the public schema of a database of schemas (a ``pre_migrate`` receiver).

    Args:
        sender: the app whose turn it is; only that of content types counts.
        using: the database.
        plan: the migrations that are about to run there, and whether backwards.
    """
    if sender.label != "contenttypes" or using not in omnitenant_settings.TENANT_DB_ALIASES:
        return
    from django.contrib.contenttypes.models import ContentType

    # With nobody active in it, for a tenant's own migrations find no table of content types.
    if ContentType._meta.db_table not in connections[using].introspection.table_names():
        return
    for migration, backwards in plan:
        if get_app_scope(migration.app_label) is not TenantScope.TENANT:
            continue
        for operation in migration.operations:
            if isinstance(operation, RenameModel):
                names = (operation.old_name_lower, operation.new_name_lower)
                old, new = reversed(names) if backwards else names
                rows = ContentType.objects.using(using).filter(app_label=migration.app_label)
                if not rows.filter(model=new).exists():
                    rows.filter(model=old).update(model=new)
    ContentType.objects.clear_cache()
