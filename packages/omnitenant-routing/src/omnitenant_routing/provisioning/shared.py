"""TABLE and CACHE: rows in shared tables, so there is no place to make."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.db import transaction
from django.db.models import Model, ProtectedError, RestrictedError

from omnitenant_context.context import TenantContext
from omnitenant_context.errors import ProvisioningError
from omnitenant_models.rows import get_tenant_key
from omnitenant_routing.places import MASTER_ALIAS
from omnitenant_routing.provisioning.backend import TenantBackend

__all__ = ["SharedBackend"]


class SharedBackend(TenantBackend):
    """The tenant's rows stand in tables that were migrated with the master."""

    def run_migrations(self, target: list[str], **options: Any) -> None:
        """Do nothing: the command ``migrate`` brings the shared tables up to date for all tenants."""

    def remove_place(self, *, force: bool = False) -> None:
        """Remove the tenant's rows from the shared tables, all or none of them.

        Rows may protect each other (``on_delete=PROTECT``): those that nothing protects go first, as often as
        that frees others.

        Raises:
            ProvisioningError: rows that are left protect each other in a circle; names their models.
        """
        alias = self.place.alias
        keyed = [model for model in apps.get_models() if get_tenant_key(model) and not model._meta.proxy]
        with TenantContext.unscoped(), transaction.atomic(using=alias):
            while keyed:
                blocked = [model for model in keyed if not self._remove_rows(model, alias)]
                if len(blocked) == len(keyed):
                    names = ", ".join(model._meta.label for model in blocked)
                    message = (
                        f"rows of tenant {self.tenant.tenant_id!r} in {names} protect each other; delete them "
                        "first, and run the deletion again"
                    )
                    raise ProvisioningError(message, tenant_id=self.tenant.tenant_id)
                keyed = blocked
            if alias != MASTER_ALIAS:
                # Shared tables in a database of their own hold the tenant's mirrored row too.
                type(self.tenant)._base_manager.using(alias).filter(pk=self.tenant.pk).delete()

    def _remove_rows(self, model: type[Model], alias: str) -> bool:
        key: Any = get_tenant_key(model)
        mine = {key.attname: getattr(self.tenant, key.target_field.attname)}
        try:
            model._base_manager.using(alias).filter(**mine).delete()
        except (ProtectedError, RestrictedError):
            return False
        return True
