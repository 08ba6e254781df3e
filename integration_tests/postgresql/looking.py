"""Looks at the servers past the packages: what is really there, and who else is connected."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import psycopg2
from django.conf import settings
from django.db import connections
from django.test.utils import override_settings


def parameters(alias: str = "default", **changes: Any) -> dict[str, Any]:
    """Return what psycopg2 needs to connect as the superuser."""
    found = connections.settings[alias]
    known = {"host": found["HOST"], "port": found["PORT"], "user": "postgres", "dbname": found["NAME"]}
    return {**known, **changes}


@contextmanager
def session(alias: str = "default", **changes: Any) -> Iterator[Any]:
    """Connect as somebody else; gives a cursor outside any transaction."""
    with closing(psycopg2.connect(**parameters(alias, **changes))) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            yield cursor


def ask(statement: str, *params: object, alias: str = "default", **changes: Any) -> list[tuple[Any, ...]]:
    """Ask a database, past Django."""
    with session(alias, **changes) as cursor:
        cursor.execute(statement, params)
        return list(cursor.fetchall()) if cursor.description else []


def schemas(alias: str = "default") -> set[str]:
    """Return the schemas of tenants in a database: those with a mark."""
    rows = ask(
        "SELECT nspname FROM pg_namespace WHERE obj_description(oid, 'pg_namespace') LIKE 'omnitenant: %%'", alias=alias
    )
    return {name for (name,) in rows}


def databases(alias: str = "default") -> set[str]:
    """Return the databases of tenants on a server: those with a mark, and those that were not finished."""
    rows = ask(
        "SELECT datname FROM pg_database WHERE shobj_description(oid, 'pg_database') LIKE 'omnitenant: %%' "
        "OR datname LIKE 'omnitenant_new%%'",
        alias=alias,
        dbname="postgres",
    )
    return {name for (name,) in rows}


def roles(alias: str = "default") -> set[str]:
    """Return the roles of a server."""
    rows = ask("SELECT rolname FROM pg_roles WHERE rolname !~ '^pg_'", alias=alias, dbname="postgres")
    return {name for (name,) in rows} - {"postgres"}


def tables(schema: str, alias: str = "default") -> set[str]:
    """Return the tables of a schema."""
    return {name for (name,) in ask("SELECT tablename FROM pg_tables WHERE schemaname = %s", schema, alias=alias)}


def configured(**values: Any) -> override_settings:
    """Change ``OMNITENANT_CONFIG`` for the length of a block."""
    return override_settings(OMNITENANT_CONFIG={**settings.OMNITENANT_CONFIG, **values})


@contextmanager
def rewired(alias: str, **values: Any) -> Iterator[None]:
    """Let the connection to a database be made in another way for the length of a block."""
    wrapper = connections[alias]
    before = {name: wrapper.settings_dict[name] for name in (*values, "OPTIONS")}
    options = before["OPTIONS"]
    # A pool would try for half a minute to reach a server that is not there.
    patience = {"pool": {**options["pool"], "timeout": 3}} if "pool" in options else {}
    _hang_up(wrapper)
    wrapper.settings_dict.update(values, OPTIONS={**options, **patience})
    try:
        yield
    finally:
        _hang_up(wrapper)
        wrapper.settings_dict.update(before)


def _hang_up(wrapper: Any) -> None:
    wrapper.close()
    if wrapper.settings_dict["OPTIONS"].get("pool"):
        wrapper.close_pool()
