"""What the project's models say about the tables of a database."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.db.models import ForeignKey, Model
from django.db.models.signals import class_prepared
from django.dispatch import receiver

from omnitenant_models.rows.keys import get_tenant_key
from omnitenant_models.utils import get_tenant_model

if TYPE_CHECKING:
    from omnitenant_models.rows.keys import TenantKey

__all__ = ["Table", "Tables", "known_tables"]


@dataclass(eq=False)
class Table:
    """A table of a model.

    Attributes:
        model: the model.
        key: its tenant key, where it stands in this table.
        belongs_to_tenants: whether its rows do; those of children and of automatic through tables name no tenant
            themselves.
        is_tenants: whether its rows are the tenants.
        columns: the names of all columns, in lower case.
        unique: those that name one row.
        links: where a foreign key leads: the table and its column.
    """

    model: type[Model]
    key: TenantKey | None = None
    belongs_to_tenants: bool = False
    is_tenants: bool = False
    columns: frozenset[str] = frozenset()
    unique: frozenset[str] = frozenset()
    links: dict[str, tuple[str, str]] = field(default_factory=dict)


class Tables:
    """The tables of all installed models, by their names in lower case."""

    def __init__(self, tables: dict[str, Table]) -> None:
        """Take them."""
        self._tables = tables
        names = [re.escape(name) for name, table in tables.items() if table.belongs_to_tenants]
        self._tenants_table = re.compile(rf"\b(?:{'|'.join(names)})\b", re.IGNORECASE) if names else None

    def get(self, name: str) -> Table | None:
        """Return a table; None where it is no model's."""
        return self._tables.get(name)

    def columns_of(self, name: str) -> frozenset[str] | None:
        """Return the names of a table's columns; None where it is no model's."""
        table = self._tables.get(name)
        return None if table is None else table.columns

    def chain(self, name: str, column: str) -> list[tuple[str, str]]:
        """Return the columns that hold what a column does, because foreign keys lead from one to the next."""
        found: list[tuple[str, str]] = [(name, column)]
        table = self._tables.get(name)
        while table is not None and column in table.links and table.links[column] not in found:
            name, column = table.links[column]
            found.append((name, column))
            table = self._tables.get(name)
        return found

    def names_a_tenants_table(self, sql: str) -> str | None:
        """Return the first table of tenants that a text has the name of, or None."""
        found = self._tenants_table.search(sql) if self._tenants_table else None
        return found and found[0]


@cache
def known_tables() -> Tables:
    """Return the tables of the models that are installed now."""
    tables: dict[str, Table] = {}
    models = [model for model in apps.get_models(include_auto_created=True) if not model._meta.proxy]
    for model in models:
        table = _table(model)
        known = tables.get(model._meta.db_table.lower())
        if known is None or not known.belongs_to_tenants:  # two models may show one table
            tables[model._meta.db_table.lower()] = table
    for name, table in list(tables.items()):
        if table.model._meta.auto_created:
            targets = [tables.get(target) for target, _ in table.links.values()]
            table.belongs_to_tenants |= any(target is not None and target.belongs_to_tenants for target in targets)
            tables[name] = table
    return Tables(tables)


def _table(model: type[Model]) -> Table:
    options = model._meta
    key = get_tenant_key(model)
    table = Table(model, belongs_to_tenants=key is not None, is_tenants=model is get_tenant_model())
    if key is not None and key.model._meta.db_table == options.db_table:
        table.key = key
    # Columns of parents stand in the parents' tables.
    local: list[Any] = [each for each in options.local_concrete_fields if each.column]
    table.columns = frozenset(each.column.lower() for each in local)
    table.unique = frozenset(each.column.lower() for each in local if each.unique)
    for each in local:
        if isinstance(each, ForeignKey) and isinstance(each.remote_field.model, type):
            target: Any = each.target_field
            table.links[each.column.lower()] = (target.model._meta.db_table.lower(), target.column.lower())
    return table


@receiver(class_prepared, dispatch_uid="omnitenant_models.testing")
def _forget(**_: Any) -> None:
    known_tables.cache_clear()
