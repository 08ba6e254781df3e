"""Tenants with databases and in shared tables, an operator in the master, and browsers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from django.db import transaction

from browser import Browser
from omnitenant_context.context import TenantContext
from omnitenant_context.testing import no_tenant_left
from omnitenant_models.tenants import BaseTenant
from omnitenant_routing.provisioning import get_tenant_backend

PASSWORD = "operators know it"


@pytest.fixture(autouse=True)
def _nothing_left_active() -> Iterator[None]:
    """Fail the test that leaves a tenant active."""
    with no_tenant_left():
        yield


def make_tenant(tenant_id: str, isolation: str) -> BaseTenant:
    """Make a tenant with its place and a domain."""
    from shop.models import Domain, Tenant

    tenant = Tenant.objects.create(tenant_id=tenant_id, name=tenant_id.title(), isolation_type=isolation)
    get_tenant_backend(tenant).create()
    Domain.objects.create(domain=f"{tenant_id}.localhost", tenant=tenant)
    return tenant


@pytest.fixture(scope="session")
def _tenants(django_db_setup: None, django_db_blocker: Any) -> dict[str, BaseTenant]:
    """Make tenants once: two databases, two tenants in shared tables, one with a cache."""
    kinds = {"acme": "database", "globex": "database", "initech": "table", "umbrella": "table", "hooli": "cache"}
    with django_db_blocker.unblock():
        return {tenant_id: make_tenant(tenant_id, kind) for tenant_id, kind in kinds.items()}


@pytest.fixture
def tenants(_tenants: dict[str, BaseTenant], db: None) -> Iterator[dict[str, BaseTenant]]:
    """The tenants by id; what a test does in their databases is rolled back, as in the master."""
    aliases = [get_tenant_backend(tenant).place.alias for tenant in _tenants.values()]
    with ExitStack() as blocks:
        for alias in aliases:
            if alias != "master":
                blocks.enter_context(transaction.atomic(using=alias))
                blocks.callback(transaction.set_rollback, True, using=alias)
        yield {tenant.tenant_id: type(tenant).objects.get(pk=tenant.pk) for tenant in _tenants.values()}


@pytest.fixture
def make(tenants: dict[str, BaseTenant]) -> Callable[..., Any]:
    """Make a row for a tenant: ``make("acme", Project, name="Rockets")``."""

    def make_row(tenant_id: str, model: Any, **values: Any) -> Any:
        with TenantContext.use_tenant(tenants[tenant_id]):
            return model.objects.create(**values)

    return make_row


@pytest.fixture
def rows(tenants: dict[str, BaseTenant]) -> Callable[..., list[Any]]:
    """Read what a tenant has: ``rows("acme", Project, "name")``."""

    def read(tenant_id: str, model: Any, *fields: str) -> list[Any]:
        with TenantContext.use_tenant(tenants[tenant_id], allow_inactive=True):
            return list(model.objects.order_by("pk").values_list(*fields, flat=len(fields) == 1))

    return read


@pytest.fixture
def operator(tenants: dict[str, BaseTenant]) -> Browser:
    """A superuser of the master, logged in there through the login page."""
    make_user(None, "operator", is_superuser=True)
    browser = Browser("localhost")
    browser.log_in("operator", PASSWORD)
    return browser


@pytest.fixture
def clerk(tenants: dict[str, BaseTenant]) -> Callable[..., Browser]:
    """Log in somebody of the master who has some permissions only: ``clerk("view_project")``."""

    def log_in(*permissions: str) -> Browser:
        from django.contrib.auth.models import Permission

        user = make_user(None, "clerk")
        with TenantContext.use_master_db():
            user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
        browser = Browser("localhost")
        browser.log_in("clerk", PASSWORD)
        return browser

    return log_in


def make_user(tenant: BaseTenant | None, name: str, **values: Any) -> Any:
    """Make a member of the staff, of the master or of a tenant."""
    from django.contrib.auth.models import User

    with TenantContext.use_tenant(tenant) if tenant else TenantContext.use_master_db():
        return User.objects.create_user(name, password=PASSWORD, is_staff=True, **values)
