"""What the tests of this package share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from asgiref.sync import async_to_sync
from django.core.cache import cache

from omnitenant_context.testing import assert_nothing_active
from probe.clients import HostAsyncClient

if TYPE_CHECKING:
    from probe.models import Tenant

Speak = Callable[..., Any]


@pytest.fixture(autouse=True)
def _nobody_stays() -> Iterator[None]:
    """Fail a test that leaves somebody active."""
    yield
    assert_nothing_active()
    cache.clear()


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


def _speak_sync(tenant: Tenant, method: str, path: str, data: Any = None, **options: Any) -> Any:
    from omnitenant_drf.testing import TenantAPIClient

    client = TenantAPIClient(tenant, raise_request_exception=False)
    return getattr(client, method)(path, data, **options)


def _speak_async(tenant: Tenant, method: str, path: str, data: Any = None, **options: Any) -> Any:
    client = HostAsyncClient(raise_request_exception=False)
    headers = {"host": f"{tenant.tenant_id}.example.com", **options.pop("headers", {})}
    if data is not None and method != "get":
        options["content_type"] = "application/json"
    return async_to_sync(getattr(client, method))(path, data, headers=headers, **options)


@pytest.fixture
def speak() -> Speak:
    """Speak to a tenant's API under WSGI: ``speak(tenant, "post", "/projects/", {...})``."""
    return _speak_sync


@pytest.fixture(params=["wsgi", "asgi"])
def speak_both(request: pytest.FixtureRequest) -> Speak:
    """Speak to a tenant's API, once under each kind of handler."""
    return _speak_sync if request.param == "wsgi" else _speak_async
