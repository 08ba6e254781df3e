"""The scoped base manager: what Django itself uses for ``save()``, related objects and cascades.

Private Django API, read in 5.2, 6.0 and 6.1: ``Options.base_manager`` is a cached property, and the class of
``_meta`` may be swapped for a subclass. A value put into ``_meta.__dict__`` would be lost at the next
``apps.clear_cache()``, and ``Meta.base_manager_name`` would use a manager that filters for other reasons too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models.options import Options
from django.utils.functional import cached_property

from omnitenant_models.rows.manager import TenantQuerySetManager
from omnitenant_models.rows.predicate import TenantMatch

if TYPE_CHECKING:
    from django.db.models import Manager, Model, QuerySet

    from omnitenant_models.rows.keys import TenantKey

    Base = Options[Any]
else:
    Base = Options

__all__ = ["ScopedOptions", "scope_model"]

_UNNAMED = "_base_manager"
"""How Django names the base manager that nobody named."""


class ScopedBaseManager(TenantQuerySetManager["Model"]):
    """The base manager of a model whose rows belong to tenants."""

    def using(self, alias: str | None) -> QuerySet[Any]:
        """Return a queryset for a database; every ``save()`` asks for one.

        What this manager returns is fresh, so it needs no copy, which is what Django's own makes.
        """
        queryset: Any = self.get_queryset()
        queryset._db = alias
        return queryset  # type: ignore[no-any-return]  # the stubs hide _db


class ScopedOptions(Base):
    """Options of a model whose rows belong to tenants.

    Attributes:
        tenant_key: the taught key, of the model itself or of the parent whose table holds it.
        tenant_leaf: the filter on that table, shared by all querysets.
        holds_tenant_key: whether the model's own table holds the key.
    """

    tenant_key: TenantKey
    tenant_leaf: TenantMatch
    holds_tenant_key: bool

    @cached_property
    def base_manager(self) -> Manager[Any]:
        """The manager behind ``save()``, ``refresh_from_db()``, foreign keys and cascades.

        It filters by tenant and by nothing else. One that the project named in ``Meta.base_manager_name`` is
        used as it is; a system check tells when it does not filter.
        """
        found: Manager[Any] = super().base_manager
        if found.name != _UNNAMED:
            return found
        scoped: ScopedBaseManager = ScopedBaseManager()
        scoped.name = _UNNAMED
        scoped.model = self.model
        scoped.auto_created = True
        return scoped


def scope_model(model: type[Model], key: TenantKey) -> None:
    """Give a model the row filter of a key and the scoped base manager; a second call changes nothing."""
    options: Any = model._meta
    if not isinstance(options, ScopedOptions):
        options.__class__ = ScopedOptions  # a swap to a subclass, see the module
        options.tenant_key = key
        options.tenant_leaf = TenantMatch(key.model._meta.db_table, key)
        options.holds_tenant_key = key.model is options.concrete_model
        options.__dict__.pop("base_manager", None)
