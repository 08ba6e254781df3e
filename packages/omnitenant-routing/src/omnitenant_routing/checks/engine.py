"""Checks of the PostgreSQL engine: what in ``DATABASES`` works against it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.core.checks import CheckMessage, Error, Warning  # noqa: A004 - Django's name
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connections, transaction

from omnitenant_context.context import TenantContext
from omnitenant_models.settings import SETTING_NAME, omnitenant_settings
from omnitenant_models.tenants import IsolationType
from omnitenant_models.utils import get_tenant_model
from omnitenant_routing.places import master_key
from omnitenant_routing.postgresql.pooler import POOLED_KEY

__all__ = ["check_engine", "check_schema_databases"]

_ENGINES = ("omnitenant_routing.postgresql", "django_omnitenant.backends.postgresql")


def check_engine(app_configs: Any = None, **_: Any) -> list[CheckMessage]:
    """Report options of databases that work against an engine whose statements carry the search path."""
    found: list[CheckMessage] = []
    base = omnitenant_settings.POSTGRES_BASE_ENGINE
    if base in _ENGINES:
        found.append(
            Error(
                f"{SETTING_NAME}['POSTGRES_BASE_ENGINE'] is {base!r}, the engine that is built on it.",
                hint="Name the engine to build on, such as 'django.db.backends.postgresql'.",
                id="omnitenant_routing.E006",
            )
        )
        return found  # no connection can be made
    for alias, settings in connections.settings.items():
        if settings["ENGINE"] in _ENGINES:
            found += _of_options(alias, settings)
    return found


def check_schema_databases(
    app_configs: Any = None, databases: Sequence[str] | None = None, **_: Any
) -> list[CheckMessage]:
    """Report databases with SCHEMA tenants whose engine does not switch between schemas.

    Asks the master for such tenants: it runs where databases are checked, such as before ``migrate``.
    """
    if not databases or omnitenant_settings.MASTER_DB_ALIAS not in databases:
        return []
    return [
        Error(
            f"Tenants of the type SCHEMA live in the database {alias!r}, and its engine "
            f"{connections.settings[alias]['ENGINE']!r} works in the public schema, whoever is active.",
            hint=f"Set DATABASES[{alias!r}]['ENGINE'] = {_ENGINES[0]!r}.",
            id="omnitenant_routing.E007",
        )
        for alias in sorted(_aliases_with_schemas())
        if alias in connections.settings and not getattr(connections[alias], "carries_schemas", False)
    ]


def _of_options(alias: str, settings: dict[str, Any]) -> Iterator[CheckMessage]:
    options = settings.get("OPTIONS", {})
    if "search_path" in str(options.get("options", "")):
        yield Warning(
            f"DATABASES[{alias!r}]['OPTIONS']['options'] sets search_path, which poolers drop or refuse, and which "
            "nobody and the master would work in, tenants not.",
            hint=f"Take it out; name further schemas in {SETTING_NAME}['EXTRA_SEARCH_PATH'], and those of the master "
            "with ALTER ROLE ... SET search_path.",
            id="omnitenant_routing.W008",
        )
    if options.get("prepare_threshold") is not None:
        yield Warning(
            f"DATABASES[{alias!r}]['OPTIONS']['prepare_threshold'] lets statements be prepared: while a migration goes "
            "from schema to schema they fail with 'cached plan must not change result type'.",
            hint="Take it out: Django's default prepares nothing.",
            id="omnitenant_routing.W009",
        )
    if settings.get(POOLED_KEY) and not settings.get("DISABLE_SERVER_SIDE_CURSORS"):
        yield Warning(
            f"DATABASES[{alias!r}] goes through a pooler, and iterator() outside of a transaction uses a cursor that "
            "stays behind on one of the pooler's connections.",
            hint=f"Set DATABASES[{alias!r}]['DISABLE_SERVER_SIDE_CURSORS'] = True.",
            id="omnitenant_routing.W010",
        )


def _aliases_with_schemas() -> set[str]:
    try:
        with TenantContext.use_master_db():
            rows = get_tenant_model()._base_manager.filter(isolation_type=IsolationType.SCHEMA)
            with transaction.atomic(using=rows.db):
                named = set(rows.values_list("config__db_alias", flat=True).distinct())
    except (ImproperlyConfigured, DatabaseError):  # no tenant model, or no table of it yet
        return set()
    return {master_key() if alias in {None, "", "master"} else str(alias) for alias in named}
