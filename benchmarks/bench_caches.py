"""Keys of Django's caches."""

from __future__ import annotations

from harness import Case
from sites import start_ours, start_plain


def plain() -> list[Case]:
    """Use keys as Django makes them."""
    start_plain()
    return cases()


def ours() -> list[Case]:
    """Use keys of the active tenant."""
    start_ours()
    from django_omnitenant.tenant_context import TenantContext
    from shop.models import Tenant

    tenant = Tenant.objects.create(tenant_id="acme", name="ACME")
    TenantContext.use_tenant(tenant).__enter__()
    return cases()


def cases() -> list[Case]:
    """Make the cases, which are the same code on both sides."""
    from django.core.cache import caches

    cache = caches["default"]
    cache.set("key", 1)
    return [
        Case("make_key()", lambda: cache.make_key("key")),
        Case("get() from memory", lambda: cache.get("key")),
        Case("set() in memory", lambda: cache.set("key", 1)),
    ]
