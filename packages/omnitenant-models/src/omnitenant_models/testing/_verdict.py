"""Whether a statement stays with the active tenant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError

from omnitenant_context.errors import TenantMismatchError
from omnitenant_context.scope import ActiveTenant, Scope
from omnitenant_models.rows._active import key_of
from omnitenant_models.testing._parts import Change, Column, Constant, Equal, Given, Linked, Source, Statement

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.models import Field

    from omnitenant_models.testing._tables import Table, Tables

__all__ = ["Complaint", "Verdict"]


@dataclass(frozen=True, slots=True)
class Complaint:
    """What is wrong about a table in a statement.

    Attributes:
        table: the table.
        reason: what is missing, or what is written that must not be.
        rows: where the only fault is that rows are found by other columns than the tenant key: the fields and their
            values. Whose rows these are only the database knows.
    """

    table: Table
    reason: str
    rows: Mapping[str, tuple[Any, ...]] | None = None


class Verdict:
    """Judges one statement with one set of parameters."""

    def __init__(
        self, statement: Statement, params: Any, scope: Scope, connection: BaseDatabaseWrapper, tables: Tables
    ) -> None:
        """Take what is judged, and for whom."""
        self._statement = statement
        self._params = params or ()
        self._scope = scope
        self._connection = connection
        self._tables: list[Table | None] = [tables.get(source.table) for source in statement.sources]
        self._all = tables

    def complaints(self) -> Iterator[Complaint]:
        """Give what is wrong; nothing where the statement is right."""
        mine = self._restricted()
        for source, table in zip(self._statement.sources, self._tables, strict=True):
            if table is not None and table.belongs_to_tenants and not source.written and source.number not in mine:
                yield Complaint(table, self._unrestricted(table), self._rows_of(source, table))
        for change in self._statement.changes:
            table = self._tables[change.source]
            if table is not None and table.belongs_to_tenants:
                yield from (Complaint(table, reason) for reason in self._wrong_in(change, table, mine))

    def _restricted(self) -> set[int]:
        """Return the sources of which only the active tenant's rows can be met."""
        found: set[int] = set()
        # Columns that name a row of the tenant's, in rows that may be anybody's.
        passed: set[Column] = set()
        open_facts = list(self._statement.facts)
        changed = True
        while changed:
            changed = False
            for fact in list(open_facts):
                number, name = fact.column
                guarded = isinstance(fact, Equal) or self._is_guarded(number, name)
                if not (guarded and number in found) and not self._restricts(fact, found, passed):
                    continue
                if guarded:
                    found.add(number)
                else:
                    passed.add(fact.column)
                open_facts.remove(fact)
                changed = True
        return found

    def _restricts(self, fact: Equal | Linked, found: set[int], passed: set[Column]) -> bool:
        if isinstance(fact, Linked):
            return all(
                (other in passed or (other[0] in found and self._is_guarded(*other)))
                and self._leads(fact.column, other)
                for other in fact.others
            )
        number, name = fact.column
        table = self._tables[number]
        return table is not None and all(self._is_mine(table, name, value) for value in fact.values)

    def _is_guarded(self, number: int, column: str) -> bool:
        """Tell whether a row and the one that its column leads to belong to the same tenant.

        They do where both are rows of tenants; a row may name other tenants than the one in its key.
        """
        table = self._tables[number]
        if table is None or not (table.belongs_to_tenants or table.is_tenants):
            return False
        target = self._all.get(table.links[column][0]) if column in table.links else None
        if target is None or not (target.belongs_to_tenants or target.is_tenants):
            return True
        return table.belongs_to_tenants if target.belongs_to_tenants else self._is_key(table, column)

    def _leads(self, one: Column, other: Column) -> bool:
        """Tell whether two columns with the same value lead to one row, and that of a tenant or the tenant's own."""
        table, beyond = self._tables[one[0]], self._tables[other[0]]
        if table is None or beyond is None:
            return False
        here, there = self._all.chain(_name(table), one[1]), self._all.chain(_name(beyond), other[1])
        for each in here:
            target = self._all.get(each[0])
            if each not in there or target is None or not (target.belongs_to_tenants or target.is_tenants):
                continue
            # What a foreign key leads to is one row; two rows may hold the same foreign key.
            if each != here[0] or each != there[0] or each[1] in target.unique:
                return True
        return False

    def _is_mine(self, table: Table, column: str, value: Constant) -> bool:
        """Tell whether a column with this value belongs to a row of the active tenant, or to the tenant's own."""
        if self._is_key(table, column):
            return self._is_active(table, value)
        if not (table.is_tenants and column in table.unique and isinstance(self._scope, ActiveTenant)):
            return False
        field = _field(table, column)
        wanted = getattr(self._scope.tenant, field.attname, None)
        return wanted is not None and self._same(field, value, wanted)

    def _is_active(self, table: Table, value: Constant) -> bool:
        if table.key is None or not isinstance(self._scope, ActiveTenant):
            return False
        try:
            wanted = key_of(self._scope, table.key)
        except TenantMismatchError:
            return False
        return self._same(table.key.target_field, value, wanted)

    def _same(self, field: Field[Any, Any], value: Constant, wanted: Any) -> bool:
        given = self._given(value)
        values = given if isinstance(given, list | tuple) else [given]
        return bool(values) and all(self._is_same(field, each, wanted) for each in values)

    def _is_same(self, field: Field[Any, Any], given: Any, wanted: Any) -> bool:
        if given is None:
            return False
        try:
            prepared = field.get_db_prep_value(wanted, self._connection, prepared=False)
            return bool(given in (wanted, prepared) or field.to_python(given) == wanted)
        except (TypeError, ValueError, ValidationError):
            return False

    def _given(self, value: Constant) -> Any:
        if not value.is_parameter:
            return None if value.text == "NULL" else value.text
        if isinstance(self._params, Mapping):
            return self._params.get(value.text)
        number = int(value.text.removeprefix("p"))
        return self._params[number] if number < len(self._params) else None

    def _rows_of(self, source: Source, table: Table) -> Mapping[str, tuple[Any, ...]] | None:
        """Return by which values an UPDATE or a DELETE finds the rows of its one table."""
        if self._statement.verb not in {"UPDATE", "DELETE"} or len(self._statement.sources) > 1:
            return None
        found = {
            _field(table, fact.column[1]).attname: tuple(map(self._given, fact.values))
            for fact in self._statement.facts
            if isinstance(fact, Equal) and fact.column[0] == source.number and fact.column[1] in table.columns
        }
        return found or None

    def _wrong_in(self, change: Change, table: Table, mine: set[int]) -> Iterator[str]:
        if table.key is not None:
            column = table.key.column
            for row in change.rows:
                if column.lower() in row or change.inserts:
                    given = row.get(column.lower())
                    if not self._is_given_mine(table, given, mine):
                        yield f"it sets {column} to {self._said(given)}, and not to {self._wanted()}"
                        break
        guards = {table.key.column.lower()} if table.key is not None else self._links_to_tenants(table)
        if change.overwrites is not None and not change.overwrites & guards:
            yield (
                "it overwrites a row that is there already, whoever's it is: its conflict target lacks "
                f"{' and '.join(sorted(guards))}"
            )

    def _is_given_mine(self, table: Table, given: Given, mine: set[int]) -> bool:
        if isinstance(given, Constant):
            return self._is_active(table, given)
        if given is None or table.key is None:
            return False
        for number, name in given:
            source = self._tables[number]
            if source is None or number not in mine:
                return False
            if not (self._is_key(source, name) or (source.is_tenants and name in source.unique)):
                return False
        return True

    def _links_to_tenants(self, table: Table) -> set[str]:
        targets = {column: self._all.get(target) for column, (target, _) in table.links.items()}
        return {column for column, target in targets.items() if target is not None and target.belongs_to_tenants}

    def _is_key(self, table: Table, column: str) -> bool:
        return table.key is not None and table.key.column.lower() == column

    def _unrestricted(self, table: Table) -> str:
        if not isinstance(self._scope, ActiveTenant):
            return f"no tenant is active ({self._scope.label})"
        if table.key is not None:
            return f"nothing holds {table.key.column} to {self._wanted()}"
        return f"it has no tenant key, and nothing joins it to a row that belongs to {self._wanted()}"

    def _wanted(self) -> str:
        if isinstance(self._scope, ActiveTenant):
            return f"the active tenant {self._scope.label!r}"
        return f"a tenant: none is active ({self._scope.label})"

    def _said(self, given: Given) -> str:
        if isinstance(given, Constant):
            return repr(self._given(given))
        return "nothing" if given is None else "what other rows hold"


def _name(table: Table) -> str:
    return table.model._meta.db_table.lower()


def _field(table: Table, column: str) -> Any:
    return next(each for each in table.model._meta.local_concrete_fields if (each.column or "").lower() == column)
