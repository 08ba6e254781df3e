"""Row-level security: PostgreSQL itself refuses the rows of other tenants, also to raw SQL."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import blake2s
from typing import TYPE_CHECKING, Any, NamedTuple

from django.core.exceptions import ImproperlyConfigured
from django.db.models import BaseConstraint, ForeignKey

from omnitenant_models.rows.keys import find_tenant_keys
from omnitenant_models.settings import omnitenant_settings

if TYPE_CHECKING:
    from django.db.backends.base.schema import BaseDatabaseSchemaEditor
    from django.db.models import Model

__all__ = ["PREFIX", "Policy", "TenantPolicy", "key_in_table", "policies_of", "tables_of", "variable_of"]

PREFIX = "omnitenant_"
"""How the names of our policies begin."""

_DROP_ALL = f"""DO $do$ DECLARE found name; BEGIN
FOR found IN SELECT polname FROM pg_policy WHERE polrelid = '<table>'::regclass AND starts_with(polname, '{PREFIX}')
LOOP EXECUTE 'DROP POLICY ' || quote_ident(found) || ' ON <table>'; END LOOP; END $do$"""  # noqa: S608 - a constant


class Policy(NamedTuple):
    """A policy as it should stand in the database.

    Attributes:
        table: the name of the table, unquoted.
        name: carries a hash of the rest, so that a policy of another text has another name.
        to: the roles it is for, quoted as in SQL.
        condition: what holds for each row that is read or written.
    """

    table: str
    name: str
    to: str
    condition: str


class TenantPolicy(BaseConstraint):
    """Lets PostgreSQL itself show and take only rows of the active tenant; for ``Meta.constraints``.

    What Python cannot guard is refused then too: cursors, ``RawSQL``, a manager that somebody forgot. With
    nobody active there are no rows. The policy is for the roles in ``OMNITENANT_CONFIG["POLICY_ROLES"]``, for
    everybody where none is named; other roles see no row at all. Those in ``POLICY_BYPASS_ROLES`` see every
    row, and so do superusers and roles with ``BYPASSRLS``: the site's own role must be none of these.
    ``unscoped()`` lifts nothing here; work on all tenants connects as one of those roles.

    Needs the engine ``omnitenant_routing.postgresql``, whose statements name the active tenant. On other
    databases it does nothing. Conditions that are not leakproof, such as ``LIKE`` and full-text search, do
    without their index under a policy.

    Args:
        through: many-to-many fields of the model whose automatic tables get a policy too: a row is visible
            where both of its ends are the tenant's, or the one that belongs to tenants.
        name: of the constraint in migrations; made from the names of app and model when left out.
        violation_error_code: as in Django's constraints.
        violation_error_message: as in Django's constraints.
    """

    non_db_attrs = ("violation_error_code", "violation_error_message")

    def __init__(
        self,
        *,
        through: Sequence[str] = (),
        name: str = "%(app_label)s_%(class)s_tenant_policy",
        violation_error_code: str | None = None,
        violation_error_message: Any = None,
    ) -> None:
        """Declare the policy."""
        if isinstance(through, str):
            message = f"TenantPolicy(through=...) takes a list of names of fields, not the text {through!r}"
            raise TypeError(message)
        self.through = tuple(through)
        super().__init__(
            name=name,
            violation_error_code=violation_error_code,
            violation_error_message=violation_error_message,
        )

    def constraint_sql(self, model: type[Model] | None, schema_editor: BaseDatabaseSchemaEditor | None) -> str:
        """Put the policy behind a table that is being created: it cannot be part of ``CREATE TABLE``."""
        if schema_editor is not None and schema_editor.connection.vendor == "postgresql":
            schema_editor.deferred_sql.append(self.create_sql(model, schema_editor))
        return ""

    def create_sql(self, model: type[Model] | None, schema_editor: BaseDatabaseSchemaEditor | None) -> Any:
        """Return the statements that put the policy into force; empty on other databases than PostgreSQL."""
        if model is None or schema_editor is None or schema_editor.connection.vendor != "postgresql":
            return ""
        quote = schema_editor.quote_name
        found = list(policies_of(model, self, schema_editor.connection))
        lines = []
        for table in dict.fromkeys(policy.table for policy in found):
            lines += [f"ALTER TABLE {quote(table)} {word} ROW LEVEL SECURITY" for word in ("ENABLE", "FORCE")]
        for policy in found:
            lines.append(
                f"CREATE POLICY {quote(policy.name)} ON {quote(policy.table)} TO {policy.to} "
                f"USING ({policy.condition}) WITH CHECK ({policy.condition})"
            )
        return ";\n".join(lines)

    def remove_sql(self, model: type[Model] | None, schema_editor: BaseDatabaseSchemaEditor | None) -> Any:
        """Return the statements that take the policy away, whatever its text was when it was made."""
        if model is None or schema_editor is None or schema_editor.connection.vendor != "postgresql":
            return ""
        lines = []
        for table in tables_of(model, self):
            quoted = schema_editor.quote_name(table)
            lines += [
                _DROP_ALL.replace("<table>", quoted.replace("'", "''")),
                f"ALTER TABLE {quoted} NO FORCE ROW LEVEL SECURITY",
                f"ALTER TABLE {quoted} DISABLE ROW LEVEL SECURITY",
            ]
        return ";\n".join(lines)

    def validate(self, *_: Any, **__: Any) -> None:
        """Accept every instance: the tenant key guards itself before a row reaches the database."""

    def deconstruct(self) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
        """Describe the policy for migrations."""
        path, args, kwargs = super().deconstruct()
        if self.through:
            kwargs["through"] = list(self.through)
        return path.replace("omnitenant_models.rows.policies", "omnitenant_models.models"), tuple(args), kwargs

    def __eq__(self, other: object) -> bool:
        if isinstance(other, TenantPolicy):
            return self.name == other.name and self.through == other.through
        return NotImplemented

    def __hash__(self) -> int:
        return hash((self.name, self.through))

    def __repr__(self) -> str:
        return f"<{type(self).__qualname__} name={self.name!r} through={list(self.through)!r}>"


def variable_of(key: ForeignKey[Any, Any]) -> str:
    """Return the variable of PostgreSQL in which statements say what a tenant key must hold."""
    target = key.target_field
    return f"{PREFIX[:-1]}.tenant_id" if target.primary_key else f"{PREFIX[:-1]}.tenant_{target.column}"


def policies_of(model: type[Model], declared: TenantPolicy, connection: Any) -> Iterator[Policy]:
    """Give the policies that a declaration stands for.

    Args:
        model: the model, also a historical one.
        declared: what stands in its ``Meta.constraints``.
        connection: to PostgreSQL, for its types and its quoting.

    Raises:
        ImproperlyConfigured: the model's own table holds no tenant key, or ``through`` names no automatic table.
    """
    own, *throughs = tables_of(model, declared)
    yield from _for_roles(own, _mine(key_in_table(model), connection), connection)
    for name, table in zip(declared.through, throughs, strict=True):
        field: Any = model._meta.get_field(name)
        ends = [(model, field.m2m_column_name()), (field.related_model, field.m2m_reverse_name())]
        conditions = [_end(end, column, connection) for end, column in ends if find_tenant_keys(end)]
        yield from _for_roles(table, " AND ".join(conditions), connection)


def key_in_table(model: type[Model]) -> ForeignKey[Any, Any]:
    """Return the tenant key that stands in a model's own table.

    Raises:
        ImproperlyConfigured: there is none.
    """
    for key in find_tenant_keys(model):
        if key.model._meta.db_table == model._meta.db_table:
            return key
    message = (
        f"{model._meta.label} has a TenantPolicy but its table has no foreign key to the tenant; declare the policy "
        "where the key is, or take it out of Meta.constraints"
    )
    raise ImproperlyConfigured(message)


def _mine(key: ForeignKey[Any, Any], connection: Any, table: str = "") -> str:
    # In a sub-select the wanted value is computed once for a statement, and an index still finds the rows.
    wanted = f"nullif(current_setting('{variable_of(key)}', true), '')::{key.db_type(connection)}"
    return f"{table}{connection.ops.quote_name(key.column)} = (SELECT {wanted})"


def _end(model: type[Model], column: str, connection: Any) -> str:
    quote = connection.ops.quote_name
    options: Any = model._meta
    rows = f"{quote(options.db_table)} AS tenant_row WHERE tenant_row.{quote(options.pk.column)} = {quote(column)}"
    mine = _mine(key_in_table(model), connection, "tenant_row.")
    return f"EXISTS (SELECT 1 FROM {rows} AND {mine})"  # noqa: S608 - names are quoted above


def _for_roles(table: str, condition: str, connection: Any) -> Iterator[Policy]:
    held, bypassing = (
        ", ".join(map(connection.ops.quote_name, roles))
        for roles in (omnitenant_settings.POLICY_ROLES, omnitenant_settings.POLICY_BYPASS_ROLES)
    )
    for to, holds in [(held or "PUBLIC", condition), *([(bypassing, "true")] if bypassing else [])]:
        digest = blake2s(f"{table}\n{to}\n{holds}".encode(), digest_size=6).hexdigest()
        yield Policy(table, f"{PREFIX}{digest}", to, holds)


def tables_of(model: type[Model], declared: TenantPolicy) -> list[str]:
    """Return the tables that a declaration is about: the model's own, then those of ``through``.

    Raises:
        ImproperlyConfigured: ``through`` names no automatic table.
    """
    tables = [model._meta.db_table]
    for name in declared.through:
        field: Any = model._meta.get_field(name)
        through = getattr(field.remote_field, "through", None)
        if through is None or not through._meta.auto_created:
            message = (
                f"TenantPolicy(through={list(declared.through)!r}) of {model._meta.label}: {name!r} has no automatic "
                "table; name many-to-many fields without through=, and give other models a policy of their own"
            )
            raise ImproperlyConfigured(message)
        tables.append(through._meta.db_table)
    return tables
