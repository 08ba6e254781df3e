"""A transaction that is left in another context than it was entered in."""

from __future__ import annotations

import pytest
from django.db import connection, connections, transaction
from django.db.transaction import TransactionManagementError

from omnitenant_context.context import TenantContext
from omnitenant_models.tenants import BaseTenant
from omnitenant_routing.databases.aliases import alias_of
from probe.models import Note


def test_begun_outside_and_left_inside(acme: BaseTenant) -> None:
    """The error names both databases."""
    block = transaction.atomic()
    block.__enter__()
    try:
        with (
            TenantContext.use_tenant(acme),
            pytest.raises(TransactionManagementError, match="'default' ends in 'tenant:acme'"),
        ):
            block.__exit__(None, None, None)
    finally:
        block.__exit__(None, None, None)


def test_begun_inside_and_left_outside(acme: BaseTenant) -> None:
    """The other way round; what was written is not committed by it."""
    guard = TenantContext.use_tenant(acme)
    block = transaction.atomic()
    with guard:
        block.__enter__()
        Note.objects.create(text="in between")
    with pytest.raises(TransactionManagementError, match="'tenant:acme' ends in 'default'"):
        block.__exit__(None, None, None)
    with guard:
        transaction.set_rollback(True)
        block.__exit__(None, None, None)
        assert Note.objects.count() == 0


def test_a_tenant_that_was_never_connected(acme: BaseTenant) -> None:
    """A connection that was not opened yet notices as well."""
    block = transaction.atomic()
    block.__enter__()
    connections[alias_of("acme")].close()
    del connections[alias_of("acme")]
    try:
        with TenantContext.use_tenant(acme), pytest.raises(TransactionManagementError):
            block.__exit__(None, None, None)
    finally:
        block.__exit__(None, None, None)


def test_blocks_that_are_nested_properly_are_not_in_the_way(acme: BaseTenant) -> None:
    """Transactions of two places inside each other, and a commit by hand, work as in Django."""
    with transaction.atomic():
        with TenantContext.use_tenant(acme):
            with transaction.atomic():
                Note.objects.create(text="inner")
            with connections["master"].cursor() as cursor:
                cursor.execute("SELECT 1")
        assert connections["master"].in_atomic_block
    with TenantContext.use_tenant(acme):
        connection.set_autocommit(False)
        Note.objects.create(text="by hand")
        connection.commit()
        connection.rollback()
        connection.set_autocommit(True)
        assert Note.objects.count() == 2
