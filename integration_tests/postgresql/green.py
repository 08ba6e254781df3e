"""Greenlets on connections of psycopg2 that wait by gevent: each must see its own schema."""

from __future__ import annotations

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from gevent import monkey

    monkey.patch_all()

import os
import sys

import gevent
from gevent.socket import wait_read, wait_write

os.environ["DJANGO_SETTINGS_MODULE"] = "postgresql_settings"
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))  # noqa: PTH100, PTH120 - before pathlib

import django
from psycopg2 import extensions


def wait(connection: extensions.connection, timeout: float | None = None) -> None:
    """Let others work until the server has answered."""
    while (state := connection.poll()) != extensions.POLL_OK:
        (wait_read if state == extensions.POLL_READ else wait_write)(connection.fileno(), timeout=timeout)


def main() -> None:
    """Look from a dozen greenlets, each in a schema of its own."""
    from django.db import connection, connections, transaction

    from omnitenant_context.context import TenantContext
    from postgresql_settings import FIRST

    names = [f"green{number}" for number in range(12)]
    FIRST.create_database("green")
    try:
        for name in names:
            FIRST.execute(f"CREATE SCHEMA {name}; CREATE TABLE {name}.who AS SELECT '{name}' AS name", database="green")
        connections.settings["default"]["NAME"] = "green"
        extensions.set_wait_callback(wait)
        wrong: list[object] = []

        def look(name: str) -> None:
            try:
                with TenantContext.use_schema(name):
                    for _ in range(5):
                        with connection.cursor() as cursor:
                            cursor.execute("SELECT name, pg_sleep(0.002) FROM who WHERE name <> %s", ["x"])
                            wrong.extend({cursor.fetchone()[0]} - {name})
                        with transaction.atomic(), connection.cursor() as cursor:
                            cursor.execute("SELECT name FROM who")
                            wrong.extend({cursor.fetchone()[0]} - {name})
            finally:
                connections.close_all()

        greenlets = [gevent.spawn(look, name) for name in names]
        gevent.joinall(greenlets, raise_error=True)
        print(f"{len(greenlets)} greenlets, {len(wrong)} wrong")  # noqa: T201 - the test reads it
    finally:
        extensions.set_wait_callback(None)
        FIRST.execute("DROP DATABASE green WITH (FORCE)")


if __name__ == "__main__":
    django.setup()
    main()
