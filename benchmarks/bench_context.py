"""Saying for whom code runs, and asking.

Entering a tenant is compared with the least that a ``with`` written in Python can cost, an empty ``@contextmanager``,
and with Django's own way of changing something for a block, ``translation.override()``, which sets a thread-local.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from harness import Case
from sites import start_ours, start_plain

EMPTY = "use_tenant(), to an empty @contextmanager"
LANGUAGE = "use_tenant(), to translation.override()"
DECORATED = "@use_tenant(), to an empty @contextmanager()"
MASTER = "use_master_db(), to an empty @contextmanager"
ASK = "get_scope(), to ContextVar.get()"


def plain() -> list[Case]:
    """Enter and leave what is not us."""
    start_plain()
    from django.utils import translation

    variable: ContextVar[object] = ContextVar("variable", default=None)

    @contextmanager
    def nothing() -> Iterator[None]:
        yield

    def enter_nothing() -> None:
        with nothing():
            pass

    def enter_language() -> None:
        with translation.override("de"):
            pass

    @nothing()
    def decorated() -> None:
        pass

    return [
        Case(EMPTY, enter_nothing),
        Case(LANGUAGE, enter_language),
        Case(MASTER, enter_nothing),
        Case(DECORATED, decorated),
        Case(ASK, variable.get),
    ]


def ours() -> list[Case]:
    """Enter and leave a tenant."""
    start_ours()
    from django_omnitenant.tenant_context import TenantContext
    from omnitenant_context.context import get_scope
    from shop.models import Tenant

    tenant = Tenant.objects.create(tenant_id="acme", name="ACME")

    def enter_tenant() -> None:
        with TenantContext.use_tenant(tenant):
            pass

    def enter_master() -> None:
        with TenantContext.use_master_db():
            pass

    @TenantContext.use_tenant(tenant)
    def decorated() -> None:
        pass

    return [
        Case(EMPTY, enter_tenant),
        Case(LANGUAGE, enter_tenant),
        Case(MASTER, enter_master),
        Case(DECORATED, decorated),
        Case(ASK, get_scope),
    ]
