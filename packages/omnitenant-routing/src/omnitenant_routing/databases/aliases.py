"""The aliases of DATABASE tenants: registered when first needed, never listed in ``DATABASES``.

Django loops over the aliases in its settings (``ATOMIC_REQUESTS`` opens a transaction on each, a test case
connects to each), so the databases of tenants stand in a registry of their own.
"""

from __future__ import annotations

import copy
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import parse_qs, urlsplit

from django.db import connections
from django.db.backends.base.creation import TEST_DATABASE_PREFIX
from django.utils.connection import ConnectionDoesNotExist

from omnitenant_context.errors import ProvisioningError, TenantNotFound
from omnitenant_context.loaders import load_tenant
from omnitenant_models.settings import omnitenant_settings
from omnitenant_routing.databases.secrets import resolve
from omnitenant_routing.postgresql.pooler import POOLED_KEY

if TYPE_CHECKING:
    from omnitenant_models.tenants import BaseTenant

__all__ = [
    "alias_of",
    "beside",
    "build_settings",
    "forget_tenant",
    "is_in_memory",
    "is_tenant_alias",
    "register_tenant",
    "settings_of",
]

PREFIX: Final = "tenant:"
SQLITE: Final = "django.db.backends.sqlite3"
MASTER: Final = "master"

# alias -> (the config it was built from, the settings). Entries are replaced as a whole.
_registry: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {}


def alias_of(tenant_id: str) -> str:
    """Return the alias of the database of a tenant; the colon keeps it apart from keys of ``DATABASES``."""
    return PREFIX + tenant_id


def is_tenant_alias(alias: str) -> bool:
    """Tell whether an alias is that of a tenant's own database."""
    return alias.startswith(PREFIX)


def register_tenant(tenant: BaseTenant) -> tuple[str, dict[str, Any]]:
    """Make the database of a tenant known to this process. Connects to nothing.

    A changed ``config`` replaces the settings; open connections made from the old ones are closed when they
    are next asked for.

    Returns:
        The alias, and the settings of this very instance: another one that is older or newer may register the
        same alias while this one is active.
    """
    alias = alias_of(tenant.tenant_id)
    # With the key: a tenant deleted and made again by another process has another database of the same name.
    config = {
        "pk": tenant.pk,
        "db_config": tenant.config.get("db_config") or {},
        "db_alias": tenant.config.get("db_alias"),
    }
    known = _registry.get(alias)
    if known is None or known[0] != config:
        known = _registry[alias] = (copy.deepcopy(config), build_settings(tenant))
    return alias, known[1]


def forget_tenant(tenant_id: str) -> None:
    """Drop what is known about the database of a tenant that is gone."""
    _registry.pop(alias_of(tenant_id), None)


def settings_of(alias: str) -> dict[str, Any]:
    """Return the connection settings behind the alias of a tenant.

    A process that has not met the tenant yet loads it.

    Raises:
        ConnectionDoesNotExist: no tenant has this alias.
    """
    known = _registry.get(alias)
    if known is None:
        tenant_id = alias.removeprefix(PREFIX)
        try:
            register_tenant(cast("BaseTenant", load_tenant(tenant_id)))
        except TenantNotFound as error:
            message = f"the connection {alias!r} doesn't exist: {error}"
            raise ConnectionDoesNotExist(message) from error
        known = _registry[alias]
    return known[1]


def build_settings(tenant: BaseTenant) -> dict[str, Any]:
    """Lay a tenant's ``config['db_config']`` over the settings of the database beside which it lives.

    That is the one of ``config['db_alias']``, or else the master's.

    Args:
        tenant: a DATABASE tenant. Keys of its ``db_config`` may be written in any case. ``NAME`` defaults to
            the tenant's id, on SQLite to a file beside the master's.

    Raises:
        ProvisioningError: the configuration is no dictionary, names a database that does not exist, or a secret
            in it cannot be read.
    """
    config = tenant.config.get("db_config") or {}
    if not isinstance(config, dict):
        message = (
            f"config['db_config'] of tenant {tenant.tenant_id!r} is {type(config).__name__}, not a "
            "dictionary; write it like an entry of DATABASES"
        )
        raise ProvisioningError(message, tenant_id=tenant.tenant_id)
    own = {str(key).upper(): resolve(value, tenant_id=tenant.tenant_id) for key, value in config.items()}
    master = beside(tenant)
    settings: dict[str, Any] = copy.deepcopy(dict(master))
    _refuse_unknown(own, settings, tenant.tenant_id)
    if own.get("ENGINE", master["ENGINE"]) != master["ENGINE"]:
        if own["ENGINE"] != SQLITE and not own.get("NAME"):
            message = (
                f"config['db_config'] of tenant {tenant.tenant_id!r} names the engine {own['ENGINE']!r} and "
                "lacks 'NAME'; name the database"
            )
            raise ProvisioningError(message, tenant_id=tenant.tenant_id)
        # Another engine understands neither the master's options nor its address.
        settings.update({"OPTIONS": {}, "NAME": "", "USER": "", "PASSWORD": "", "HOST": "", "PORT": ""})
    settings.update(own)
    settings["NAME"] = own.get("NAME") or tenant.tenant_id
    settings["PORT"] = str(settings["PORT"] or "")
    if settings["ENGINE"] == SQLITE:
        settings["NAME"] = _sqlite_name(str(own.get("NAME") or ""), tenant.tenant_id, master)
    elif _is_of_a_test(master):
        # A test run has a master of its own; its tenants must not be those of the real one.
        settings["NAME"] = f"{master['NAME']}_{settings['NAME']}"
    if "OPTIONS" not in own:
        # A pool of each tenant's own would keep connections beyond what all of them together may have.
        settings["OPTIONS"].pop("pool", None)
    return settings


def beside(tenant: BaseTenant) -> dict[str, Any]:
    """Return the settings of the database beside which a DATABASE tenant has its own: on the same server, at first.

    Raises:
        ProvisioningError: ``config['db_alias']`` is no key of ``DATABASES``.
    """
    alias = tenant.config.get("db_alias") or omnitenant_settings.MASTER_DB_ALIAS
    if alias == MASTER:
        alias = omnitenant_settings.MASTER_DB_ALIAS
    try:
        found: dict[str, Any] = connections.settings[alias]
    except (KeyError, TypeError):
        known = ", ".join(repr(each) for each in connections.settings)
        message = (
            f"config['db_alias'] of tenant {tenant.tenant_id!r} is {alias!r}, which is no key of DATABASES; use {known}"
        )
        raise ProvisioningError(message, tenant_id=tenant.tenant_id) from None
    return found


def is_in_memory(name: str) -> bool:
    """Tell whether an SQLite NAME is a database in memory: by its query alone, whatever its path says."""
    if name == ":memory:":
        return True
    return name.startswith("file:") and parse_qs(urlsplit(name).query).get("mode") == ["memory"]


def _refuse_unknown(own: dict[str, Any], known: dict[str, Any], tenant_id: str) -> None:
    for name in own:
        if name not in known and name not in {"DISABLE_SERVER_SIDE_CURSORS", POOLED_KEY}:
            near = get_close_matches(name, known, n=1)
            remedy = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(known)}"
            message = f"config['db_config'] of tenant {tenant_id!r} has an unknown key {name!r}; {remedy}"
            raise ProvisioningError(message, tenant_id=tenant_id)


def _is_of_a_test(settings: dict[str, Any]) -> bool:
    name = str(settings["NAME"])
    return name.startswith(TEST_DATABASE_PREFIX) or name == (settings.get("TEST") or {}).get("NAME")


def _sqlite_name(name: str, tenant_id: str, master: dict[str, Any]) -> str:
    master_name = str(master["NAME"])
    if name.startswith("file:") and not is_in_memory(name):
        message = (
            f"config['db_config']['NAME'] of tenant {tenant_id!r} is the URI {name!r}, behind which any file may "
            "stand; write the path of the file"
        )
        raise ProvisioningError(message, tenant_id=tenant_id)
    if name.startswith("file:") or Path(name).is_absolute():
        return name
    if master["ENGINE"] == SQLITE:
        if is_in_memory(master_name):
            # A test run keeps the master in memory; its tenants must not leave files behind. Django's own name
            # for the test database of an alias, memorydb_<alias>, is kept out of reach of a tenant's id.
            return f"file:omnitenant_{tenant_id}?mode=memory&cache=shared"
        folder = Path(master_name).absolute().parent
    else:
        folder = Path.cwd()
    return str(folder / (name or f"{tenant_id}.sqlite3"))
