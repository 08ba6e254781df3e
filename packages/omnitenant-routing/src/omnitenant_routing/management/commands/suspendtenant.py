"""``suspendtenant``: closes tenants to their users; data stays."""

from __future__ import annotations

from omnitenant_models.tenants import BaseTenant
from omnitenant_routing.management._switch import SwitchCommand
from omnitenant_routing.provisioning import suspend

__all__ = ["Command"]


class Command(SwitchCommand):
    """Requests are answered with 503 and entering is refused, until ``resumetenant``."""

    help = "Suspends tenants: their users are turned away, their data stays."
    done = "suspended"
    to_open = False

    def move(self, tenant: BaseTenant) -> None:
        """Suspend one tenant."""
        suspend(tenant)
