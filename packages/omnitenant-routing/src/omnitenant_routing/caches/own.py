"""Caches of tenants' own: CACHE tenants may have one in place of the cache that everybody uses.

``config["cache_config"]`` is laid over the entry of ``CACHES`` that ``MASTER_CACHE_ALIAS`` names. Such caches are made
when they are first needed, shared by all threads of a process, and the least recently used ones are let go beyond a
budget: a tenant's own Redis means connections of its own.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from difflib import get_close_matches
from threading import RLock
from typing import TYPE_CHECKING, Any, Final

from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed
from django.utils.module_loading import import_string

from omnitenant_context.errors import ProvisioningError
from omnitenant_models.settings import omnitenant_settings
from omnitenant_models.tenants import IsolationType
from omnitenant_routing.databases.secrets import resolve

if TYPE_CHECKING:
    from omnitenant_routing.caches.mixin import TenantCacheMixin

__all__ = ["CONFIG", "forget_own_cache", "own_cache_of", "own_entry"]

CONFIG: Final = "cache_config"

_KNOWN: Final = (
    "BACKEND",
    "LOCATION",
    "TIMEOUT",
    "OPTIONS",
    "KEY_PREFIX",
    "VERSION",
    "TENANT_CLEAR",
    "TENANT_CLEAR_BATCH",
    "TENANT_GENERATION_SECONDS",
)

# tenant_id -> (the entry it was made from, the cache), the least recently used first.
_made: OrderedDict[str, tuple[dict[str, Any], TenantCacheMixin]] = OrderedDict()
_lock = RLock()


def own_cache_of(tenant: Any, base: TenantCacheMixin) -> TenantCacheMixin | None:
    """Return the own cache of a tenant; None where it uses everybody's, in which its entries are its own.

    Connects to nothing.

    Args:
        tenant: any tenant.
        base: the cache whose place it takes.

    Raises:
        ProvisioningError: the tenant's configuration is wrong.
    """
    entry = own_entry(tenant, base)
    if entry is None:
        return None
    tenant_id: str = tenant.tenant_id
    with _lock:
        known = _made.get(tenant_id)
        if known is not None and known[0] == entry:
            _made.move_to_end(tenant_id)
            return known[1]
        if known is not None:
            known[1].release()
        made = _make(entry, tenant_id)
        _made[tenant_id] = (entry, made)
        _made.move_to_end(tenant_id)
        while len(_made) > max(1, omnitenant_settings.MAX_TENANT_CACHES):
            _made.popitem(last=False)[1][1].release()
        return made


def own_entry(tenant: Any, base: TenantCacheMixin) -> dict[str, Any] | None:
    """Return what a tenant's own cache is made from, in the form of an entry of ``CACHES``.

    Args:
        tenant: any tenant.
        base: the cache whose place it takes.

    Raises:
        ProvisioningError: the configuration is no dictionary, has an unknown key, or a secret in it cannot be read.
    """
    if getattr(tenant, "isolation", None) is not IsolationType.CACHE:
        return None
    tenant_id: str = tenant.tenant_id
    config = tenant.config.get(CONFIG) or {}
    if not isinstance(config, Mapping):
        message = (
            f"config[{CONFIG!r}] of tenant {tenant_id!r} is {type(config).__name__}, not a dictionary; write it like "
            "an entry of CACHES"
        )
        raise ProvisioningError(message, tenant_id=tenant_id)
    own = {str(name).upper(): _resolved(value, tenant_id) for name, value in config.items()}
    for name in own:
        _refuse_unknown(name, tenant_id)
    entry = {**base.entry, **own}
    if own.get("BACKEND") and "OPTIONS" not in own:
        entry["OPTIONS"] = {}  # another backend does not understand them
    if not own.get("LOCATION"):
        location = base.own_location(tenant_id)
        if location is None and not own:
            return None
        entry["LOCATION"] = location or entry["LOCATION"]
    return entry


def forget_own_cache(tenant_id: str) -> None:
    """Let go of the own cache of a tenant that is gone, its entries having been removed."""
    with _lock:
        known = _made.pop(tenant_id, None)
    if known is not None:
        known[1].drop()


def _make(entry: dict[str, Any], tenant_id: str) -> TenantCacheMixin:
    from omnitenant_routing.caches.mixin import TenantCacheMixin

    params = {**entry, "OPTIONS": dict(entry.get("OPTIONS") or {})}  # which some backends add to
    backend, location = params.pop("BACKEND"), params.pop("LOCATION")
    try:
        kind = import_string(backend) if isinstance(backend, str) else backend
    except ImportError as error:
        message = f"config[{CONFIG!r}]['BACKEND'] of tenant {tenant_id!r} is {backend!r}, which cannot be imported"
        raise ProvisioningError(message, tenant_id=tenant_id) from error
    if not (isinstance(kind, type) and issubclass(kind, TenantCacheMixin)):
        message = (
            f"config[{CONFIG!r}]['BACKEND'] of tenant {tenant_id!r} is {backend!r}, which knows no tenants; use a "
            "backend of omnitenant_routing.caches, or one with its TenantCacheMixin"
        )
        raise ProvisioningError(message, tenant_id=tenant_id)
    try:
        return kind(location, params, own=True)
    except (ImproperlyConfigured, TypeError, ValueError) as error:
        message = f"config[{CONFIG!r}] of tenant {tenant_id!r} makes no cache: {error}"
        raise ProvisioningError(message, tenant_id=tenant_id) from error


def _resolved(value: Any, tenant_id: str) -> Any:
    value = resolve(value, tenant_id=tenant_id)
    if isinstance(value, Mapping):
        return {name: _resolved(item, tenant_id) for name, item in value.items()}
    if isinstance(value, list):
        return [_resolved(item, tenant_id) for item in value]
    return value


def _refuse_unknown(name: str, tenant_id: str) -> None:
    if name in _KNOWN:
        return
    near = get_close_matches(name, _KNOWN, n=1)
    remedy = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(_KNOWN)}"
    if name in {"KEY_FUNCTION", "REVERSE_KEY_FUNCTION"}:
        remedy = "keys are made by the backend, so that tenants that share a server stay apart"
    message = f"config[{CONFIG!r}] of tenant {tenant_id!r} has a key {name!r} that it cannot have; {remedy}"
    raise ProvisioningError(message, tenant_id=tenant_id)


def _forget_all(*, setting: str, **_: object) -> None:
    if setting == "CACHES":
        with _lock:
            _made.clear()


setting_changed.connect(_forget_all, dispatch_uid="omnitenant_routing.caches.own")
