"""While a tenant is active, no other tenant is deleted, nor a domain of one.

Both are rows of the master, which the row scope does not part. But deleting a tenant takes all of its rows along,
so that one line of a tenant's code would do more harm than all that the row scope keeps away.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.db import router
from django.db.models import QuerySet
from django.db.models.signals import pre_delete

from omnitenant_context.context import get_scope
from omnitenant_context.errors import TenantMismatchError
from omnitenant_context.scope import ActiveTenant
from omnitenant_models.utils import get_domain_model, get_tenant_model

if TYPE_CHECKING:
    from django.db.models import Model

__all__ = ["connect", "refuse_another_tenants"]

_UID = "omnitenant_models.deletion"


def connect() -> None:
    """Guard the deletion of tenants and domains, through querysets and cascades too. Again changes nothing.

    Only of these: a receiver for all models would cost each of them Django's fast way to delete.
    """
    for model in _models():
        pre_delete.connect(_before_delete, sender=model, dispatch_uid=_UID)


def _models() -> Iterator[type[Model]]:
    # A proxy or child sends its signals under its own name.
    for get_model in (get_tenant_model, get_domain_model):
        try:
            wanted = get_model()._meta.concrete_model
        except ImproperlyConfigured:  # a system check says so
            continue
        yield from (model for model in apps.get_models() if wanted is not None and issubclass(model, wanted))


def refuse_another_tenants(row: Model, using: str | None = None) -> None:
    """Refuse to delete a tenant that is not the active one, or a domain of another; one statement at most.

    With no tenant active, and where the scope is lifted, everything is let through. A row that is gone already is
    nobody's.

    Args:
        row: a tenant or a domain; nothing that it holds but its primary key is believed.
        using: the database; the router's, when left out.

    Raises:
        TenantMismatchError: names both tenants.
    """
    scope = get_scope()
    if not isinstance(scope, ActiveTenant) or row.pk is None:
        return
    model = type(row)
    path = "" if issubclass(model, _concrete_tenant_model()) else "tenant__"
    mine = getattr(scope.tenant, "pk", None)
    if not path and _is_same(row, mine):
        return
    rows: QuerySet[Any] = QuerySet(model, using=using or router.db_for_write(model, instance=row))
    for owner, wanted in rows.filter(pk=row.pk).values_list(f"{path}pk", f"{path}tenant_id"):
        if owner == mine:
            continue
        whose = "is another tenant"
        if path:
            whose = f"belongs to tenant {wanted!r}" if wanted else "belongs to no tenant"
        raise TenantMismatchError(
            f"{model._meta.label} {row.pk if path else wanted!r} would be deleted, but it {whose}, and the active "
            f"tenant is {scope.label!r}; delete it in TenantContext.use_master_db(), or in TenantContext.unscoped()",
            active=scope.label,
            wanted=wanted,
        )


def _concrete_tenant_model() -> Any:
    return get_tenant_model()._meta.concrete_model


def _is_same(row: Model, pk: Any) -> bool:
    try:
        return bool(row._meta.pk.to_python(row.pk) == pk)
    except ValidationError:  # no key at all
        return False


def _before_delete(instance: Model, using: str, **_: Any) -> None:
    refuse_another_tenants(instance, using)
