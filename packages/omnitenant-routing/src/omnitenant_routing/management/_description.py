"""What the commands tell about a tenant; nothing of it is secret."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from omnitenant_context.errors import OmnitenantError
from omnitenant_models.utils import get_domain_model
from omnitenant_routing.databases.aliases import SQLITE, is_tenant_alias, settings_of
from omnitenant_routing.databases.secrets import redact
from omnitenant_routing.management._output import one_line
from omnitenant_routing.places import place_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omnitenant_models.tenants import BaseTenant

__all__ = ["describe", "describe_all", "place_text"]


def describe_all(tenants: Sequence[BaseTenant]) -> list[dict[str, Any]]:
    """Describe tenants, each with its domains; two statements, however many they are."""
    domains: dict[Any, list[str]] = {}
    rows = get_domain_model()._base_manager.order_by("domain")
    for owner, domain in rows.values_list("tenant", "domain"):
        domains.setdefault(owner, []).append(domain)
    return [describe(tenant, domains.get(tenant.pk, [])) for tenant in tenants]


def describe(tenant: BaseTenant, domains: list[str]) -> dict[str, Any]:
    """Describe one tenant."""
    return {
        "tenant_id": tenant.tenant_id,
        "name": tenant.name,
        "isolation": str(tenant.isolation_type),
        "state": str(tenant.state),
        "place": _place(tenant),
        "domains": domains,
        "config": redact(tenant.config),
    }


def place_text(place: dict[str, Any]) -> str:
    """Return a place as one short text."""
    if "error" in place:
        return "?"
    text = str(place["alias"])
    if "database" in place:
        text = str(place["database"])
        if place.get("host"):
            text += f" on {place['host']}"
    return text + (f", schema {place['schema']}" if place["schema"] else "")


def _place(tenant: BaseTenant) -> dict[str, Any]:
    try:
        place = place_of(tenant)
    except (OmnitenantError, ValueError) as error:
        # A secret that cannot be read here, or a wrong isolation type, is still worth a line.
        return {"error": one_line(error)}
    found: dict[str, Any] = {"alias": place.alias, "schema": place.schema}
    if is_tenant_alias(place.alias):
        settings = settings_of(place.alias)
        name = str(settings["NAME"])
        if settings["ENGINE"] == SQLITE:
            return found | {"database": _beside_master(name)}
        found |= {"database": name, "host": str(settings.get("HOST") or "")}
    return found


def _beside_master(name: str) -> str:
    """Return a path relative to where it is run, when it is below."""
    path = Path(name)
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else name
