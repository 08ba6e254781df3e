"""The tests that the pages describe."""

from django.test import TestCase

from django_omnitenant.tenant_context import TenantContext
from django_omnitenant.utils import get_tenant_backend
from myapp.models import Domain, Project, Tenant
from omnitenant_models.testing import assert_isolated, no_leaks


class SharedTables(TestCase):
    """Tenants that need no place: the default, and the fastest."""

    @classmethod
    def setUpTestData(cls):
        cls.acme = Tenant.objects.create(tenant_id="acme", name="ACME")
        cls.globex = Tenant.objects.create(tenant_id="globex", name="Globex")
        Domain.objects.create(tenant=cls.acme, domain="acme.localhost")

    def test_isolation(self):
        with TenantContext.use_tenant(self.acme):
            Project.objects.create(name="Rocket skates")
        with TenantContext.use_tenant(self.globex):
            self.assertEqual(Project.objects.count(), 0)

    def test_page(self):
        with TenantContext.use_tenant(self.acme):
            Project.objects.create(name="Rocket skates")
        page = self.client.get("/", headers={"host": "acme.localhost"})
        self.assertContains(page, "Rocket skates")


class OwnDatabase(TestCase):
    """A tenant with a database of its own, in memory like the master's."""

    def setUp(self):
        self.hooli = Tenant.objects.create(tenant_id="hooli", name="Hooli", isolation_type="database")
        backend = get_tenant_backend(self.hooli)
        backend.create()
        self.addCleanup(backend.delete)

    def test_rows(self):
        with TenantContext.use_tenant(self.hooli):
            Project.objects.create(name="Nucleus")
            self.assertEqual(Project.objects.count(), 1)

    def test_no_rows_of_the_other_test(self):
        with TenantContext.use_tenant(self.hooli):
            self.assertEqual(Project.objects.count(), 0)


class Isolation(TestCase):
    """Nothing is reached from another tenant."""

    @classmethod
    def setUpTestData(cls):
        cls.acme = Tenant.objects.create(tenant_id="acme", name="ACME")
        cls.globex = Tenant.objects.create(tenant_id="globex", name="Globex")
        for tenant in (cls.acme, cls.globex):
            Domain.objects.create(tenant=tenant, domain=f"{tenant.tenant_id}.localhost")
            with TenantContext.use_tenant(tenant):
                Project.objects.create(name=f"A project of {tenant.name}")

    def page(self):
        tenant = TenantContext.get_tenant()
        return self.client.get("/", headers={"host": f"{tenant.tenant_id}.localhost"})

    def test_rows(self):
        assert_isolated(Project, self.acme, self.globex)

    def test_page(self):
        assert_isolated(self.page, self.acme, self.globex)

    def test_statements(self):
        with TenantContext.use_tenant(self.acme), no_leaks():
            self.page()
