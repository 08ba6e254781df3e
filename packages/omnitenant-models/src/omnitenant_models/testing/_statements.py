"""Reads statements with sqlglot; what was read of a text is remembered."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from omnitenant_models.testing._blocks import Blocks, branches, constant, name_of
from omnitenant_models.testing._facts import facts_of
from omnitenant_models.testing._parts import Change, Fact, Given, Source, Statement, Unreadable
from omnitenant_models.testing._tables import Tables

__all__ = ["read"]

_DIALECTS: Final = {"postgresql": "postgres"}
"""What sqlglot calls a dialect where Django's vendor has another name."""

_FIRST_WORD: Final = re.compile(r"(?:\s+|--[^\n]*\n|/\*.*?\*/|\()*(\w+)", re.DOTALL)

_NEW_TABLE: Final = re.compile(
    r"\bcreate\s+(?:\w+\s+)*?table\b.*?\bas[\s(]+(?:select|with|values|table|execute)\b", re.IGNORECASE | re.DOTALL
)
"""A table that is made of the rows of others."""

_NOT_ABOUT_ROWS: Final = frozenset(
    {
        "alter",
        "analyze",
        "attach",
        "begin",
        "close",
        "cluster",
        "comment",
        "commit",
        "create",
        "deallocate",
        "detach",
        "discard",
        "drop",
        "end",
        "explain",
        "grant",
        "listen",
        "lock",
        "notify",
        "pragma",
        "refresh",
        "reindex",
        "release",
        "reset",
        "revoke",
        "rollback",
        "savepoint",
        "set",
        "show",
        "start",
        "unlisten",
        "vacuum",
    }
)
"""First words of statements that neither give nor change rows, but for tables that are made of others."""


def read(sql: str, params: Any, vendor: str, tables: Tables) -> tuple[Statement, ...]:
    """Read a text; it may hold several statements.

    Args:
        sql: with Django's placeholders where there are parameters.
        params: the parameters of one execution, by place or by name. A constant names the one that it stands for:
            ``p0`` is the first.
        vendor: Django's name for the kind of database.
        tables: what is known of the project's tables.

    Raises:
        Unreadable: the parser does not understand it.
    """
    first = _FIRST_WORD.match(sql)
    if first is None or (first[1].lower() in _NOT_ABOUT_ROWS and not _NEW_TABLE.match(sql, first.start(1))):
        return ()
    return _read(_with_names(sql, params), _DIALECTS.get(vendor, vendor), tables)


def _with_names(sql: str, params: Any) -> str:
    """Put names where the parameters go, as Django's own backends put in theirs."""
    if not params:
        return sql
    try:
        if isinstance(params, Mapping):
            return sql % {key: f":{key}" for key in params}
        return sql % tuple(f":p{number}" for number in range(len(params)))
    except (KeyError, TypeError, ValueError) as error:
        message = f"the parameters do not fit ({error})"
        raise Unreadable(message) from error


@lru_cache(maxsize=1024)
def _read(sql: str, dialect: str, tables: Tables) -> tuple[Statement, ...]:
    try:
        trees = sqlglot.parse(sql, dialect=dialect)
    except (SqlglotError, ValueError) as error:
        raise Unreadable(str(error).partition(". ")[0]) from error
    return tuple(_statement(tree, tables) for tree in trees if tree is not None and not _makes_nothing_of_rows(tree))


def _makes_nothing_of_rows(tree: exp.Expr) -> bool:
    return isinstance(tree, exp.Create) and not (tree.kind == "TABLE" and isinstance(tree.expression, exp.Query))


def _statement(tree: exp.Expr, tables: Tables) -> Statement:
    if isinstance(tree, exp.Command | exp.Alias):
        message = f"{str(tree.this).split(' ')[0]} is no statement that it knows"
        raise Unreadable(message)
    blocks = Blocks(tree, tables.columns_of)
    facts: frozenset[Fact] = frozenset().union(*(facts_of(block, blocks) for block in blocks.all))
    changes: list[Change] = []
    for source in blocks.sources:
        block = blocks.all[source.block]
        if isinstance(block, exp.Insert) and source.written:
            changes.append(_insertion(source, block, blocks))
        elif isinstance(block, exp.Update) and block.this.name.lower() == source.table:
            changes.append(Change(source.number, (_assigned(block.expressions),)))
    verb = "TRUNCATE" if isinstance(tree, exp.TruncateTable) else tree.key.upper()
    return Statement(verb, tuple(blocks.sources), facts, tuple(changes))


def _insertion(source: Source, block: exp.Insert, blocks: Blocks) -> Change:
    columns = [name_of(each) for each in block.this.expressions] if isinstance(block.this, exp.Schema) else []
    rows: list[dict[str, Given]] = []
    given = block.expression
    if isinstance(given, exp.Values):
        for each in given.expressions:
            values: list[Given] = [constant(value) for value in each.expressions]
            rows.append(dict(zip(columns, values, strict=False)))
    elif given is not None:
        for branch in branches(given):
            lists = _lists_in(branch)
            shown: list[Given] = [
                constant(each.unalias()) or blocks.resolve(each.unalias(), branch) for each in branch.expressions
            ]
            rows.append(dict(zip(columns, lists or shown, strict=False)))
    overwrites = frozenset[str]() if str(block.args.get("alternative")).upper() == "REPLACE" else None
    conflict = block.args.get("conflict")
    if isinstance(conflict, exp.OnConflict) and "UPDATE" in str(conflict.args.get("action") or "UPDATE").upper():
        keys = conflict.args.get("conflict_keys") or ()
        overwrites = frozenset(name_of(column) for key in keys for column in key.find_all(exp.Column))
        own = [each for each in conflict.expressions if not _is_of_new_row(each)]
        rows += [{**row, **_assigned(own)} for row in rows] if own else []
    return Change(source.number, tuple(rows or [{}]), inserts=True, overwrites=overwrites)


def _lists_in(select: exp.Select) -> list[Given]:
    """Return the lists that a SELECT turns into columns, in the way Django inserts many rows on PostgreSQL."""
    source = next((each.this for each in select.iter_expressions() if isinstance(each, exp.From)), None)
    if isinstance(source, exp.Unnest) and len(select.expressions) == 1 and select.is_star:
        return [constant(each) for each in source.expressions]
    return []


def _is_of_new_row(assignment: exp.Expr) -> bool:
    value = assignment.args.get("expression")
    return isinstance(value, exp.Column) and value.table.lower() == "excluded"


def _assigned(assignments: list[exp.Expr]) -> dict[str, Given]:
    return {name_of(each.this): constant(each.expression) for each in assignments if isinstance(each, exp.EQ)}
