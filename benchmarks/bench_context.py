"""What it costs to say for whom code runs."""

from __future__ import annotations

from contextvars import ContextVar

from harness import Case, main
from project import start

start()

from django.utils import translation  # noqa: E402 - Django must have been started

from django_omnitenant.tenant_context import TenantContext  # noqa: E402
from myapp.models import Tenant  # noqa: E402

tenant = Tenant.objects.create(tenant_id="acme", name="ACME")
variable: ContextVar[object] = ContextVar("variable")


def plain_language() -> None:
    """Enter and leave a language, as Django's own view code does."""
    with translation.override("de"):
        pass


def bare_variable() -> None:
    """Set and reset a context variable: the floor."""
    token = variable.set(tenant)
    variable.reset(token)


def use_tenant() -> None:
    """Enter and leave a tenant."""
    with TenantContext.use_tenant(tenant):
        pass


@TenantContext.use_tenant(tenant)
def decorated() -> None:
    """Do nothing, for a tenant."""


main(
    "Entering and leaving a context",
    [
        Case("Django: translation.override()", plain_language),
        Case("with use_tenant(tenant)", use_tenant),
        Case("@use_tenant(tenant)", decorated),
        Case("a bare ContextVar, the floor", bare_variable),
    ],
)
