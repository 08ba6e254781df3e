"""Whether a connection can serve tenants at all: its engine, its options, and what stands between."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from omnitenant_models.tenants import IsolationType
from omnitenant_models.utils import get_tenant_model
from omnitenant_routing.doctor.findings import Finding, Level
from omnitenant_routing.postgresql.pooler import POOLED_KEY, is_direct

__all__ = ["examine_engine"]

_ENGINE = "omnitenant_routing.postgresql"


def examine_engine(connection: Any, where: str) -> Iterator[Finding]:
    """Look at a connection to PostgreSQL."""
    settings = connection.settings_dict
    if not getattr(connection, "carries_schemas", False) and _has_schemas():
        yield Finding(
            "engine.stock",
            Level.ERROR,
            where,
            f"the engine is {settings['ENGINE']!r}, and there are SCHEMA tenants: their statements would find no table",
            f"use the engine {_ENGINE!r}",
        )
    options = str(settings.get("OPTIONS", {}).get("options") or "")
    if "search_path" in options:
        yield Finding(
            "engine.search_path",
            Level.WARNING,
            where,
            "OPTIONS['options'] sets search_path, which poolers drop and which tells other tables to master and nobody",
            "take it out; further schemas belong into OMNITENANT_CONFIG['EXTRA_SEARCH_PATH']",
        )
    if settings.get("DISABLE_SERVER_SIDE_CURSORS"):
        return
    connection.ensure_connection()
    if not is_direct(connection.connection, settings.get(POOLED_KEY)):
        yield Finding(
            "engine.pooler",
            Level.ERROR,
            where,
            "the connection leads through a pooler, and iterator() uses cursors that live longer than a transaction",
            "set DISABLE_SERVER_SIDE_CURSORS to True for this alias",
        )


def _has_schemas() -> bool:
    return bool(get_tenant_model()._base_manager.filter(isolation_type=IsolationType.SCHEMA).exists())
