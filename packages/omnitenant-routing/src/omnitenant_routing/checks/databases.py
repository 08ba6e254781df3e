"""Checks of ``DATABASES`` and ``DATABASE_ROUTERS``."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.db import DEFAULT_DB_ALIAS, connections, router
from django.utils.module_loading import import_string

from omnitenant_models.settings import SETTING_NAME, omnitenant_settings
from omnitenant_routing.places import MASTER_ALIAS
from omnitenant_routing.router import TenantRouter

__all__ = ["check_databases", "check_placement", "check_router"]


def check_router(app_configs: Any = None, **_: Any) -> list[CheckMessage]:
    """Report a missing :class:`TenantRouter`: without it every tenant's rows would be the master's."""
    if any(isinstance(each, TenantRouter) for each in router.routers):
        return []
    return [
        Error(
            "No TenantRouter is in DATABASE_ROUTERS, so every tenant would read and write the master.",
            hint="Set DATABASE_ROUTERS = ['django_omnitenant.routers.TenantRouter'].",
            id="omnitenant_routing.E001",
        )
    ]


def check_databases(app_configs: Any = None, **_: Any) -> list[CheckMessage]:
    """Report aliases in ``OMNITENANT_CONFIG`` that do not exist, and one that hides the master."""
    found: list[CheckMessage] = []
    known = ", ".join(repr(alias) for alias in connections)
    named = [(name, getattr(omnitenant_settings, name)) for name in ("MASTER_DB_ALIAS", "PUBLIC_DB_ALIAS")]
    named += [("TENANT_DB_ALIASES", alias) for alias in omnitenant_settings.TENANT_DB_ALIASES]
    named += [("REPLICAS", alias) for pair in omnitenant_settings.REPLICAS.items() for alias in pair]
    for name, alias in named:
        if alias is not None and alias not in connections.settings:
            found.append(
                Error(
                    f"{SETTING_NAME}[{name!r}] names {alias!r}, which is no key of DATABASES.",
                    hint=f"Use one of {known}.",
                    id="omnitenant_routing.E002",
                )
            )
    alias = omnitenant_settings.MASTER_CACHE_ALIAS
    if alias not in settings.CACHES:
        found.append(
            Error(
                f"{SETTING_NAME}['MASTER_CACHE_ALIAS'] is {alias!r}, which is no key of CACHES.",
                hint=f"Use one of {', '.join(repr(each) for each in settings.CACHES)}.",
                id="omnitenant_routing.E003",
            )
        )
    if MASTER_ALIAS in connections.settings and omnitenant_settings.MASTER_DB_ALIAS != MASTER_ALIAS:
        found.append(
            Error(
                f"DATABASES has a key {MASTER_ALIAS!r}, the name by which the master is reached, but the "
                f"master is {omnitenant_settings.MASTER_DB_ALIAS!r}.",
                hint=f"Rename that database, or set {SETTING_NAME}['MASTER_DB_ALIAS'] = {MASTER_ALIAS!r}.",
                id="omnitenant_routing.E004",
            )
        )
    for name, alias in named[1:]:
        if name != "REPLICAS" and alias == DEFAULT_DB_ALIAS != omnitenant_settings.MASTER_DB_ALIAS:
            found.append(
                Error(
                    f"{SETTING_NAME}[{name!r}] names {alias!r}, which means whatever place is active.",
                    hint="Give that database a key of its own in DATABASES.",
                    id="omnitenant_routing.E005",
                )
            )
    return found


def check_placement(app_configs: Any = None, **_: Any) -> list[CheckMessage]:
    """Report a rule of placement that cannot be imported: it would be missed with the next new tenant."""
    rule = omnitenant_settings.PLACEMENT
    if not rule:
        return []
    try:
        found = import_string(rule)
    except ImportError as error:
        problem = str(error)
    else:
        if callable(found):
            return []
        problem = f"it is {found!r}, which cannot be called"
    return [
        Error(
            f"{SETTING_NAME}['PLACEMENT'] is {rule!r}, which is no rule: {problem}.",
            hint="Name a function that takes a tenant and returns a key of DATABASES, or None.",
            id="omnitenant_routing.E011",
        )
    ]
