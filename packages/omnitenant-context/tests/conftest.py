"""Two customers, and the promise that no test leaves one of them active."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from omnitenant_context.errors import TenantInactiveError
from omnitenant_context.loaders import register_loader
from omnitenant_context.testing import no_tenant_left

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omnitenant_context.scope import Tenant


class Guarded:
    """A customer that answers for itself whether it may be entered."""

    def __init__(self, tenant_id: str, state: str) -> None:
        self.tenant_id = tenant_id
        self.state = state
        self.asked: list[bool] = []

    def check_active(self, *, allow_inactive: bool) -> None:
        """Refuse unless active or allowed."""
        self.asked.append(allow_inactive)
        if self.state != "active" and not allow_inactive:
            message = f"tenant {self.tenant_id!r} is {self.state}; resume it first"
            raise TenantInactiveError(message, tenant_id=self.tenant_id, state=self.state)


@pytest.fixture(autouse=True)
def _no_tenant_left() -> Iterator[None]:
    """Fail the test that leaves something active."""
    with no_tenant_left():
        yield


@pytest.fixture(name="acme")
def _acme() -> Tenant:
    """Give a tenant without a check."""
    return SimpleNamespace(tenant_id="acme")


@pytest.fixture(name="bolt")
def _bolt() -> Tenant:
    """Give another tenant without a check."""
    return SimpleNamespace(tenant_id="bolt")


@pytest.fixture(name="suspended")
def _suspended() -> Guarded:
    """Give a tenant that refuses to be entered until its state is set to active."""
    return Guarded("sleepy", "suspended")


@pytest.fixture(name="directory")
def _directory(acme: Tenant, bolt: Tenant, suspended: Guarded) -> Iterator[dict[str, Tenant]]:
    """Register a loader that knows three tenants, for as long as the test runs."""
    tenants: dict[str, Tenant] = {each.tenant_id: each for each in (acme, bolt, suspended)}
    register_loader(tenants.get)
    yield tenants
    register_loader(None)
