"""What a tenant has in all storages of a project: counted, copied out and deleted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.conf import STATICFILES_STORAGE_ALIAS
from django.core.files.storage import storages
from django.db.models import FileField
from django.utils._os import safe_join
from django.utils.module_loading import import_string

from omnitenant_context.context import TenantContext
from omnitenant_routing.files.listing import Usage
from omnitenant_routing.files.mixin import TenantStorageMixin

if TYPE_CHECKING:
    from omnitenant_models.tenants import BaseTenant

__all__ = ["delete_files", "export_files", "tenant_storages", "usage_of"]

_CHUNK = 1 << 20


def tenant_storages() -> dict[str, TenantStorageMixin]:
    """Find the storages of tenants: in ``STORAGES``, and those that fields of models have of their own.

    Returns:
        Each once, under its key in ``STORAGES`` or the name of the field.
    """
    found: dict[str, TenantStorageMixin] = {}
    known = set()
    for name, storage in _candidates():
        if isinstance(storage, TenantStorageMixin) and storage.place_of_all() not in known:
            known.add(storage.place_of_all())
            found[name] = storage
    return found


def _candidates() -> Iterator[tuple[str, object]]:
    backends: Any = storages.backends  # the stubs know the values by another type
    for alias, entry in backends.items():
        # What serves static files may not be installed where tenants are deleted, and is nobody's.
        if alias != STATICFILES_STORAGE_ALIAS and issubclass(import_string(entry["BACKEND"]), TenantStorageMixin):
            yield alias, storages[alias]
    for model in apps.get_models():
        for field in model._meta.get_fields():
            if isinstance(field, FileField):
                yield f"{model._meta.label}.{field.name}", field.storage


def usage_of(tenant: BaseTenant) -> dict[str, Usage]:
    """Count what a tenant has in each storage, whatever the tenant's state.

    Args:
        tenant: a saved tenant.
    """
    with TenantContext.use_tenant(tenant, allow_inactive=True):
        return {name: storage.usage() for name, storage in tenant_storages().items()}


def delete_files(tenant: BaseTenant) -> int:
    """Delete all files that a tenant has, in every storage. There is no way back; it can be repeated.

    Args:
        tenant: a saved tenant, whatever its state.

    Returns:
        How many there were.
    """
    with TenantContext.use_tenant(tenant, allow_inactive=True):
        return sum(storage.delete_all() for storage in tenant_storages().values())


def export_files(tenant: BaseTenant, folder: Path) -> Usage:
    """Copy all files that a tenant has into a folder, each storage into one of its name.

    Args:
        tenant: a saved tenant, whatever its state.
        folder: is made where it is not there.

    Returns:
        How much was copied.

    Raises:
        FileExistsError: a file is there already; none is ever written over.
        SuspiciousFileOperation: an object in a bucket has a name that leads out of the folder.
    """
    files = size = 0
    with TenantContext.use_tenant(tenant, allow_inactive=True):
        for name, storage in tenant_storages().items():
            for file in storage.iter_files():
                target = Path(safe_join(folder / name, file.name))
                target.parent.mkdir(parents=True, exist_ok=True)
                with storage.open(file.name) as source, target.open("xb") as copy:
                    for chunk in source.chunks(_CHUNK):
                        copy.write(chunk)
                files, size = files + 1, size + target.stat().st_size
    return Usage(files, size)
