"""Makes a tenant with its domains and its place: all of it, or nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError
from django.db import IntegrityError, transaction

from omnitenant_context.context import TenantContext
from omnitenant_models.tenants import TenantState
from omnitenant_models.utils import get_domain_model, get_tenant_model
from omnitenant_routing.databases.aliases import forget_tenant
from omnitenant_routing.management._output import one_line
from omnitenant_routing.management._prompts import joined
from omnitenant_routing.places import MASTER_ALIAS
from omnitenant_routing.provisioning import get_tenant_backend
from omnitenant_routing.provisioning.states import move

if TYPE_CHECKING:
    from django.db.models import Model

    from omnitenant_models.tenants import BaseTenant

__all__ = ["Order", "create"]


@dataclass(frozen=True)
class Order:
    """What is to be made.

    Attributes:
        fields: attribute name to value, for the tenant model.
        domains: host names, normalised.
        provision: also make the place.
        migrate: also migrate it.
    """

    fields: dict[str, Any]
    domains: list[str] = field(default_factory=list)
    provision: bool = True
    migrate: bool = True


def create(order: Order) -> BaseTenant:
    """Make a tenant. Whatever fails or interrupts it, nothing of it stays.

    Raises:
        CommandError: the project's models refuse the values.
        OmnitenantError: the place cannot be made.
    """
    tenant = _save(order)
    if not order.provision:
        return tenant
    # Shared tables are migrated with the master; such a tenant only has to become active.
    run_migrations = order.migrate or not tenant.isolation.needs_place
    backend = get_tenant_backend(tenant)
    backend.again = "run createtenant again"
    try:
        backend.create(run_migrations=run_migrations)
    except BaseException as error:
        _undo(tenant, error)
        raise
    return tenant


def _save(order: Order) -> BaseTenant:
    tenant = get_tenant_model()(**order.fields)
    domains: type[Any] = get_domain_model()
    try:
        _clean(tenant)
        with transaction.atomic(using=MASTER_ALIAS):
            tenant.save()
            for name in order.domains:
                domain = domains(domain=name, tenant=tenant)
                _clean(domain)
                domain.save()
    except ValidationError as error:
        raise CommandError(_refusal(error)) from error
    except IntegrityError as error:
        message = f"the database refused the tenant: {one_line(error)}; was its id or domain just taken?"
        raise CommandError(message) from error
    return tenant


def _clean(instance: Model) -> None:
    # What the project's own foreign keys lead to stands beside the row: in the master.
    with TenantContext.use_master_db():
        instance.full_clean()


def _undo(tenant: BaseTenant, cause: BaseException) -> None:
    try:
        tenant.refresh_from_db(using=MASTER_ALIAS, fields=["state"])
        # PROVISIONING would mean that its place could not be removed: then its row must stay.
        move(tenant, TenantState.DELETING, came_from={TenantState.PENDING, TenantState.FAILED})
        with TenantContext.unscoped():
            tenant_id = tenant.tenant_id
            tenant.delete()
        forget_tenant(tenant_id)
    except Exception as error:  # noqa: BLE001 - whatever it is, both errors must be told
        message = (
            f"{one_line(cause)}; and what was made could not be removed ({one_line(error)}): run "
            f"deletetenant --tenant-id={tenant.tenant_id}"
        )
        raise CommandError(message) from cause


def _refusal(error: ValidationError) -> str:
    parts = []
    for name, texts in error.message_dict.items():
        where = "" if name == "__all__" else f"{name}: "
        parts += [where + texts[0], *texts[1:]]
    return one_line(ValueError(joined(parts)))
