"""Tries to reach one tenant's rows of a model while another tenant is active."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from django.core.exceptions import FieldError, ObjectDoesNotExist, ValidationError
from django.db import DatabaseError, router, transaction
from django.db.models import F, Manager, Model, QuerySet

from omnitenant_context.context import TenantContext
from omnitenant_context.errors import OmnitenantError
from omnitenant_models.rows.keys import find_tenant_keys
from omnitenant_models.testing._owners import key_path
from omnitenant_models.testing._relations import relation_probes

if TYPE_CHECKING:
    from omnitenant_models.tenants import BaseTenant

__all__ = ["Rows", "probe", "rows_of"]

_REFUSALS = (OmnitenantError, ObjectDoesNotExist, DatabaseError, ValidationError, ValueError)
"""What a try may raise instead of reaching a row; ``ValueError`` is Django's for a relation that is not allowed."""

Try = Callable[[], str | None]
"""Tries something, and returns what it reached, in words; None where it reached nothing."""


@dataclass(frozen=True)
class Rows:
    """The rows of a model that belong to a tenant, found without any manager.

    Attributes:
        model: the model.
        tenant: whose they are.
        alias: the database that they are in.
        keys: their primary keys.
    """

    model: type[Model]
    tenant: BaseTenant
    alias: str
    keys: frozenset[Any]

    def all(self) -> QuerySet[Any]:
        """Return them; for use in an unscoped block."""
        rows = QuerySet[Any](self.model, using=self.alias)
        path = key_path(self.model)
        return rows.filter(**{path: self.tenant}) if path else rows

    def one(self) -> Any:
        """Return one of them."""
        with TenantContext.unscoped():
            return self.all().order_by("pk").first()

    def are_whole(self) -> bool:
        """Tell whether all of them are still there, and still the tenant's."""
        with TenantContext.unscoped():
            return self.keys <= set(self.all().values_list("pk", flat=True))


def rows_of(model: type[Model], tenant: BaseTenant) -> Rows:
    """Find the rows of a tenant."""
    with TenantContext.use_tenant(tenant):
        alias = router.db_for_read(model)
    with TenantContext.unscoped():
        return Rows(
            model, tenant, alias, frozenset(Rows(model, tenant, alias, frozenset()).all().values_list("pk", flat=True))
        )


def probe(model: type[Model], mine: BaseTenant, other: BaseTenant, ignored: frozenset[str]) -> list[str]:
    """Return what of the other tenant's rows is reached while the first is active.

    Raises:
        AssertionError: one of them has no rows, or nothing could keep them apart.
    """
    own, theirs = rows_of(model, mine), rows_of(model, other)
    label = model._meta.label
    if key_path(model) is None and own.alias == theirs.alias:
        lacks, remedy = "tenant key", "a foreign key to the tenant"
        if find_tenant_keys(model):
            lacks, remedy = "TenantQuerySetManager", "objects = TenantQuerySetManager()"
        message = (
            f"{label} has no {lacks}, and {mine.tenant_id!r} and {other.tenant_id!r} share the database "
            f"{own.alias!r}: nothing keeps their rows apart; give it {remedy}"
        )
        raise AssertionError(message)
    for rows in (own, theirs):
        if not rows.keys:
            message = f"tenant {rows.tenant.tenant_id!r} has no row of {label}; make one first, or nothing is shown"
            raise AssertionError(message)
    found: list[str] = []
    for name, attempt in _tries(own, theirs, ignored):
        with TenantContext.use_tenant(mine):
            reached = _tried(attempt, own, theirs)
        if reached:
            found.append(f"while {mine.tenant_id!r} is active, {name} {reached} of {other.tenant_id!r}")
    return found


def _tried(attempt: Try, own: Rows, theirs: Rows) -> str | None:
    """Try, look at the damage, and undo it."""
    reached: str | None = None
    try:
        with transaction.atomic(using=own.alias), transaction.atomic(using=theirs.alias):
            try:
                reached = attempt()
            except (*_REFUSALS, FieldError):
                reached = None
            else:
                if not theirs.are_whole():
                    reached = reached or "changes or deletes rows"
            transaction.set_rollback(True, using=own.alias)
            transaction.set_rollback(True, using=theirs.alias)
    except _REFUSALS:
        return None
    return reached


def _tries(own: Rows, theirs: Rows, ignored: frozenset[str]) -> Iterator[tuple[str, Try]]:
    model = own.model
    managers = {each.name: each for each in model._meta.managers if each.name not in ignored}
    managers["_base_manager"] = model._base_manager
    for name, manager in managers.items():
        yield from _through_manager(f"{model._meta.label}.{name}", manager, own, theirs)
    yield from _through_instance(theirs)
    yield from relation_probes(own, theirs)


def _through_manager(name: str, manager: Manager[Any], own: Rows, theirs: Rows) -> Iterator[tuple[str, Try]]:
    # In databases of their own two tenants may have rows with the same key.
    strange = sorted(theirs.keys - own.keys, key=repr)

    def lists() -> str | None:
        extra = set(manager.values_list("pk", flat=True)) - own.keys
        return f"lists {len(extra)} rows" if extra else None

    def counts() -> str | None:
        extra = manager.count() - len(own.keys)
        return f"counts {extra} rows" if extra > 0 else None

    yield f"{name}.all()", lists
    yield f"{name}.count()", counts
    if not strange:
        return

    def gets() -> str | None:
        return f"gives the row {manager.get(pk=strange[0]).pk!r}"

    def gets_many() -> str | None:
        found = manager.in_bulk(strange) if not own.model._meta.is_composite_pk else {}
        return f"gives {len(found)} rows" if found else None

    def asks() -> str | None:
        return "shows that there are rows" if manager.filter(pk__in=strange).exists() else None

    def deletes() -> str | None:
        gone, _ = manager.filter(pk__in=strange).delete()
        return f"deletes {gone} rows" if gone else None

    def updates(field: str) -> str | None:
        changed = manager.filter(pk__in=strange).update(**{field: F(field)})
        return f"changes {changed} rows" if changed else None

    yield f"{name}.get(pk=...)", gets
    yield f"{name}.in_bulk(...)", gets_many
    yield f"{name}.filter(pk__in=...).exists()", asks
    yield f"{name}.filter(pk__in=...).delete()", deletes
    field = _plain_field(own.model)
    if field:
        yield f"{name}.filter(pk__in=...).update({field}=...)", partial(updates, field)


def _through_instance(theirs: Rows) -> Iterator[tuple[str, Try]]:
    label = theirs.model._meta.label

    def refreshes() -> str | None:
        row = theirs.one()
        row.refresh_from_db()
        return f"reads the row {row.pk!r}"

    def saves() -> str | None:
        row = theirs.one()
        row.save()
        return f"saves the row {row.pk!r}"

    def steals() -> str | None:
        row = theirs.one()
        path = key_path(theirs.model)
        values = {
            field.attname: getattr(row, field.attname)
            for field in theirs.model._meta.concrete_fields
            if field.name != path and not field.generated
        }
        theirs.model(**values).save()
        return None  # whose the row is now is asked of the database

    def deletes() -> str | None:
        row = theirs.one()
        gone, _ = row.delete()
        return f"deletes {gone} rows" if gone else None

    yield f"refresh_from_db() of a {label}", refreshes
    yield f"save() of a {label}", saves
    yield f"save() of a new {label} with the primary key of a row", steals
    yield f"delete() of a {label}", deletes


def _plain_field(model: type[Model]) -> str | None:
    """Return a field that can be set to itself: no key, and nothing that leads elsewhere."""
    for field in model._meta.concrete_fields:
        if not (field.primary_key or field.is_relation or field.generated or field.unique):
            return field.name
    return None
