"""The list of rows: whose it is, how a tenant is chosen, and what nobody sees."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from browser import Browser
from omnitenant_context.context import TenantContext
from shop.models import Label, Loose, Note, Project, Task

pytestmark = pytest.mark.django_db

Make = Callable[..., Any]
EVERY_TENANT = ["acme", "initech", "hooli"]
OTHERS = {"acme": "globex", "initech": "umbrella", "hooli": "umbrella"}


def test_list__no_tenant_chosen(operator: Browser, make: Make) -> None:
    """The list answers with a choice of tenants and shows no rows."""
    make("acme", Project, name="Rockets")
    make("initech", Project, name="Reports")
    operator.get("/admin/shop/project/")
    assert operator.response.status_code == 200
    assert "Choose a tenant" in operator.text
    assert "Rockets" not in operator.text
    assert "Reports" not in operator.text
    assert '<option value="acme">acme: Acme</option>' in operator.source


@pytest.mark.parametrize("tenant_id", EVERY_TENANT)
def test_list__chosen_tenant(operator: Browser, make: Make, tenant_id: str) -> None:
    """The list shows the rows of the chosen tenant, nobody else's, and says whose they are."""
    make(tenant_id, Project, name="Rockets")
    make(OTHERS[tenant_id], Project, name="Reports")
    operator.choose(tenant_id)
    assert operator.response.status_code == 200
    assert operator.tenant == tenant_id
    assert "Rockets" in operator.text
    assert "Reports" not in operator.text


def test_list__hides_the_tenant(operator: Browser, make: Make) -> None:
    """Neither the column nor the filters of the tenant are shown."""
    make("acme", Project, name="Rockets")
    operator.choose("acme")
    assert "column-tenant" not in operator.source
    assert "By tenant" not in operator.text
    assert "By status" in operator.text


@pytest.mark.parametrize("tenant_id", EVERY_TENANT)
def test_list__filters_and_search(operator: Browser, make: Make, tenant_id: str) -> None:
    """Filters, facets, search, dates and sorting work in the tenant and keep it in their links."""
    label = make(tenant_id, Label, name="urgent")
    make(tenant_id, Project, name="Rockets", label=label)
    make(tenant_id, Project, name="Magnets", status="done")
    make(OTHERS[tenant_id], Label, name="foreign")
    make(OTHERS[tenant_id], Project, name="Rockets elsewhere")
    operator.choose(tenant_id)
    assert "urgent" in operator.text
    assert "foreign" not in operator.text
    operator.get(
        f"/admin/shop/project/?_tenant={tenant_id}&status__exact=active&_facets=True&o=1&created_at__year=2000"
    )
    assert "0 projects" in operator.text
    operator.get(f"/admin/shop/project/?_tenant={tenant_id}&status__exact=active&_facets=True&o=1")
    assert "1 project" in operator.text
    assert f"_tenant={tenant_id}" in operator.source.split('class="sortoptions"')[0].rsplit("href", 1)[1]
    operator.get(f"/admin/shop/project/?_tenant={tenant_id}&q=Rock")
    assert "1 result" in operator.text
    assert f'<input type="hidden" name="_tenant" value="{tenant_id}">' in operator.source


def test_list__wrong_filter_keeps_the_tenant(operator: Browser) -> None:
    """A filter that does not exist leads back to the list of the same tenant."""
    operator.get("/admin/shop/project/?_tenant=acme&nonsense=1", follow=False)
    assert operator.response["Location"] == "/admin/shop/project/?e=1&_tenant=acme"


def test_list__two_tabs(operator: Browser, make: Make) -> None:
    """The URL says whose list it is, whatever another tab chose last."""
    make("acme", Project, name="Rockets")
    make("globex", Project, name="Hammocks")
    operator.choose("globex")
    operator.get("/admin/shop/project/?_tenant=acme")
    assert "Rockets" in operator.text
    operator.click("/admin/shop/project/")
    assert operator.url == "http://localhost/admin/shop/project/?_tenant=acme"
    operator.get("/admin/shop/project/")
    assert operator.url.endswith("?_tenant=globex")


def test_list__proposal_of_another_site_is_ignored(operator: Browser) -> None:
    """A page elsewhere cannot propose a tenant by its address."""
    operator.get("/admin/shop/project/", referer="http://evil.example/?_tenant=acme")
    assert "Choose a tenant" in operator.text


def test_list__a_link_chooses_nothing_for_later(operator: Browser) -> None:
    """Following a link that names a tenant leaves what was chosen: only the form with its token changes it."""
    operator.choose("acme")
    operator.get("/admin/shop/project/?_tenant=globex")
    operator.get("/admin/shop/project/")
    assert operator.url.endswith("?_tenant=acme")


@pytest.mark.parametrize("model", ["project", "label", "task"])
def test_list__chosen_for_every_model(operator: Browser, model: str) -> None:
    """A tenant that was chosen for one model is proposed for the others."""
    operator.choose("acme")
    operator.get(f"/admin/shop/{model}/")
    assert operator.tenant == "acme"


def test_choice__needs_the_token(operator: Browser) -> None:
    """A forged form chooses nothing."""
    response = operator.client.post("/admin/shop/project/tenant/", {"tenant": "acme"})
    assert response.status_code == 403
    operator.get("/admin/shop/project/")
    assert "Choose a tenant" in operator.text


def test_choice__only_by_form(operator: Browser) -> None:
    """An address alone chooses nothing."""
    operator.get("/admin/shop/project/tenant/?tenant=acme")
    assert operator.response.status_code == 405


def test_choice__is_one_users(operator: Browser, clerk: Callable[..., Browser]) -> None:
    """What one user of a session chose is not proposed to the next one."""
    operator.choose("acme")
    other = clerk("view_project")
    with TenantContext.use_master_db():
        session = other.client.session
        session["omnitenant_admin"] = operator.client.session["omnitenant_admin"]
        session.save()
    other.get("/admin/shop/project/")
    assert "Choose a tenant" in other.text


def test_choice__unknown_tenant(operator: Browser) -> None:
    """An id that nobody has is refused with a message, from the form and in an address."""
    operator.choose("acme")
    operator.choose("nobody")
    assert "there is no tenant 'nobody'" in operator.text.lower()
    assert "Choose a tenant" in operator.text
    operator.get("/admin/shop/project/")
    assert operator.tenant == "acme"
    operator.get("/admin/shop/project/?_tenant=nobody")
    assert operator.response.status_code == 200
    assert "there is no tenant 'nobody'" in operator.text.lower()


@pytest.mark.parametrize("named", ["%00", "ACME%3B%20DROP", "a" * 300, "%2E%2E"])
def test_choice__no_id_at_all(operator: Browser, named: str) -> None:
    """What cannot be an id is asked of no database: PostgreSQL, for one, fails at a NUL."""
    operator.get("/admin/")
    with TenantContext.use_master_db(), CaptureQueriesContext(connection) as asked:
        operator.get(f"/admin/shop/project/?_tenant={named}")
    assert operator.response.status_code == 200
    assert "There is no tenant" in operator.text
    assert not [each["sql"] for each in asked if "shop_tenant" in each["sql"] and "WHERE" in each["sql"]]


def test_choice__named_twice(operator: Browser, make: Make) -> None:
    """An address that names two tenants is for one of them, whose name the page shows."""
    make("acme", Project, name="Rockets")
    make("initech", Project, name="Reports")
    operator.get("/admin/shop/project/?_tenant=acme&_tenant=initech")
    assert operator.tenant == "initech"
    assert "Reports" in operator.text
    assert "Rockets" not in operator.text


def test_choice__is_not_cached(operator: Browser) -> None:
    """What depends on the choice is kept by no cache: neither the way to the tenant nor the page that asks."""
    for url in ["/admin/shop/project/", "/admin/shop/project/add/", "/admin/shop/project/?_tenant=nobody"]:
        operator.get(url, follow=False)
        assert "no-store" in operator.response["Cache-Control"]
    operator.choose("acme")
    operator.get("/admin/shop/project/", follow=False)
    assert operator.response["Location"] == "/admin/shop/project/?_tenant=acme"
    assert "no-store" in operator.response["Cache-Control"]


def test_choice__many_tenants(operator: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    """Too many tenants for a list are chosen by writing the id."""
    monkeypatch.setattr("omnitenant_admin._pages._LISTED", 2)
    operator.get("/admin/shop/project/")
    assert '<input type="text" name="tenant"' in operator.source
    operator.submit("/admin/shop/project/tenant/", tenant=" Acme ")
    assert operator.tenant == "acme"


def test_choice__only_of_the_operators_tenants(operator: Browser, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tenant that is not among the operator's is out of reach by form and by address."""
    make("globex", Project, name="Hammocks")
    project_admin = admin.site.get_model_admin(Project)
    mine = type(project_admin.get_tenants(RequestFactory().get("/")).first()).objects.filter(tenant_id="acme")
    monkeypatch.setattr(project_admin, "get_tenants", lambda request: mine.all(), raising=True)
    operator.get("/admin/shop/project/")
    assert "globex" not in operator.source
    operator.get("/admin/shop/project/?_tenant=globex")
    assert "there is no tenant 'globex'" in operator.text.lower()
    assert "Hammocks" not in operator.text
    operator.submit("/admin/shop/project/tenant/", tenant="globex")
    assert "Hammocks" not in operator.text


def test_list__suspended_tenant(operator: Browser, make: Make, tenants: dict[str, Any]) -> None:
    """A suspended tenant can be administered, and the page says that it is suspended."""
    make("acme", Project, name="Rockets")
    type(tenants["acme"]).objects.filter(tenant_id="acme").update(state="suspended")
    operator.choose("acme")
    assert "Rockets" in operator.text
    assert "suspended: its users are turned away" in operator.text


@pytest.mark.parametrize("state", ["pending", "provisioning", "failed", "deleting"])
def test_list__no_place(operator: Browser, tenants: dict[str, Any], state: str) -> None:
    """A tenant whose place is not ready is refused with a message, and no place comes to be."""
    model = type(tenants["acme"])
    model.objects.create(tenant_id="later", name="Later", isolation_type="database", state=state)
    operator.choose("later")
    assert operator.response.status_code == 200
    assert f"tenant 'later' is {state}" in operator.text.lower()
    assert "Choose a tenant" in operator.text
    operator.get("/admin/shop/project/add/?_tenant=later")
    assert f"tenant 'later' is {state}" in operator.text.lower()


def test_list__place_is_gone(operator: Browser, tenants: dict[str, Any]) -> None:
    """A database that is gone is reported, and not made anew by looking."""
    from admin_settings import FOLDER

    model = type(tenants["acme"])
    model.objects.create(tenant_id="lost", name="Lost", isolation_type="database", state="active")
    operator.choose("lost")
    assert "the database of tenant 'lost' does not exist" in operator.text.lower()
    assert not (FOLDER / "lost.sqlite3").exists()


def test_list__rows_without_tenant_key(operator: Browser, make: Make) -> None:
    """Rows that do not name their tenant are shown for a database of its own, and refused in shared tables."""
    make("acme", Note, text="for acme")
    make("initech", Note, text="whose is this")
    operator.choose("acme", "note")
    assert "for acme" in operator.text
    assert "whose is this" not in operator.text
    operator.choose("initech", "note")
    assert "cannot be told from theirs" in operator.text
    assert "whose is this" not in operator.text


@pytest.mark.parametrize("scope", ["shared", "master"])
def test_list__rows_of_all_tenants(operator: Browser, make: Make, settings: Any, scope: str) -> None:
    """Rows that all tenants of a database see, or that are the master's, are no one tenant's."""
    settings.OMNITENANT_CONFIG = {**settings.OMNITENANT_CONFIG, "MODEL_SCOPES": {"shop.Note": scope}}
    make("acme", Note, text="for everybody")
    operator.choose("acme", "note")
    assert "for everybody" not in operator.text
    assert "Choose a tenant" in operator.text


def test_list__default_manager_filters_nothing(operator: Browser, make: Make) -> None:
    """A model whose default manager shows every row is filtered all the same."""
    make("initech", Loose, name="mine")
    make("umbrella", Loose, name="theirs")
    operator.choose("initech", "loose")
    assert "mine" in operator.text
    assert "theirs" not in operator.text


def test_list__names_of_rows_are_the_tenants(operator: Browser, make: Make) -> None:
    """What a row's name reads from other rows is read in the tenant, also when the page is rendered."""
    project = make("acme", Project, name="Rockets")
    make("acme", Task, title="Ignite", project=project)
    make("globex", Project, pk=project.pk, name="Hammocks")
    operator.choose("acme", "task")
    assert "Ignite of Rockets" in operator.text
    assert "Hammocks" not in operator.text


@pytest.mark.parametrize("tenant_id", EVERY_TENANT)
def test_get_queryset__follows_the_context(tenants: dict[str, Any], make: Make, tenant_id: str) -> None:
    """Called by itself it gives the active tenant's rows, none without a tenant, all of them unscoped."""
    make(tenant_id, Project, name="Rockets")
    make(OTHERS[tenant_id], Project, name="Reports")
    request = RequestFactory().get("/")
    project_admin = admin.site.get_model_admin(Project)
    with TenantContext.use_tenant(tenants[tenant_id]):
        assert [project.name for project in project_admin.get_queryset(request)] == ["Rockets"]
    with TenantContext.use_master_db():
        assert list(project_admin.get_queryset(request)) == []
    with TenantContext.unscoped():
        assert project_admin.get_queryset(request).count() == Project.objects.count()


def test_template__of_the_project(operator: Browser, make: Make, settings: Any, tmp_path: Path) -> None:
    """A project replaces what says whose page it is by a template of its own."""
    make("acme", Project, name="Rockets")
    (tmp_path / "omnitenant_admin").mkdir()
    (tmp_path / "omnitenant_admin" / "tenant_page.html").write_text(
        "{% extends omnitenant.parent %}"
        "{% block content %}For {{ omnitenant.tenant.name }} {{ block.super }}{% endblock %}"
    )
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [tmp_path]}, *settings.TEMPLATES[1:]]
    operator.get("/admin/shop/project/?_tenant=acme")
    assert "For Acme" in operator.text
    assert "Another tenant" not in operator.text
    assert "Rockets" in operator.text


def test_template__of_the_installed_app(operator: Browser, settings: Any) -> None:
    """With the app installed the page is the same."""
    operator.get("/admin/shop/project/?_tenant=acme")
    before = operator.text
    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "omnitenant_admin"]
    operator.get("/admin/shop/project/?_tenant=acme")
    assert operator.text == before
