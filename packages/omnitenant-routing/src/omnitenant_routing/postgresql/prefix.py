"""What a statement carries: the search path of whoever is active, and the variables that policies read.

It is computed from the active scope when the statement is sent, and remembered with the scope. Nothing is known about
any connection, but for one fact about the process: whether it has ever sent a schema, or a variable, to an alias. Until
then no transaction there can hold anything that a statement of nobody would have to take back.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, lru_cache
from math import inf
from time import monotonic
from typing import TYPE_CHECKING, Final, NamedTuple

from django.core.signals import setting_changed
from django.dispatch import receiver

from omnitenant_context.context import get_scope
from omnitenant_context.scope import ActiveTenant, NamedSchema
from omnitenant_models.settings import SETTING_NAME, omnitenant_settings
from omnitenant_routing.postgresql.identifiers import check_schema, literal, quoted

if TYPE_CHECKING:
    from omnitenant_context.scope import Scope

__all__ = ["Carried", "Carrier", "carrier_of", "carry_variable", "search_path"]

_variables: dict[str, Callable[[ActiveTenant], str | None]] = {}
_DEFAULT: Final = "DEFAULT"
_PROVEN_SECONDS: Final = 5.0
"""For so long a process believes that a schema is there and open to its role."""


class Carried:
    """The ``SET`` statements that travel with a statement, each on a line of its own.

    Attributes:
        text: as it stands before a statement without parameters.
        doubled: the same with every ``%`` doubled, for a statement with parameters.
        statements: the single statements.
        lasting: what holds beyond a transaction, for statements that refuse to be in one.
        ending: what takes ``lasting`` back.
        proves: the schema that a statement among them fails for, where it is missing or closed to the role.
    """

    __slots__ = ("doubled", "ending", "lasting", "proves", "statements", "text")

    def __init__(self, values: tuple[tuple[str, str], ...], proves: str | None = None) -> None:
        """Write the statements.

        Args:
            values: names of settings with their values as SQL, ``DEFAULT`` for none.
            proves: the schema to be proven usable, or None.
        """
        self.proves = proves
        proof = () if proves is None else (_proof_of(proves),)
        self.statements = (*(f"SET LOCAL {name} TO {value}" for name, value in values), *proof)
        self.text = "".join(f"{each};\n" for each in self.statements)
        self.doubled = self.text.replace("%", "%%")
        self.lasting = "".join(f"SET {name} TO {value};\n" for name, value in values)
        self.ending = "".join(f"SET {name} TO DEFAULT;\n" for name, _ in values)


class _Forms(NamedTuple):
    """What statements of one scope carry, by where they are sent."""

    alone: Carried | None
    after_variables: Carried | None
    """Inside a transaction in which another scope may have set variables."""
    after_schemas: Carried | None
    """Inside a transaction in which another scope may have set the search path, too."""


class Carrier:
    """Knows what statements carry on the connections of one alias.

    Attributes:
        alias: the key of the database in ``DATABASES``, or the alias of a tenant's database.
        pooled: whether a pooler stands before the server; None: to be found out where it matters.
    """

    __slots__ = ("_level", "_memo", "_proven", "alias", "pooled")

    def __init__(self, alias: str, *, pooled: bool | None = None) -> None:
        """Make one; :func:`carrier_of` finds the one that there is."""
        self.alias = alias
        self.pooled = pooled
        self._memo = f"carried on {alias} ({pooled})"
        self._level = 0
        self._proven: dict[str, float] = {}

    def due(self, in_transaction: Callable[[], bool]) -> Carried | None:
        """Return what a statement sent now must carry; None: nothing.

        Args:
            in_transaction: tells whether a transaction is open on the connection, or may be. Asked only where
                another scope may have left something in it.
        """
        scope = get_scope()
        kind = scope.__class__
        if kind is ActiveTenant:
            memo = scope.memo  # type: ignore[union-attr]  # as asked for above, in less time
            try:
                forms: _Forms = memo[self._memo]
            except KeyError:
                forms = memo[self._memo] = self._forms_of(scope)
        elif kind is NamedSchema:
            forms = self._forms_of(scope)
        else:
            level = self._level or bool(_variables)
            return _nobodys()[level] if level and in_transaction() else None
        alone = forms.alone
        if forms.after_schemas is alone:
            return alone
        level = self._level or bool(_variables)
        return forms[level] if level and in_transaction() else alone

    def prove(self, schema: str) -> None:
        """Note that a statement was run which proved a schema usable; statements do without the proof for a while."""
        self._proven[schema] = monotonic()
        scope = get_scope()
        if isinstance(scope, ActiveTenant):
            scope.memo.pop(self._memo, None)

    def _forms_of(self, scope: Scope) -> _Forms:
        schema = self._schema_of(scope)
        if schema is None:
            return _forms(None, _values(scope))
        self._level = 2  # before anything is sent
        age = monotonic() - self._proven.get(schema, -inf)
        return _forms(schema, _values(scope), age > _PROVEN_SECONDS)

    def _schema_of(self, scope: Scope) -> str | None:
        """Return the schema of a scope, where this alias leads to its place."""
        # Models are still being loaded when the engine is: the base model of tenants asks it for the length of names.
        from omnitenant_routing.places import aliases_for, place_for

        schema = place_for(scope).schema
        return schema if schema is not None and self.alias in aliases_for(scope) else None


@cache
def carrier_of(alias: str, pooled: bool | None = None) -> Carrier:  # noqa: FBT001 - three answers
    """Return the carrier of an alias; there is one in a process."""
    return Carrier(alias, pooled=pooled)


def carry_variable(name: str, value: Callable[[ActiveTenant], str | None]) -> None:
    """Let every statement of a tenant set a variable, for policies of row-level security.

    Call it before the first tenant is entered, such as in ``AppConfig.ready()``: what is active keeps what it carries.

    Args:
        name: a custom setting of PostgreSQL, such as ``omnitenant.tenant_id``.
        value: gives a tenant's value, once for each entry; None leaves the variable unset.

    Raises:
        ValueError: the name is no custom setting: two words with a dot between.
    """
    if name.count(".") != 1 or not all(part.isidentifier() and part.isascii() for part in name.split(".")):
        message = (
            f"{name!r} is no name of a variable; write two words with a dot between, such as 'omnitenant.tenant_id'"
        )
        raise ValueError(message)
    _variables[name] = value
    _forget()


def search_path(schema: str) -> str:
    """Return the search path of a schema as SQL: the schema, what all places share, and what the settings add.

    Raises:
        IdentifierError: it is no name of a schema, or one of PostgreSQL's own.
    """
    shared = omnitenant_settings.DEFAULT_SCHEMA_NAME
    if schema != shared:
        check_schema(schema)
    names = dict.fromkeys((schema, shared, *omnitenant_settings.EXTRA_SEARCH_PATH))
    return ", ".join(quoted(name) for name in names)


def _values(scope: Scope) -> tuple[tuple[str, str | None], ...]:
    if not _variables:
        return ()
    return tuple(
        (name, value(scope) if isinstance(scope, ActiveTenant) else None) for name, value in _variables.items()
    )


def _proof_of(schema: str) -> str:
    """Return a statement that fails where a schema is missing, or closed to the role.

    PostgreSQL leaves such a schema out of the search path without a word: a tenant would be shown the tables of the
    public schema, which are the master's.
    """
    closed = literal(quoted_text(f"{schema} (no right to USAGE)"))
    is_open = f"pg_catalog.has_schema_privilege({literal(schema)}, 'USAGE')"
    return f"SELECT (CASE WHEN {is_open} THEN 'pg_catalog' ELSE {closed} END)::pg_catalog.regnamespace"


def quoted_text(text: str) -> str:
    """Quote a text as an identifier of any length, for a name that nothing has."""
    return '"' + text.replace('"', '""') + '"'


@lru_cache(maxsize=4096)
def _forms(schema: str | None, values: tuple[tuple[str, str | None], ...], is_proving: bool = False) -> _Forms:  # noqa: FBT001, FBT002 - a key of the cache
    proves = schema if is_proving else None
    path = [] if schema is None else [("search_path", search_path(schema))]
    given = [(name, literal(value)) for name, value in values if value is not None]
    all_given = [(name, _DEFAULT if value is None else literal(value)) for name, value in values]
    alone = _carried(path + given, proves)
    after_variables = _same_or(alone, path + all_given, proves)
    after_schemas = _same_or(after_variables, (path or [("search_path", _DEFAULT)]) + all_given, proves)
    return _Forms(alone, after_variables, after_schemas)


@cache
def _nobodys() -> _Forms:
    return _forms(None, tuple((name, None) for name in _variables))


def _carried(values: list[tuple[str, str]], proves: str | None = None) -> Carried | None:
    return Carried(tuple(values), proves) if values else None


def _same_or(known: Carried | None, values: list[tuple[str, str]], proves: str | None = None) -> Carried | None:
    made = _carried(values, proves)
    return known if known is not None and made is not None and made.text == known.text else made


@receiver(setting_changed)
def _forget(*, setting: str = SETTING_NAME, **_: object) -> None:
    if setting == SETTING_NAME:
        _forms.cache_clear()
        _nobodys.cache_clear()
