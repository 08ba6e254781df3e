"""``resumetenant``: opens suspended tenants again."""

from __future__ import annotations

from omnitenant_models.tenants import BaseTenant
from omnitenant_routing.management._switch import SwitchCommand
from omnitenant_routing.provisioning import resume

__all__ = ["Command"]


class Command(SwitchCommand):
    """Undoes ``suspendtenant``."""

    help = "Opens suspended tenants to their users again."
    done = "resumed"
    to_open = True

    def move(self, tenant: BaseTenant) -> None:
        """Resume one tenant."""
        resume(tenant)
