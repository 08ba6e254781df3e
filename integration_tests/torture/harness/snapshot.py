"""Every row of every table, read past every filter, and who each belongs to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from django.apps import apps
from django.db import models

__all__ = ["Crossing", "Snapshot", "tables_of", "take"]

Row = dict[str, Any]


class Crossing(NamedTuple):
    """A reference from a row of one tenant to a row of another."""

    model: str
    column: str
    row: Any


class Snapshot(NamedTuple):
    """All rows of a place.

    Attributes:
        tables: rows by model.
        owners: primary key of the tenant by model and primary key of the row; None is nobody's.
    """

    tables: dict[type[models.Model], list[Row]]
    owners: dict[type[models.Model], dict[Any, Any]]

    def of(self, owner: Any) -> dict[str, list[Row]]:
        """Return the rows of one tenant."""
        return {
            model._meta.label: sorted(
                (row for row in rows if self.owners[model].get(_key(model, row)) == owner), key=repr
            )
            for model, rows in self.tables.items()
        }

    def crossings(self) -> Iterator[Crossing]:
        """Yield the references from one tenant's rows to another's."""
        for model, rows in self.tables.items():
            for field in model._meta.local_concrete_fields:
                target = field.related_model
                if not isinstance(field, models.ForeignKey) or target not in self.owners:
                    continue
                concrete = target._meta.concrete_model
                named = _by_target(field, concrete, self)
                for row in rows:
                    mine, theirs = self.owners[model].get(_key(model, row)), named.get(row[field.column])
                    if None not in (mine, theirs) and mine != theirs:
                        yield Crossing(model._meta.label, field.column, _key(model, row))


def take(connection: Any, *, everything: bool = False) -> Snapshot:
    """Read the tables of the world through a raw cursor of a connection.

    Args:
        connection: of the place.
        everything: also read those of Django's own apps, where no row is a tenant's.
    """
    tables: dict[type[models.Model], list[Row]] = {}
    there = tables_of(connection)
    with connection.cursor() as cursor:
        for model in apps.get_models(include_auto_created=True):
            if model._meta.proxy or model._meta.db_table not in there:
                continue
            if everything or model._meta.app_label == "world":
                cursor.execute(f"SELECT * FROM {connection.ops.quote_name(model._meta.db_table)}")
                names = [column[0] for column in cursor.description]
                tables[model] = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    owners: dict[type[models.Model], dict[Any, Any]] = {}
    for model in tables:
        _find_owners(model, tables, owners)
    return Snapshot(tables, owners)


_known: dict[str, frozenset[str]] = {}


def tables_of(connection: Any) -> frozenset[str]:
    """Return the tables that a place has; no probe makes or drops any."""
    if connection.alias not in _known:
        _known[connection.alias] = frozenset(connection.introspection.table_names())
    return _known[connection.alias]


def _find_owners(
    model: type[models.Model],
    tables: dict[type[models.Model], list[Row]],
    owners: dict[type[models.Model], dict[Any, Any]],
) -> dict[Any, Any]:
    if model in owners:
        return owners[model]
    owners[model] = found = {}
    key = _tenant_key(model)
    if key is not None:
        tenants = {row[key.target_field.column]: row["id"] for row in tables[key.related_model]}
        for row in tables[model]:
            found[_key(model, row)] = tenants.get(row[key.column])
        return found
    links = [
        field
        for field in model._meta.local_concrete_fields
        if isinstance(field, models.ForeignKey)
        and field.related_model in tables
        and (model._meta.auto_created or field.remote_field.parent_link or model.__name__ in {"Grade", "Partnership"})
    ]
    for row in tables[model]:
        for link in links:
            target = link.related_model._meta.concrete_model
            owner = _find_owners(target, tables, owners).get(row[link.column])
            if owner is not None:
                found[_key(model, row)] = owner
                break
    return found


def _by_target(field: Any, target: type[models.Model], snapshot: Snapshot) -> dict[Any, Any]:
    """Map what a foreign key holds to the owner of the row that it leads to."""
    column = field.target_field.column
    return {
        row[column]: snapshot.owners[target].get(_key(target, row)) for row in snapshot.tables[target] if column in row
    }


def _tenant_key(model: type[models.Model]) -> Any:
    tenant = apps.get_model("world", "Tenant")
    for name in ("tenant", "tenant_key"):
        for field in model._meta.local_concrete_fields:
            if field.name == name and field.related_model is tenant:
                return field
    return None


def _key(model: type[models.Model], row: Row) -> Any:
    columns = [field.column for field in model._meta.pk_fields]
    return row[columns[0]] if len(columns) == 1 else tuple(row[column] for column in columns)
