"""Follows the relations of one tenant's rows while another tenant is active."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from django.db import router
from django.db.models import Count, Model, QuerySet

from omnitenant_context.context import TenantContext
from omnitenant_models.testing._owners import key_path

if TYPE_CHECKING:
    from omnitenant_models.testing._probes import Rows

__all__ = ["relation_probes"]


def relation_probes(own: Rows, theirs: Rows) -> Iterator[tuple[str, Callable[[], str | None]]]:
    """Give tries through the relations of a model: from its rows to others of the tenant, from common rows to it."""
    model = theirs.model
    for field in model._meta.get_fields():
        related: Any = field.related_model
        if not field.is_relation or not isinstance(related, type):
            continue
        # A key that stands in a parent's table leads from common rows to rows of the parent, which is tried itself.
        if field.many_to_one and field.concrete and key_path(related) is None and field.model is model:
            yield from _from_common_rows(field, own, theirs)
        elif (field.one_to_many or field.many_to_many) and key_path(related):
            accessor = getattr(field, "get_accessor_name", None)  # of the other side of a relation
            name = accessor() if accessor else field.name
            if name and hasattr(model, name):
                yield f"{name} of a {model._meta.label}", partial(_follow, name, theirs)


def _follow(name: str, theirs: Rows) -> str | None:
    """Follow a relation of each row to rows that are the tenant's own."""
    with TenantContext.unscoped():
        rows = list(theirs.all())
    reached = sum(len(_strange(getattr(row, name).all(), theirs)) for row in rows)
    return f"gives {reached} related rows" if reached else None


def _strange(found: QuerySet[Any], theirs: Rows) -> list[Any]:
    keys = list(found.values_list("pk", flat=True))
    path = key_path(found.model)
    with TenantContext.unscoped():
        rows = QuerySet[Any](found.model, using=found.db).filter(pk__in=keys)
        return list(rows.filter(**{str(path): theirs.tenant}).values_list("pk", flat=True))


def _from_common_rows(field: Any, own: Rows, theirs: Rows) -> Iterator[tuple[str, Callable[[], str | None]]]:
    common: type[Model] = field.related_model
    accessor = field.remote_field.get_accessor_name()
    if not accessor or field.remote_field.hidden:
        return
    label = common._meta.label
    yield f"{accessor} of a {label}", partial(_list_from, field, accessor, own, theirs)
    with TenantContext.use_tenant(own.tenant):
        together = router.db_for_read(common) == own.alias
    if together:
        yield f"Count({field.related_query_name()!r}) of a {label}", partial(_count_from, field, own, theirs)


def _list_from(field: Any, accessor: str, own: Rows, theirs: Rows) -> str | None:
    row = _common_row(field, theirs)
    if row is None:
        return None
    extra = set(getattr(row, accessor).values_list("pk", flat=True)) - own.keys
    return f"lists {len(extra)} rows" if extra else None


def _count_from(field: Any, own: Rows, theirs: Rows) -> str | None:
    row = _common_row(field, theirs)
    if row is None:
        return None
    counted = QuerySet[Any](type(row), using=own.alias).filter(pk=row.pk)
    number = counted.annotate(omnitenant_count=Count(field.related_query_name())).values_list(
        "omnitenant_count", flat=True
    )
    with TenantContext.unscoped():
        mine = own.all().filter(**{field.attname: getattr(row, field.target_field.attname)}).count()
    extra = number.get() - mine
    return f"counts {extra} rows" if extra > 0 else None


def _common_row(field: Any, theirs: Rows) -> Any:
    """Return what one of the rows refers to."""
    with TenantContext.unscoped():
        row = theirs.all().filter(**{f"{field.name}__isnull": False}).order_by("pk").first()
        return row and getattr(row, field.name)
