"""Which unique rule of a tenant's model a database refused a row for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from django.apps import apps
from django.db import IntegrityError
from django.db.backends.utils import names_digest

from omnitenant_drf._rules import UniqueRule, own_rules

__all__ = ["find_broken_rule"]

_UNIQUE_VIOLATION = "23505"
"""SQLSTATE of PostgreSQL."""

_SQLITE = re.compile(r"UNIQUE constraint failed: (?:index '(?P<name>.+)'|(?P<columns>.+))\Z")
_DETAIL = re.compile(r"\((?P<columns>[^()]+)\)=\(")
"""The one part of PostgreSQL's detail that is the same in every language: ``(tenant_id, name)=(``."""


def find_broken_rule(error: IntegrityError) -> UniqueRule | None:
    """Return the rule, or None where the database refused for any other reason.

    Does no I/O, because the connection may be in a transaction that is broken. PostgreSQL names the
    constraint; SQLite names the columns, so where two rules differ by their condition alone it is the first.
    """
    diag = getattr(error.__cause__, "diag", None)
    if diag is not None:
        return _by_diagnosis(diag)
    told = _SQLITE.match(str(error))
    if told is None:
        return None
    if told["name"]:
        return _first(lambda rule: rule.has_name and rule.constraint.name == told["name"])
    columns = set(told["columns"].split(", "))
    return _first(lambda rule: columns == _qualified(rule))


def _by_diagnosis(diag: Any) -> UniqueRule | None:
    if diag.sqlstate != _UNIQUE_VIOLATION:
        return None
    rules = [rule for rule in _rules() if rule.model._meta.db_table == diag.table_name]
    named = _DETAIL.search(diag.message_detail or "")
    columns = {name.strip('" ') for name in named["columns"].split(",")} if named else None
    tests: tuple[Callable[[UniqueRule], bool], ...] = (
        lambda rule: rule.has_name and rule.constraint.name == diag.constraint_name,
        lambda rule: columns == set(rule.columns),
        # Where row-level security is on, the server keeps the detail to itself.
        lambda rule: diag.constraint_name in _given_names(rule),
    )
    for test in tests:
        for rule in rules:
            if test(rule):
                return rule
    return None


def _given_names(rule: UniqueRule) -> set[str]:
    """Return the names that Django and PostgreSQL give to rules without one; long ones are cut, and not found."""
    table, columns = rule.model._meta.db_table, rule.columns
    words = "_".join(columns)
    digest = names_digest(table, *columns, length=8)
    names = {f"{table}_{words}_{digest}_uniq", f"{table}_{words}_key"}
    if set(columns) == {field.column for field in rule.model._meta.pk_fields}:
        names.add(f"{table}_pkey")
    return names


def _qualified(rule: UniqueRule) -> set[str]:
    return {f"{rule.model._meta.db_table}.{column}" for column in rule.columns}


def _rules() -> Iterator[UniqueRule]:
    for model in apps.get_models():
        yield from own_rules(model)


def _first(test: Callable[[UniqueRule], bool]) -> UniqueRule | None:
    return next((rule for rule in _rules() if test(rule)), None)
