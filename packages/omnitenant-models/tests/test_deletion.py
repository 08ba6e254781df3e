"""While a tenant is active, no other tenant is deleted, nor a domain of one."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from omnitenant_context.context import TenantContext
from omnitenant_context.errors import TenantMismatchError
from omnitenant_models.tenants import BaseTenant
from probe.models import Domain, PayingTenant, Project, Tenant

use_tenant = TenantContext.use_tenant


@pytest.fixture(autouse=True)
def _rows(acme: Any, globex: Any) -> None:
    for tenant in (acme, globex):
        with use_tenant(tenant):
            Project.objects.create(name="x")


def adelete(row: Any) -> Any:
    """Delete a row in an event loop."""
    return async_to_sync(row.adelete)()


def relabelled() -> Any:
    """Give a domain that says in memory that it is the other's."""
    domain = Domain.objects.get(domain="acme.example.com")
    domain.tenant = Tenant.objects.get(tenant_id="globex")
    return domain


ATTACKS: dict[str, Any] = {
    "tenant": lambda: Tenant.objects.get(tenant_id="acme").delete(),
    "tenant, asynchronously": lambda: adelete(Tenant.objects.get(tenant_id="acme")),
    "forged tenant": lambda: Tenant(pk=Tenant.objects.get(tenant_id="acme").pk, tenant_id="globex").delete(),
    "proxy": lambda: PayingTenant.objects.get(tenant_id="acme").delete(),
    "another database": lambda: Tenant.objects.get(tenant_id="acme").delete(using="default"),
    "tenants": lambda: Tenant.objects.filter(tenant_id="acme").delete(),
    "all tenants": lambda: Tenant.objects.all().delete(),
    "proxies": lambda: PayingTenant.objects.all().delete(),
    "domain": lambda: Domain.objects.get(domain="acme.example.com").delete(),
    "domain, by place": lambda: Domain.objects.get(domain="acme.example.com").delete("default"),
    "relabelled domain": lambda: relabelled().delete(),
    "domains": lambda: Domain.objects.all().delete(),
    "related domains": lambda: Tenant.objects.get(tenant_id="acme").domains.all().delete(),
}


class TestRefused:
    """What is another tenant's stays."""

    @pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
    def test_inside_a_tenant(self, globex, attack):
        """By an instance, a queryset or a proxy; the message names both, and what to do."""
        said = (
            r"probe\.(Paying)?(Tenant 'acme' would be deleted, but it is another tenant"
            r"|Domain \d+ would be deleted, but it belongs to tenant 'acme'), and the active tenant is 'globex'; "
            r"delete it in TenantContext\.use_master_db\(\), or in TenantContext\.unscoped\(\)$"
        )
        with use_tenant(globex), transaction.atomic():
            with pytest.raises(TenantMismatchError, match=said) as caught, transaction.atomic():
                attack()
            assert (caught.value.active, caught.value.wanted) == ("globex", "acme")
        assert (Tenant.objects.count(), Domain.objects.count()) == (2, 2)
        with TenantContext.unscoped():
            assert Project.objects.count() == 2

    def test_the_transaction_goes_on(self, globex):
        """Where an instance is deleted."""
        with use_tenant(globex), transaction.atomic():
            for row in (Tenant.objects.get(tenant_id="acme"), Domain.objects.get(domain="acme.example.com")):
                with pytest.raises(TenantMismatchError):
                    row.delete()
            assert Project.objects.count() == 1

    def test_a_delete_of_ones_own_does_not_matter(self, globex, monkeypatch):
        """The signal is enough."""
        monkeypatch.delattr(BaseTenant, "delete")
        with use_tenant(globex), pytest.raises(TenantMismatchError), transaction.atomic():
            Tenant.objects.get(tenant_id="acme").delete()
        assert Tenant.objects.count() == 2


class TestAllowed:
    """What was possible stays so."""

    def test_ones_own(self, acme):
        """A domain, and the tenant with everything that it has."""
        with use_tenant(acme):
            Domain.objects.create(domain="other.example.com", tenant=acme)
            Domain.objects.get(domain="other.example.com").delete()
            Tenant.objects.get(tenant_id="acme").delete()
        assert [tenant.tenant_id for tenant in Tenant.objects.all()] == ["globex"]
        assert [domain.domain for domain in Domain.objects.all()] == ["globex.example.com"]

    def test_ones_own_by_querysets(self, acme):
        """And by a number that is text."""
        with use_tenant(acme):
            acme.domains.all().delete()
            Tenant(pk=str(acme.pk)).delete()
        assert Tenant.objects.count() == Domain.objects.count() == 1

    def test_what_is_gone(self, acme, globex):
        """Nobody's row is deleted again, nor one that no row can be."""
        pk = globex.pk
        globex.delete()
        with use_tenant(acme):
            assert Tenant(pk=pk).delete()[0] == 0
            for row in (globex, Domain()):
                with pytest.raises(ValueError, match="None"):
                    row.delete()

    @pytest.mark.parametrize("enter", [TenantContext.use_master_db, TenantContext.unscoped, nullcontext])
    def test_with_no_tenant_active(self, acme, enter):
        """In the master, unscoped, and by nobody, without a statement more."""
        with enter():
            domain = Domain.objects.get(domain="acme.example.com")
            with CaptureQueriesContext(connection) as queries:
                domain.delete()
            assert len([query for query in queries if "SELECT" in query["sql"]]) == 0
            Tenant.objects.get(tenant_id="acme").delete()
        assert Tenant.objects.count() == 1
