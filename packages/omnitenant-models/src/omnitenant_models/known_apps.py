"""The scope of well-known apps that say nothing about tenants themselves.

An app stands here when it is not TENANT like every other one: because infrastructure reads its tables from
outside any tenant (a worker's main process, a scheduler), or because its rows must agree for all tenants of a
database. ``MODEL_SCOPES`` in the settings overrides a row of this table.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

__all__ = ["KNOWN_APPS", "REASONS"]

REASONS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "contenttypes": ("shared", "ids of content types must agree for all tenants of a database"),
        "django_celery_beat": ("master", "the scheduler reads its tables with nobody active"),
        "django_celery_results": ("master", "a worker's main process stores results with nobody active"),
        "django_rq": ("master", "its workers read their tables with nobody active"),
        "django_tasks_database": ("master", "its worker polls one database"),
        "django_tasks_db": ("master", "its worker polls one database"),
    }
)
"""App label to (scope, why)."""

KNOWN_APPS: Final[Mapping[str, str]] = MappingProxyType({label: scope for label, (scope, _) in REASONS.items()})
"""App label to scope."""
