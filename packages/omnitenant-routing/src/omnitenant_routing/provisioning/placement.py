"""Beside which database a new tenant gets its place: a rule of the project's, asked once in a tenant's life."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from django.db import connections
from django.utils.module_loading import import_string

from omnitenant_context.errors import ProvisioningError
from omnitenant_models.settings import SETTING_NAME, omnitenant_settings
from omnitenant_models.tenants import IsolationType, TenantState
from omnitenant_models.utils import get_tenant_model
from omnitenant_routing.places import MASTER_ALIAS, master_key

if TYPE_CHECKING:
    from omnitenant_models.tenants import BaseTenant

__all__ = ["fewest_tenants", "settle"]


def settle(tenant: BaseTenant) -> bool:
    """Ask the rule ``PLACEMENT`` where a new tenant goes, and note the answer in ``config['db_alias']``.

    A tenant whose configuration says so itself (``db_alias``, or the ``HOST`` of its database) is not asked for,
    nor is one that has its place, or shares that of all.

    Args:
        tenant: saved or not. Only the instance is changed.

    Returns:
        Whether the configuration was changed.

    Raises:
        ProvisioningError: the rule names no database of ``DATABASES``.
    """
    rule = omnitenant_settings.PLACEMENT
    if not rule or tenant.state != TenantState.PENDING or not tenant.isolation.needs_place or _is_settled(tenant):
        return False
    alias = import_string(rule)(tenant)
    if alias is None or alias in {MASTER_ALIAS, master_key()}:
        return False  # as everybody is of whom nothing is said
    if alias not in connections.settings:
        known = ", ".join(repr(each) for each in connections.settings)
        message = (
            f"{SETTING_NAME}['PLACEMENT'] ({rule}) puts tenant {tenant.tenant_id!r} into database {alias!r}, which is "
            f"no key of DATABASES; let it return one of {known}, or None for the master's"
        )
        raise ProvisioningError(message, tenant_id=tenant.tenant_id)
    tenant.config = {**tenant.config, "db_alias": alias}
    return True


def fewest_tenants(tenant: BaseTenant) -> str:
    """Return the database with the fewest tenants: the master's, or one of ``TENANT_DB_ALIASES``.

    A rule to begin with: ``"PLACEMENT": "omnitenant_routing.provisioning.placement.fewest_tenants"``.

    Args:
        tenant: the new tenant.
    """
    placed = (
        get_tenant_model()
        ._base_manager.using(MASTER_ALIAS)
        .filter(isolation_type__in=[each for each in IsolationType if each.needs_place])
    )
    configs = placed.exclude(pk=tenant.pk).values_list("config", flat=True)
    counts = Counter(config.get("db_alias") or master_key() for config in configs)
    return min((master_key(), *omnitenant_settings.TENANT_DB_ALIASES), key=lambda alias: counts[alias])


def _is_settled(tenant: BaseTenant) -> bool:
    if tenant.config.get("db_alias"):
        return True
    database = tenant.config.get("db_config")
    return isinstance(database, dict) and any(str(key).upper() == "HOST" and database[key] for key in database)
