"""The SQL of a composite reference: the clause of a table that is being made, and the statement that adds it later.

Private Django API, read in 5.2, 6.0 and 6.1: a schema editor runs the statements in ``deferred_sql`` when its
migration ends, by their text, and has renamed or removed by then what they refer to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.core.exceptions import ImproperlyConfigured
from django.db.backends.ddl_references import Columns, Statement, Table

from omnitenant_models.rows._composite import unique_line

if TYPE_CHECKING:
    from omnitenant_models.rows._composite import Composite

__all__ = ["AddReference", "Nothing", "clause", "drop_reference"]

# The reference stands before the tenant: who looks at the first column alone sees what Django's own key shows.
_SQL: Final = (
    "FOREIGN KEY ({columns}, {key}) REFERENCES {to_table} ({to_columns}, {to_key}) DEFERRABLE INITIALLY DEFERRED"
)
_PARTS: Final = ("columns", "key", "to_table", "to_columns", "to_key")


def clause(name: str, composite: Composite, editor: Any) -> str:
    """Return the constraint as ``CREATE TABLE`` has it."""
    quote = editor.quote_name
    sql = _SQL.format(
        columns=quote(composite.field.column),
        key=quote(composite.key.column),
        to_table=quote(composite.target._meta.db_table),
        to_columns=quote(composite.target_field.column),
        to_key=quote(composite.target_key.column),
    )
    return f"CONSTRAINT {quote(name)} {sql}"


def drop_reference(name: str, table: str, editor: Any) -> Statement:
    """Return the statement that drops the constraint; checks that wait would forbid it, so they are done first."""
    template = "SET CONSTRAINTS %(name)s IMMEDIATE; ALTER TABLE %(table)s DROP CONSTRAINT %(name)s"
    return Statement(template, table=Table(table, editor.quote_name), name=editor.quote_name(name))


class Nothing(str):
    """A statement that Django need not run, and runs where it does not look."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return False


class AddReference(Statement):
    """Adds the constraint, and says what is missing where PostgreSQL would only say that something is."""

    def __init__(self, name: str, composite: Composite, editor: Any) -> None:
        table, target = composite.field.model._meta.db_table, composite.target._meta.db_table
        theirs: Any = composite.target_field
        quote = editor.quote_name
        added = _SQL.format(**{part: f"%({part})s" for part in _PARTS})
        super().__init__(
            # A migration may have mended rows before: PostgreSQL alters no table with checks that still wait.
            f"SET CONSTRAINTS ALL IMMEDIATE; ALTER TABLE %(table)s ADD CONSTRAINT %(name)s {added}",
            table=Table(table, quote),
            name=quote(name),
            columns=Columns(table, [composite.field.column], quote),
            key=Columns(table, [composite.key.column], quote),
            to_table=Table(target, quote),
            to_columns=Columns(target, [theirs.column], quote),
            to_key=Columns(target, [composite.target_key.column], quote),
        )
        self.composite, self.editor = composite, editor

    def adds(self, name: str, table: str) -> bool:
        """Tell whether it adds the constraint of this name to this table."""
        quoted: Any = self.parts["name"]
        return self.references_table(table) and bool(quoted == self.editor.quote_name(name))

    def __str__(self) -> str:
        if not self.editor.collect_sql:
            self._refuse_without_unique()
        return super().__str__()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.parts['name']}>"  # the text asks the database

    def _refuse_without_unique(self) -> None:
        connection = self.editor.connection
        parts: Any = self.parts
        wanted = {*parts["to_columns"].columns, *parts["to_key"].columns}
        with connection.cursor() as cursor:
            found = connection.introspection.get_constraints(cursor, parts["to_table"].table)
        unique = any(each["unique"] and {*each["columns"]} == wanted for each in found.values())
        if found and not unique:  # nothing is found of a table in a schema that was named
            source, target = self.composite.field, self.composite.target
            message = (
                f"{source.model._meta.label}: TenantReference({source.name!r}) needs {target._meta.label} to be "
                f"unique with its tenant; add {unique_line(self.composite)} to its Meta.constraints, and let the "
                "migration that adds the reference depend on the one that adds that"
            )
            raise ImproperlyConfigured(message)
