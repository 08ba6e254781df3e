"""The admin of the tenants themselves."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.test import RequestFactory

from browser import Browser
from omnitenant_admin.tenants import DomainInline, TenantAdmin
from shop.models import Domain, Tenant

pytestmark = pytest.mark.django_db

CONFIG = {"db_config": {"NAME": "later.sqlite3", "PASSWORD": "hunter2", "USER": {"env": "LATER_USER"}}}
DOMAINS = {"domains-TOTAL_FORMS": "0", "domains-INITIAL_FORMS": "0"}


@pytest.fixture
def later(tenants: dict[str, Any]) -> Tenant:
    """A tenant with a secret in its configuration."""
    return Tenant.objects.create(tenant_id="later", name="Later", isolation_type="database", config=CONFIG)


def test_list(operator: Browser, later: Tenant) -> None:
    """Tenants are listed with their isolation, state and place, and nobody's secrets."""
    operator.get("/admin/shop/tenant/")
    assert "acme Acme database active" in operator.text
    assert "acme.sqlite3" in operator.text
    assert "initech Initech table" in operator.text
    assert "hunter2" not in operator.source


def test_change(operator: Browser, later: Tenant) -> None:
    """What the place hangs on is shown and cannot be changed; secrets are not shown; the name changes."""
    operator.get(f"/admin/shop/tenant/{later.pk}/change/")
    assert "hunter2" not in operator.source
    assert operator.source.count('"PASSWORD": "********"') == 1
    assert "LATER_USER" in operator.source
    assert "manage.py deletetenant --tenant-id=later" in operator.text
    operator.submit(
        "tenant_form", name="Sooner", tenant_id="sooner", isolation_type="table", state="active", config="{}", **DOMAINS
    )
    assert "was changed successfully" in operator.text
    later.refresh_from_db()
    assert (later.name, later.tenant_id, later.isolation_type, later.state) == (
        "Sooner",
        "later",
        "database",
        "pending",
    )
    assert later.config == CONFIG


def test_change__domains(operator: Browser, tenants: dict[str, Any]) -> None:
    """Domains are added on the page of their tenant."""
    tenant = tenants["initech"]
    operator.get(f"/admin/shop/tenant/{tenant.pk}/change/")
    assert "initech.localhost" in operator.source
    operator.submit("tenant_form", **{"domains-TOTAL_FORMS": "2", "domains-1-domain": "Initech.Example.com"})
    assert "was changed successfully" in operator.text
    assert Domain.objects.get(domain="initech.example.com").tenant == tenant


def test_domains__on_a_tenants_host(tenants: dict[str, Any]) -> None:
    """The inline stays away from the hosts of tenants, on whatever page a project puts it."""
    request = RequestFactory().get("/")
    request.user = User(pk=1, is_staff=True, is_superuser=True, is_active=True)
    inline = DomainInline(Tenant, admin.site)
    assert inline.has_view_permission(request)
    assert inline.has_add_permission(request, None)
    request.tenant = tenants["acme"]
    assert not inline.has_view_permission(request)
    assert not inline.has_add_permission(request, None)
    assert not inline.has_change_permission(request)
    assert not inline.has_delete_permission(request)


def test_add(operator: Browser, tenants: dict[str, Any]) -> None:
    """Adding makes the row, and names the command that makes the place."""
    operator.get("/admin/shop/tenant/add/")
    operator.submit("tenant_form", tenant_id="new", name="New", isolation_type="database", config="{}", **DOMAINS)
    assert "manage.py migratetenant --tenant-id=new --create" in operator.text
    assert Tenant.objects.get(tenant_id="new").state == "pending"
    operator.get("/admin/shop/tenant/add/")
    operator.submit("tenant_form", tenant_id="row", name="Row", isolation_type="table", config="{}", **DOMAINS)
    assert "migratetenant" not in operator.text


def test_add__bad_id(operator: Browser, tenants: dict[str, Any]) -> None:
    """An id that cannot be one is refused in the form."""
    operator.get("/admin/shop/tenant/add/")
    operator.submit("tenant_form", tenant_id="No Label", name="New", isolation_type="table", config="{}", **DOMAINS)
    assert "is no valid tenant id" in operator.text


def test_delete(operator: Browser, tenants: dict[str, Any]) -> None:
    """Nobody deletes a tenant here, one by one or many at once."""
    pk = tenants["initech"].pk
    assert operator.get(f"/admin/shop/tenant/{pk}/delete/").response.status_code == 403
    assert operator.post(f"/admin/shop/tenant/{pk}/delete/", {"post": "yes"}).response.status_code == 403
    operator.get("/admin/shop/tenant/")
    assert "Delete selected" not in operator.text
    operator.post("/admin/shop/tenant/", {"action": "delete_selected", "_selected_action": str(pk), "post": "yes"})
    assert Tenant.objects.filter(pk=pk).exists()


def test_place__secret_that_cannot_be_read(operator: Browser, tenants: dict[str, Any]) -> None:
    """A place that cannot be worked out is a line in the list, no error."""
    config = {"db_config": {"PASSWORD": {"env": "NO_SUCH_VARIABLE"}}}
    Tenant.objects.create(tenant_id="later", name="Later", isolation_type="database", config=config)
    Tenant.objects.create(tenant_id="odd", name="Odd", isolation_type="schema", config={"schema_name": "odd_one"})
    operator.get("/admin/shop/tenant/")
    assert operator.response.status_code == 200
    assert "NO_SUCH_VARIABLE" in operator.text
    assert "master, schema odd_one" in operator.text


def test_secrets__whatever_a_project_lists(later: Tenant) -> None:
    """The configuration is replaced wherever a project names it, also for those who may only look."""

    class Listing(TenantAdmin):
        list_display = ("tenant_id", "config")
        fieldsets = ((None, {"fields": ("tenant_id", ("name", "config"))}),)

    listing = Listing(Tenant, admin.site)
    request = RequestFactory().get("/")
    assert listing.get_list_display(request) == ["tenant_id", "redacted_config"]
    assert listing.get_fieldsets(request, later)[0][1]["fields"] == ["tenant_id", ("name", "redacted_config")]
    assert listing.get_fieldsets(request)[0][1]["fields"] == ("tenant_id", ("name", "config"))
    assert "hunter2" not in listing.redacted_config(later)
