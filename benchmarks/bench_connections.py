"""Looking a connection up and opening a transaction, for a tenant and for nobody in particular."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from harness import Case
from sites import start_ours, start_plain

WHO = ("nobody", "master", "TABLE tenant", "DATABASE tenant")


def plain() -> list[Case]:
    """Use the handler as Django makes it."""
    start_plain()
    return [case for who in WHO for case in cases(who, nullcontext)]


def ours() -> list[Case]:
    """Use a handler for which ``default`` means whoever is active."""
    start_ours()
    from django_omnitenant.tenant_context import TenantContext
    from django_omnitenant.utils import get_tenant_backend
    from shop.models import Tenant

    table = Tenant.objects.create(tenant_id="acme", name="ACME")
    database = Tenant.objects.create(tenant_id="globex", name="Globex", isolation_type="database")
    get_tenant_backend(database).create()
    database.refresh_from_db()
    around: dict[str, Callable[[], AbstractContextManager[Any]]] = {
        "nobody": nullcontext,
        "master": TenantContext.use_master_db,
        "TABLE tenant": lambda: TenantContext.use_tenant(table),
        "DATABASE tenant": lambda: TenantContext.use_tenant(database),
    }
    return [case for who in WHO for case in cases(who, around[who])]


def cases(who: str, around: Callable[[], AbstractContextManager[Any]]) -> list[Case]:
    """Make the cases of one context."""
    from django.db import connection, connections, transaction

    def atomic() -> None:
        with transaction.atomic():
            pass

    def select() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            cursor.fetchone()

    cases = [
        Case(f"connections['default'], {who}", lambda: connections["default"], around),
        Case(f"with atomic(), {who}", atomic, around),
    ]
    if who == "DATABASE tenant":
        cases.append(Case(f"SELECT 1 by connection.cursor(), {who}", select, around))
        cases.append(Case(f"connections.all(), {who}", lambda: connections.all(initialized_only=True), around))
    return cases
