"""A schema in a database that knows none: nothing is read from the tables that all share instead."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction

from omnitenant_context.context import TenantContext
from omnitenant_context.errors import OmnitenantError, ProvisioningError
from omnitenant_models.tenants import BaseTenant, TenantState
from probe.models import Note, Project, Tenant

ACTS: list[Callable[[], object]] = [
    User.objects.count,
    lambda: Note.objects.create(text="astray"),
    Project.objects.count,
    lambda: connection.cursor(),  # noqa: PLW0108 - the connection is looked up when it is asked
    lambda: transaction.atomic().__enter__(),
]


@pytest.fixture(name="acme")
def _acme(transactional_db: None) -> BaseTenant:
    """A tenant with a schema, whose site was moved to another engine."""
    acme = Tenant.objects.create(tenant_id="acme", name="Acme", isolation_type="schema")
    Tenant.objects.filter(pk=acme.pk).update(state=TenantState.ACTIVE)
    acme.refresh_from_db()
    return acme


@pytest.mark.parametrize("act", ACTS)
def test_a_tenant_with_a_schema_is_refused(acme: BaseTenant, act: Callable[[], object]) -> None:
    """The error names the schema, the database and the engine that it takes."""
    with (
        TenantContext.use_tenant(acme),
        pytest.raises(ProvisioningError, match=r"'acme' cannot be reached: database 'default'.*sqlite3.*PostgreSQL"),
    ):
        act()
    assert not Note.objects.using("master").exists()


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.django_db
def test_a_named_schema_is_refused(act: Callable[[], object]) -> None:
    """So is one without a tenant."""
    with TenantContext.use_schema("acme"), pytest.raises(OmnitenantError):
        act()
