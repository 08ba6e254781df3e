"""What it costs a query to see one tenant's rows only."""

from __future__ import annotations

from harness import Case, main
from project import start

start()

from django.db.models import QuerySet  # noqa: E402 - Django must have been started

from django_omnitenant.tenant_context import TenantContext  # noqa: E402
from django_omnitenant.utils import get_tenant_backend  # noqa: E402
from myapp.models import Project, Tenant  # noqa: E402

ROWS = 50

shared, stranger = (Tenant.objects.create(tenant_id=name, name=name) for name in ("shared", "stranger"))
alone = Tenant.objects.create(tenant_id="alone", name="alone", isolation_type="database")
get_tenant_backend(alone).create()
alone.refresh_from_db()
first = {}
for tenant in (shared, stranger, alone):
    with TenantContext.use_tenant(tenant):
        for number in range(ROWS):
            Project.objects.create(name=f"project {number}")
        first[tenant.tenant_id] = Project.objects.order_by("pk")[0].pk


def plain() -> QuerySet[Project]:
    """Give a queryset as Django makes it, filtered by hand."""
    return QuerySet(Project, using="master").filter(tenant_id=shared.pk)


def get_by_hand() -> None:
    """Fetch one row."""
    plain().get(pk=first["shared"])


def get() -> None:
    """Fetch one row of whoever is active."""
    with TenantContext.use_tenant(shared):
        Project.objects.get(pk=first["shared"])


def get_alone() -> None:
    """Fetch one row from a database of the tenant's own."""
    with TenantContext.use_tenant(alone):
        Project.objects.get(pk=first["alone"])


def list_by_hand() -> None:
    """Fetch all rows."""
    list(plain())


def list_all() -> None:
    """Fetch all rows of whoever is active."""
    with TenantContext.use_tenant(shared):
        list(Project.objects.all())


with TenantContext.use_tenant(shared):
    if Project.objects.count() != ROWS:
        raise AssertionError

main(
    "A query, with the tenant entered and left around it",
    [
        Case("get(), filtered by hand", get_by_hand),
        Case("get(), shared tables", get),
        Case("get(), a database of its own", get_alone),
    ],
    [Case(f"{ROWS} rows, filtered by hand", list_by_hand), Case(f"{ROWS} rows, shared tables", list_all)],
)
