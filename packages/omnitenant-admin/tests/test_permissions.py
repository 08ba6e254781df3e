"""Who is an operator: somebody of the master with the permission, on the master's host, and nobody else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission, User
from django.test import RequestFactory

from browser import Browser
from conftest import PASSWORD, make_user
from omnitenant_context.context import TenantContext
from shop.models import Project, Tenant

pytestmark = pytest.mark.django_db

Make = Callable[..., Any]
Rows = Callable[..., list[Any]]
EVERY_TENANT = ["acme", "initech", "hooli"]
VIEWS = ["", "add/", "{pk}/change/", "{pk}/delete/", "{pk}/history/", "{pk}/", "tenant/", "autocomplete/", "count/"]


@pytest.fixture
def tenant_superuser(tenants: dict[str, Any]) -> Callable[[str], Browser]:
    """Log in a superuser of a tenant on the tenant's host."""

    def log_in(tenant_id: str) -> Browser:
        make_user(tenants[tenant_id], "boss", is_superuser=True)
        return Browser(f"{tenant_id}.localhost").log_in("boss", PASSWORD)

    return log_in


@pytest.mark.parametrize("tenant_id", EVERY_TENANT)
def test_tenant_host__index(tenant_superuser: Callable[[str], Browser], tenant_id: str) -> None:
    """The superuser of a tenant sees neither the models of tenants nor the tenants in the index."""
    browser = tenant_superuser(tenant_id)
    browser.get("/admin/")
    assert "Projects" not in browser.text
    assert "Tenants" not in browser.text
    assert "Domains" in browser.text  # a plain ModelAdmin is the project's own decision


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("tenant_id", EVERY_TENANT)
def test_tenant_host__views(
    tenant_superuser: Callable[[str], Browser], make: Make, rows: Rows, tenant_id: str, view: str
) -> None:
    """No view of such a model answers there, with or without a tenant in its address, by GET or POST."""
    project = make(tenant_id, Project, name="Rockets")
    browser = tenant_superuser(tenant_id)
    for query in ["", f"?_tenant={tenant_id}", "?_tenant=globex"]:
        address = f"/admin/shop/project/{view.format(pk=project.pk)}{query}"
        assert browser.get(address).response.status_code == 403
        assert browser.post(address, {"post": "yes", "tenant": "globex"}).response.status_code == 403
    assert rows(tenant_id, Project, "name") == ["Rockets"]


@pytest.mark.parametrize("view", ["", "add/", "{pk}/change/", "{pk}/delete/", "{pk}/history/"])
def test_tenant_host__tenants(tenant_superuser: Callable[[str], Browser], tenants: dict[str, Any], view: str) -> None:
    """Nor do those of the tenants themselves."""
    browser = tenant_superuser("acme")
    address = f"/admin/shop/tenant/{view.format(pk=tenants['acme'].pk)}"
    assert browser.get(address).response.status_code == 403
    assert "Globex" not in browser.text


def test_tenant_host__operator_of_shared_tables(operator: Browser, tenants: dict[str, Any]) -> None:
    """An operator who logs in on a tenant's host, where users are shared, is no operator there."""
    browser = Browser("initech.localhost").log_in("operator", PASSWORD)
    assert browser.get("/admin/shop/project/?_tenant=initech").response.status_code == 403


def test_master__tenants_superuser_is_a_stranger(tenants: dict[str, Any]) -> None:
    """The superuser of a tenant with a database cannot log in on the master's host."""
    make_user(tenants["acme"], "boss", is_superuser=True)
    browser = Browser("localhost")
    browser.get("/admin/login/")
    browser.submit("login-form", username="boss", password=PASSWORD)
    assert "Please enter the correct username and password" in browser.text


def test_master__nobody_logged_in(tenants: dict[str, Any], make: Make) -> None:
    """Without a login every view leads to it."""
    project = make("acme", Project, name="Rockets")
    browser = Browser("localhost")
    for view in VIEWS:
        address = f"/admin/shop/project/{view.format(pk=project.pk)}?_tenant=acme"
        browser.get(address, follow=False)
        assert browser.response.status_code == 302
        assert browser.response["Location"].startswith("/admin/login/")


def test_master__nobody_logged_in__learns_nothing(tenants: dict[str, Any]) -> None:
    """Without a login the answer is the same for tenants that exist and those that do not."""
    browser = Browser("localhost")
    for query in ["", "?_tenant=acme", "?_tenant=nobody"]:
        browser.get(f"/admin/shop/project/add/{query}")
        assert "Username" in browser.text
        assert "enant" not in browser.text


def test_master__no_permission(clerk: Callable[..., Browser], make: Make) -> None:
    """Staff without the permission get no list, no row, and no choice of tenants."""
    project = make("acme", Project, name="Rockets")
    browser = clerk()
    assert browser.get("/admin/shop/project/").response.status_code == 403
    for view in ["", "add/", "{pk}/change/", "{pk}/delete/", "{pk}/history/"]:
        address = f"/admin/shop/project/{view.format(pk=project.pk)}?_tenant=acme"
        assert browser.get(address).response.status_code == 403
    assert browser.post("/admin/shop/project/tenant/", {"tenant": "acme"}).response.status_code == 403


def test_master__may_only_look(clerk: Callable[..., Browser], make: Make, rows: Rows) -> None:
    """The permission to look is asked in the master: it shows rows, and changes none."""
    project = make("acme", Project, name="Rockets")
    browser = clerk("view_project")
    browser.choose("acme")
    assert "Rockets" in browser.text
    address = f"/admin/shop/project/{project.pk}/change/?_tenant=acme"
    browser.get(address)
    assert "View project" in browser.text
    assert browser.post(address, {"name": "Stolen"}).response.status_code == 403
    assert rows("acme", Project, "name") == ["Rockets"]


def test_master__permissions_of_the_tenants_user_do_not_count(
    clerk: Callable[..., Browser], tenants: dict[str, Any], make: Make
) -> None:
    """A user of the tenant with the operator's key lends him no permission."""
    make("acme", Project, name="Rockets")
    browser = clerk("view_project")
    with TenantContext.use_master_db():
        key = User.objects.get(username="clerk").pk
    with TenantContext.use_tenant(tenants["acme"]):
        twin = User.objects.create_user("twin", pk=key)
        twin.user_permissions.set(Permission.objects.filter(codename__endswith="_project"))
    browser.get("/admin/shop/project/?_tenant=acme")
    assert "Select project to view" in browser.text
    assert "Add project" not in browser.text
    assert "changelist-form" in browser.source
    assert "Delete selected" not in browser.text


def test_has_permission__by_itself(tenants: dict[str, Any]) -> None:
    """Asked by code, permissions are those of the user in the master, and none while a tenant is active."""
    request = RequestFactory().get("/")
    request.user = User(pk=1, is_staff=True, is_superuser=True, is_active=True)
    for model in [Project, Tenant]:
        model_admin = admin.site.get_model_admin(model)
        asked = [
            model_admin.has_module_permission,
            model_admin.has_view_permission,
            model_admin.has_add_permission,
            model_admin.has_change_permission,
        ]
        with TenantContext.use_master_db():
            assert all(ask(request) for ask in asked)
            assert model_admin.has_delete_permission(request) is (model is Project)
        with TenantContext.use_tenant(tenants["acme"]):
            assert not any(ask(request) for ask in [*asked, model_admin.has_delete_permission])
            assert not any(model_admin.get_model_perms(request).values())


def test_has_permission__on_a_tenants_host(tenants: dict[str, Any]) -> None:
    """On the host of a tenant they stay away, though code enters the master or lifts the filter of rows."""
    request = RequestFactory().get("/")
    request.user = User(pk=1, is_staff=True, is_superuser=True, is_active=True)
    request.tenant = tenants["acme"]
    for scope in [TenantContext.use_master_db(), TenantContext.unscoped()]:
        with scope:
            assert not any(admin.site.get_model_admin(Project).get_model_perms(request).values())


def test_wrong_order_of_bases() -> None:
    """Written after ModelAdmin, where it would restrict nothing, the mixin refuses."""
    from omnitenant_admin.mixins import TenantRestrictAdminMixin

    with pytest.raises(TypeError, match="write it first"):
        type("Wrong", (admin.ModelAdmin, TenantRestrictAdminMixin), {})
