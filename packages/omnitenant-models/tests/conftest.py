"""What the tests of this package share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from asgiref.sync import async_to_sync
from django.test import Client

from omnitenant_context.context import TenantContext
from omnitenant_context.scope import NOBODY
from probe.clients import HostAsyncClient

if TYPE_CHECKING:
    from probe.models import Tenant

Ask = Callable[..., Any]


@pytest.fixture(autouse=True)
def _nobody_stays() -> Iterator[None]:
    """Fail a test that leaves somebody active."""
    assert TenantContext.get_scope() is NOBODY
    yield
    assert TenantContext.get_scope() is NOBODY


@pytest.fixture
def configure(settings: Any) -> Callable[..., None]:
    """Change keys of OMNITENANT_CONFIG for one test."""

    def change(**changes: Any) -> None:
        settings.OMNITENANT_CONFIG = {**settings.OMNITENANT_CONFIG, **changes}

    return change


@pytest.fixture
def make_tenant(db: None) -> Callable[..., Tenant]:
    """Make a tenant with the domain ``<id>.example.com``."""
    from probe.models import Domain, Tenant

    def make(tenant_id: str, **values: Any) -> Tenant:
        values = {"name": tenant_id.title(), "state": Tenant.State.ACTIVE, **values}
        tenant = Tenant.objects.create(tenant_id=tenant_id, **values)
        Domain.objects.create(domain=f"{tenant_id}.example.com", tenant=tenant)
        return tenant

    return make


@pytest.fixture
def acme(make_tenant: Callable[..., Tenant]) -> Tenant:
    """Give a tenant."""
    return make_tenant("acme")


@pytest.fixture
def globex(make_tenant: Callable[..., Tenant]) -> Tenant:
    """Give another tenant."""
    return make_tenant("globex")


@pytest.fixture(params=["sync", "async"])
def ask(request: pytest.FixtureRequest) -> Ask:
    """Give a client, the synchronous and the asynchronous one: ``ask(path, host, **headers)``."""
    client: Any = Client() if request.param == "sync" else HostAsyncClient()

    def get(path: str, host: str = "acme.example.com", **headers: str) -> Any:
        client.raise_request_exception = False
        call = client.get if request.param == "sync" else async_to_sync(client.get)
        return call(path, headers={"host": host, **headers})

    get.client = client  # type: ignore[attr-defined]  # tests that need cookies reach it here
    return get
