"""The reference guard: a foreign key leads to rows of the active tenant, whoever's model it stands on.

Every write ends in ``ForeignKey.get_db_prep_save`` (create, ``save()``, ``update()``, bulk, many-to-many,
fixtures). There the row that is referred to is asked for in the database, through the row filter, never in the
instance: an id can be guessed and an instance relabelled. An answer is remembered for the scope.

What is written unscoped is not checked: rows of all tenants are in reach there, and a check would cost a
statement for each row. A ``TenantReference`` among the model's constraints has the database check it.

Private Django API, read in 5.2, 6.0 and 6.1: expressions are resolved before ``get_db_prep_save`` gets them,
and on inserting ``pre_save`` is called right before it, but not where rows are written raw.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import connections, router

from omnitenant_context.context import get_scope
from omnitenant_context.scope import ActiveTenant, Unscoped
from omnitenant_models.rows._active import tenant_required
from omnitenant_models.rows._found import Found, found_in
from omnitenant_models.rows._strangers import connection_to, exists, mismatch, split_strangers
from omnitenant_models.rows._values import is_null, plain_values
from omnitenant_models.rows.keys import get_tenant_key

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.models import ForeignKey, Model

    Base = ForeignKey[Any, Any]
else:
    Base = object

__all__ = [
    "GuardedParentLink",
    "GuardedReference",
    "check_references",
    "check_values",
    "creating_references",
    "deferred_references",
    "forget_references",
    "guarded_references",
    "prefetch_references",
]

_DEFERRED = "deferred references"
_SAVED_PARENTS = "saved parents"
_CREATED = "rows being created"
_FOUND = "found rows of references"

_PLAIN = frozenset({int, str, UUID})
"""The classes of nearly all keys."""


class GuardedReference(Base):
    """What is mixed in front of the class of a foreign key that may lead to a tenant's rows."""

    def get_db_prep_save(self, value: Any, connection: BaseDatabaseWrapper) -> Any:
        """Let only references to rows of the active tenant through.

        Raises:
            TenantRequiredError: no tenant is active.
            TenantMismatchError: the row is another tenant's, or does not exist, or the value is an expression
                of which nobody can tell.
        """
        if value is not None:
            found = _found_before(self, value, connection.alias)
            if found is None or not found.has(value, connection):
                check_values(self, (value,), connection)
        return super().get_db_prep_save(value, connection)


class GuardedParentLink(GuardedReference):
    """The same for the link of a child to the parent in multi-table inheritance.

    ``save()`` has written the parent a moment ago, which was guarded: asking for it again would be a statement
    for each child. What is written raw, or by ``update()``, is asked for.
    """

    def pre_save(self, model_instance: Model, add: bool) -> Any:  # noqa: FBT001 - Django's signature
        """Note the parent that was saved."""
        value = super().pre_save(model_instance, add)
        scope = get_scope()
        if isinstance(scope, ActiveTenant):
            scope.memo.setdefault(_SAVED_PARENTS, {})[self] = value
        return value

    def get_db_prep_save(self, value: Any, connection: BaseDatabaseWrapper) -> Any:
        """Let the parent through that was saved just now, and else what the guard does."""
        scope = get_scope()
        saved = scope.memo.get(_SAVED_PARENTS, {}) if isinstance(scope, ActiveTenant) else {}
        if value is None or saved.pop(self, None) != value:
            return super().get_db_prep_save(value, connection)
        # Django asks the parent's primary key next, which is a link itself where that is a child too.
        saved[self.target_field] = value
        try:
            return super(GuardedReference, self).get_db_prep_save(value, connection)
        finally:
            saved.pop(self.target_field, None)


def check_values(field: ForeignKey[Any, Any], values: Iterable[Any], connection: BaseDatabaseWrapper) -> None:
    """Refuse values of a foreign key that lead to rows which are not the active tenant's.

    At most one statement, whatever the number of values; none for those that were asked for before.

    Args:
        field: a foreign key that leads to a model with a tenant key; any other passes.
        values: what would be written: keys, expressions or None.
        connection: where it would be written.

    Raises:
        TenantRequiredError: no tenant is active.
        TenantMismatchError: a row is another tenant's, or does not exist.
    """
    target = field.remote_field.model
    if get_tenant_key(target) is None:
        return
    values = [value for value in values if not is_null(field, value, connection)]
    scope = get_scope()
    if not values or isinstance(scope, Unscoped):
        return
    if not isinstance(scope, ActiveTenant):
        raise tenant_required(scope, target)
    where = connection_to(field, connection)
    found = found_in(scope, target, field.target_field, where.alias)
    if where is connection:
        scope.memo.setdefault(_FOUND, {})[field.model, field.attname, where.alias] = found
    unknown = {
        value: None for each in values for value in plain_values(scope, field, each) if not found.has(value, where)
    }
    if unknown:
        _ask(scope, field, unknown, where, found)


def _found_before(field: ForeignKey[Any, Any], value: Any, alias: str | None) -> Found | None:
    """Return what was found before where such a value may be: nearly every write ends here."""
    scope = get_scope()
    if value.__class__ not in _PLAIN or not isinstance(scope, ActiveTenant):
        return None
    known: dict[Any, Found] | None = scope.memo.get(_FOUND)
    return known.get((field.model, field.attname, alias)) if known else None


def _ask(
    scope: ActiveTenant,
    field: ForeignKey[Any, Any],
    values: Iterable[Any],
    connection: BaseDatabaseWrapper,
    found: Found,
) -> None:
    created = scope.memo.get(_CREATED, {}).get((field.remote_field.model, field.target_field), ())
    values = [value for value in values if value not in created]
    deferred: dict[Any, dict[Any, None]] | None = scope.memo.get(_DEFERRED)
    if deferred is not None and not isinstance(field, GuardedParentLink):
        deferred.setdefault((field, connection.alias), {}).update(dict.fromkeys(values))
        return
    mine, strangers = split_strangers(field, values, connection) if values else (set(), [])
    for value in strangers:
        # A child shares its parent's key: where that is a stranger's, the database would refuse it without a word.
        if deferred is None or exists(field, value, connection):
            raise mismatch(scope, field, value, connection)
        deferred.setdefault((field, connection.alias), {})[value] = None
    found.add(mine, connection)
    # A primary key that is a reference itself, to which Django passes the value on, leads to rows of the tenant too.
    key = field.target_field
    while isinstance(key, GuardedReference):
        found_in(scope, key.remote_field.model, key.target_field, connection.alias).add(mine, connection)
        key = key.target_field


@cache
def guarded_references(model: type[Model]) -> tuple[GuardedReference, ...]:
    """Return the foreign keys of a model, its parents' included, that lead to models with a tenant key."""
    return tuple(
        field
        for field in model._meta.concrete_fields
        if isinstance(field, GuardedReference) and get_tenant_key(field.remote_field.model) is not None
    )


@cache
def _looked_at(model: type[Model]) -> tuple[tuple[str, GuardedReference, bool], ...]:
    references = guarded_references(model)
    return tuple((field.attname, field, isinstance(field, GuardedParentLink)) for field in references)


def forget_references() -> None:
    """Forget which references models have, because another model was taught."""
    guarded_references.cache_clear()
    _looked_at.cache_clear()


def check_references(
    instance: Model, *, using: str | None = None, update_fields: Iterable[str] | None = None, raw: bool = False
) -> None:
    """Refuse an instance that refers to strangers' rows, before Django begins the transaction of ``save()``.

    Comfort only: the fields refuse by themselves, but inside that transaction, which then is lost.

    Args:
        instance: what is going to be saved.
        using: the database; the router's, when left out.
        update_fields: the fields that are going to be saved; all, when left out.
        raw: whether it is saved without its parents, as fixtures are.

    Raises:
        TenantRequiredError: it refers to rows of tenants, and no tenant is active.
        TenantMismatchError: it refers to a row of another tenant, or to none.
    """
    row = instance.__dict__
    for name, field, is_parent_link in _looked_at(type(instance)):
        value = row.get(name)
        if value is None or (is_parent_link and not raw):
            continue
        if update_fields is not None and name not in update_fields and field.name not in update_fields:
            continue
        found = _found_before(field, value, using)
        if found is None or not found.has(value):
            alias = using or router.db_for_write(type(instance), instance=instance)
            check_values(field, (value,), connections[alias])
            _remember_as(alias, field, connections[alias].alias)


def _remember_as(alias: str, field: GuardedReference, own_alias: str) -> None:
    """Let what was found be found by another name of the database too, such as ``default``."""
    scope = get_scope()
    known: dict[Any, Found] = scope.memo.get(_FOUND, {}) if isinstance(scope, ActiveTenant) else {}
    found = known.get((field.model, field.attname, own_alias))
    if found is not None:
        known[field.model, field.attname, alias] = found


def prefetch_references(model: type[Model], instances: Iterable[Model], *, using: str | None = None) -> None:
    """Refuse instances that refer to strangers' rows, with one statement for each model that they refer to.

    For code that is about to write many of them; what was found then costs nothing when it is written.

    Args:
        model: the model of the instances.
        instances: what is going to be written.
        using: the database; the router's, when left out.

    Raises:
        TenantRequiredError: they refer to rows of tenants, and no tenant is active.
        TenantMismatchError: one refers to a row of another tenant, or to none.
    """
    fields = guarded_references(model)
    if not fields or isinstance(get_scope(), Unscoped):
        return
    instances = list(instances)
    connection = connections[using or router.db_for_write(model)]
    for field in fields:
        check_values(field, [each.__dict__.get(field.attname) for each in instances], connection)


@contextmanager
def creating_references(
    model: type[Model], instances: Iterable[Model], *, using: str | None = None, all_new: bool = True
) -> Iterator[None]:
    """Do as :func:`prefetch_references` for rows that are created together and may refer to each other.

    Args:
        model: the model of the instances.
        instances: what is created in the block.
        using: the database; the router's, when left out.
        all_new: whether a row that exists already is an error. Where it is passed over instead, or updated,
            rows are referred to that exist before.
    """
    instances = list(instances)
    scope = get_scope()
    among = [field for field in guarded_references(model) if issubclass(model, field.remote_field.model)]
    if not (all_new and among and isinstance(scope, ActiveTenant)):
        prefetch_references(model, instances, using=using)
        yield
        return
    before = scope.memo.get(_CREATED, {})
    scope.memo[_CREATED] = {
        **before,
        **{
            (field.remote_field.model, field.target_field): {
                field.target_field.to_python(each.__dict__.get(field.target_field.attname)) for each in instances
            }
            for field in among
        },
    }
    try:
        prefetch_references(model, instances, using=using)
        yield
    finally:
        scope.memo[_CREATED] = before


@contextmanager
def deferred_references() -> Iterator[None]:
    """Check the references that are written in the block at its end, since some rows come after those that refer
    to them.

    For loading fixtures. Put it inside ``atomic()``: what is refused at the end must be undone.

    Raises:
        TenantMismatchError: at the end, when a row refers to a stranger's row or to none.
    """
    scope = get_scope()
    if not isinstance(scope, ActiveTenant) or _DEFERRED in scope.memo:
        yield
        return
    written: dict[tuple[GuardedReference, str], dict[Any, None]] = {}
    scope.memo[_DEFERRED] = written
    try:
        yield
    finally:
        del scope.memo[_DEFERRED]
    for (field, alias), values in written.items():
        check_values(field, values, connections[alias])
