"""The worlds: which database, and how the tenants are isolated in it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import django

__all__ = ["WORLDS", "Place", "databases"]

_ALWAYS = frozenset({"fetch-modes"} if django.VERSION >= (6, 1) else ())
"""What this version of Django has."""


class Place(NamedTuple):
    """Where a world stands.

    Attributes:
        vendor: the kind of database.
        isolation: the isolation type of both tenants.
        features: what probes may ask for.
        essential: only the essential probes are put to it.
    """

    vendor: str
    isolation: str
    features: frozenset[str]
    essential: bool = False


WORLDS = {
    "sqlite": Place("sqlite", "table", _ALWAYS | {"shared", "sqlite"}),
    "postgresql": Place("postgresql", "table", _ALWAYS | {"shared", "postgresql"}),
    "sqlite-database": Place("sqlite", "database", _ALWAYS | {"own", "database", "sqlite"}, essential=True),
    "postgresql-schema": Place("postgresql", "schema", _ALWAYS | {"own", "schema", "postgresql"}, essential=True),
    "postgresql-database": Place("postgresql", "database", _ALWAYS | {"own", "database", "postgresql"}, essential=True),
}


@contextmanager
def databases(place: Place) -> Iterator[dict[str, Any]]:
    """Give ``DATABASES`` for a world; what was made for it is gone afterwards."""
    if place.vendor == "sqlite":
        with tempfile.TemporaryDirectory(prefix="torture-") as folder:
            name = Path(folder) / "master.sqlite3"
            # Writers in threads wait for each other.
            options = {"timeout": 20, "transaction_mode": "IMMEDIATE"}
            yield {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": name, "OPTIONS": options}}
        return
    from servers import postgres_server

    with postgres_server() as server:
        server.create_database("torture")
        yield {"default": server.settings("torture", ENGINE="omnitenant_routing.postgresql")}
