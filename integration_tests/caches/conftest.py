"""What all tests of caches share."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.core.cache import caches
from redis import Redis

from caches_settings import REDIS
from omnitenant_context.testing import no_tenant_left
from omnitenant_models.tenants import BaseTenant


@pytest.fixture(autouse=True)
def _nothing_left_active() -> Iterator[None]:
    """Fail the test that leaves a tenant active."""
    with no_tenant_left():
        yield


@pytest.fixture(name="redis")
def _redis() -> Iterator[Callable[[int], Redis]]:
    """Connect to a database of the server by its number; all of them are empty at the start."""
    opened: dict[int, Redis] = {}

    def connect(number: int) -> Redis:
        return opened.setdefault(number, Redis(host=REDIS.host, port=REDIS.port, db=number))

    connect(0).flushall()
    yield connect
    for each in opened.values():
        each.close()


def stored(tenant_id: str, isolation: str = "table", **config: object) -> BaseTenant:
    """Give a tenant as it would come out of a database, without one."""
    from customers.models import Tenant

    values = {
        "id": 1,
        "tenant_id": tenant_id,
        "name": "",
        "isolation_type": isolation,
        "config": config,
        "state": "active",
    }
    return Tenant.from_db("master", list(values), list(values.values()))


@pytest.fixture(name="make_tenant")
def _make_tenant() -> Callable[..., BaseTenant]:
    """Give tenants that need no database."""
    return stored


@pytest.fixture(autouse=True)
def _close() -> Iterator[None]:
    """Let no connection outlive its test."""
    yield
    for alias in list(caches):
        cache = caches[alias]
        del cache
