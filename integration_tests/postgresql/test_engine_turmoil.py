"""Threads that switch at random behind a pooler: nothing may be wrong, missing or misplaced."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from drivers import driver
from omnitenant_routing.postgresql.identifiers import quoted
from pgbouncer import PROGRAM, pgbouncer
from postgresql_settings import FIRST
from proxy import Proxy

HERE = Path(__file__).resolve().parent
SCHEMAS = ["public", *(f't"%{number}' for number in range(20))]


def walk(host: str, port: int, database: str, *arguments: str) -> dict[str, Any]:
    """Let a process of its own walk; returns what it tells."""
    command = [sys.executable, str(HERE / "turmoil.py"), host, str(port), database, "--driver", driver(), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300, cwd=HERE)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1]) if done.stdout else {}


def differences(database: str, committed: list[list[str]]) -> dict[str, int]:
    """Compare what stands in the schemas with what was committed for each."""
    wanted = defaultdict(set)
    for schema, token in committed:
        wanted[schema].add(token)
    counts = {"missing": 0, "extra": 0, "misplaced": 0}
    for schema in SCHEMAS:
        rows = FIRST.execute(f"SELECT owner, token FROM {quoted(schema)}.ledger_entry", database=database)
        found = {token for _, token in rows}
        counts["misplaced"] += sum(owner != schema for owner, _ in rows)
        counts["missing"] += len(wanted[schema] - found)
        counts["extra"] += len(found - wanted[schema])
    return counts


@pytest.fixture(name="database")
def _a_database_of_twenty_schemas() -> Iterator[str]:
    """Make one with the tables of the ledger in each schema, and drop it afterwards."""
    name = f"turmoil-{driver()}"
    FIRST.create_database(name)
    try:
        walk(FIRST.host, FIRST.port, name, "--prepare")
        yield name
    finally:
        FIRST.execute(f"DROP DATABASE {quoted(name)} WITH (FORCE)")


def test_behind_a_pooler(database: str) -> None:
    """Eight threads share two server connections, which change after every transaction."""
    with Proxy(FIRST.host, FIRST.port, pool=2) as proxy:
        told = walk(proxy.host, proxy.port, database, "--pooled", "--steps", "100")
    assert told["wrong"] == []
    assert differences(database, told["committed"]) == {"missing": 0, "extra": 0, "misplaced": 0}
    assert told["done"]["checks"] > 4000
    assert len(told["committed"]) > 400


def test_on_direct_connections(database: str) -> None:
    """With cursors of the server, and statements that refuse a transaction."""
    told = walk(FIRST.host, FIRST.port, database, "--steps", "100", "--threads", "4")
    assert told["wrong"] == []
    assert differences(database, told["committed"]) == {"missing": 0, "extra": 0, "misplaced": 0}


def test_an_engine_that_remembers_fails_behind_a_pooler(database: str) -> None:
    """The walk would notice: the control sets the path for the session, and keeps in mind what it has set."""
    with Proxy(FIRST.host, FIRST.port, pool=2) as proxy:
        told = walk(proxy.host, proxy.port, database, "--pooled", "--engine", "session_engine")
    counts = differences(database, told["committed"])
    assert any(" in " in each and "wanted" in each for each in told["wrong"])
    assert counts["misplaced"] > 0
    assert counts["missing"] > 0


if PROGRAM is not None:

    @pytest.mark.parametrize("settings", [{}, {"server_reset_query_always": 1}], ids=["plain", "resetting"])
    def test_behind_a_real_pgbouncer(database: str, settings: dict[str, object]) -> None:
        """As with the proxy, in transaction mode on two server connections."""
        with pgbouncer(FIRST, **settings) as (host, port):
            told = walk(host, port, database, "--pooled", "--steps", "100")
        assert told["wrong"] == []
        assert differences(database, told["committed"]) == {"missing": 0, "extra": 0, "misplaced": 0}

    def test_an_engine_that_remembers_fails_behind_a_real_pgbouncer(database: str) -> None:
        """The control fails there, too."""
        with pgbouncer(FIRST) as (host, port):
            told = walk(host, port, database, "--pooled", "--engine", "session_engine", "--steps", "100")
        assert any(" in " in each and "wanted" in each for each in told["wrong"])
