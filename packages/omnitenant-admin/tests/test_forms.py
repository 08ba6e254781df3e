"""Adding, changing and deleting rows: in the tenant's own place, and nowhere else."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelect
from django.db import connections
from django.test import RequestFactory

from browser import Browser
from omnitenant_admin.mixins import TenantRestrictAdminMixin
from omnitenant_context.context import TenantContext
from shop.models import Label, Loose, Project, Task

pytestmark = pytest.mark.django_db

Make = Callable[..., Any]
Rows = Callable[..., list[Any]]
EVERY_TENANT = ["acme", "initech", "hooli"]
OTHERS = {"acme": "globex", "initech": "umbrella", "hooli": "umbrella"}
NO_TASKS = {"task_set-TOTAL_FORMS": "0"}


@pytest.mark.parametrize("tenant_id", EVERY_TENANT)
def test_add(operator: Browser, rows: Rows, tenant_id: str) -> None:
    """A row is added to the tenant whose page it was, with the tenant filled in and its inlines."""
    label_of_nobody = rows(tenant_id, Label, "pk")
    assert label_of_nobody == []
    operator.choose(tenant_id)
    operator.click("/admin/shop/project/add/")
    assert operator.tenant == tenant_id
    assert 'name="tenant"' not in operator.source.split('id="project_form"')[1]
    operator.submit("project_form", name="Rockets", **{"task_set-0-title": "Ignite"})
    assert "was added successfully" in operator.text
    assert operator.url.endswith(f"/admin/shop/project/?_tenant={tenant_id}")
    assert rows(tenant_id, Project, "name", "tenant__tenant_id") == [("Rockets", tenant_id)]
    assert rows(tenant_id, Task, "title", "tenant__tenant_id") == [("Ignite", tenant_id)]
    assert rows(OTHERS[tenant_id], Project, "name") == []


def test_add__no_tenant_chosen(operator: Browser, rows: Rows) -> None:
    """Adding without a tenant leads to the choice of one."""
    operator.get("/admin/shop/project/add/")
    assert operator.url == "http://localhost/admin/shop/project/"
    assert "Choose a tenant first" in operator.text


@pytest.mark.parametrize("tenant_id", EVERY_TENANT)
def test_change(operator: Browser, make: Make, rows: Rows, tenant_id: str) -> None:
    """A row is changed where it is; a row of another tenant with the same key stays."""
    project = make(tenant_id, Project, name="Rockets")
    if tenant_id == "acme":
        make("globex", Project, pk=project.pk, name="Hammocks")
    operator.choose(tenant_id)
    operator.click(f"/admin/shop/project/{project.pk}/change/")
    operator.submit("project_form", name="Bigger rockets", **NO_TASKS)
    assert "was changed successfully" in operator.text
    assert rows(tenant_id, Project, "name") == ["Bigger rockets"]
    assert rows("globex", Project, "name") == (["Hammocks"] if tenant_id == "acme" else [])


def test_change__form_of_another_tab(operator: Browser, make: Make, rows: Rows) -> None:
    """A form is saved for the tenant it was shown for, though another tenant was chosen in the meantime."""
    project = make("acme", Project, name="Rockets")
    make("globex", Project, pk=project.pk, name="Hammocks")
    operator.choose("acme")
    operator.click(f"/admin/shop/project/{project.pk}/change/")
    other_tab = Browser("localhost")
    other_tab.client = operator.client
    other_tab.choose("globex")
    operator.submit("project_form", name="Bigger rockets", **NO_TASKS)
    assert operator.tenant == "acme"
    assert rows("acme", Project, "name") == ["Bigger rockets"]
    assert rows("globex", Project, "name") == ["Hammocks"]


def test_change__address_without_tenant(operator: Browser, make: Make, rows: Rows) -> None:
    """A form that does not say for which tenant it is changes nothing, whatever was chosen."""
    project = make("acme", Project, name="Rockets")
    operator.choose("acme")
    operator.post(f"/admin/shop/project/{project.pk}/change/", {"name": "Stolen"})
    assert "so nothing was changed" in operator.text
    operator.post(f"/admin/shop/project/{project.pk}/delete/", {"post": "yes"})
    operator.post("/admin/shop/project/add/", {"name": "Stolen"})
    assert rows("acme", Project, "name") == ["Rockets"]


@pytest.mark.parametrize("view", ["change", "delete", "history"])
@pytest.mark.parametrize("tenant_id", ["acme", "initech"])
def test_row_of_another_tenant(operator: Browser, make: Make, rows: Rows, tenant_id: str, view: str) -> None:
    """A key of another tenant's row in the address finds nothing."""
    stranger = make(OTHERS[tenant_id], Project, name="Hammocks")
    operator.get(f"/admin/shop/project/{stranger.pk}/{view}/?_tenant={tenant_id}")
    assert "doesn’t exist" in operator.text  # noqa: RUF001 - Django writes it so
    assert "Hammocks" not in operator.text
    operator.post(f"/admin/shop/project/{stranger.pk}/{view}/?_tenant={tenant_id}", {"name": "Stolen", "post": "yes"})
    assert rows(OTHERS[tenant_id], Project, "name") == ["Hammocks"]


@pytest.mark.parametrize("tenant_id", EVERY_TENANT)
def test_delete(operator: Browser, make: Make, rows: Rows, tenant_id: str) -> None:
    """A row is deleted with what hangs on it, which the page names; others stay."""
    project = make(tenant_id, Project, name="Rockets")
    make(tenant_id, Task, title="Ignite", project=project)
    other = make(OTHERS[tenant_id], Project, name="Hammocks")
    make(OTHERS[tenant_id], Task, title="Hang", project=other)
    operator.choose(tenant_id)
    operator.click(f"/admin/shop/project/{project.pk}/delete/")
    assert "Ignite of Rockets" in operator.text
    assert "Hang" not in operator.text
    operator.submit("", post="yes")
    assert "was deleted successfully" in operator.text
    assert rows(tenant_id, Project, "name") == rows(tenant_id, Task, "title") == []
    assert rows(OTHERS[tenant_id], Project, "name") == ["Hammocks"]
    assert rows(OTHERS[tenant_id], Task, "title") == ["Hang"]


@pytest.mark.parametrize("tenant_id", EVERY_TENANT)
def test_list_editable(operator: Browser, make: Make, rows: Rows, tenant_id: str) -> None:
    """Rows are changed in the list."""
    make(tenant_id, Project, name="Rockets")
    operator.choose(tenant_id)
    operator.submit("changelist-form", button="_save", **{"form-0-status": "done"})
    assert "1 project was changed successfully" in operator.text
    assert rows(tenant_id, Project, "status") == ["done"]


def test_list_editable__row_of_another_tenant(operator: Browser, make: Make, rows: Rows) -> None:
    """A forged key in the list's form changes nobody's row."""
    make("initech", Project, name="Reports")
    stranger = make("umbrella", Project, name="The Hive")
    operator.choose("initech")
    operator.submit("changelist-form", button="_save", **{"form-0-status": "done", "form-0-id": str(stranger.pk)})
    assert rows("umbrella", Project, "status") == ["active"]


@pytest.mark.parametrize("tenant_id", ["acme", "initech"])
def test_pickers__foreign_key_of_another_tenant(operator: Browser, make: Make, rows: Rows, tenant_id: str) -> None:
    """A forged choice of another tenant's row is no valid one."""
    stranger = make(OTHERS[tenant_id], Label, name="foreign")
    operator.choose(tenant_id)
    operator.click("/admin/shop/project/add/")
    operator.submit("project_form", name="Rockets", label=str(stranger.pk), **NO_TASKS)
    assert "not one of the available choices" in operator.text
    assert rows(tenant_id, Project, "name") == []


@pytest.mark.parametrize("tenant_id", EVERY_TENANT)
def test_pickers__searching(operator: Browser, make: Make, tenant_id: str) -> None:
    """A picker that searches, on the form and in its inlines, finds the tenant's rows."""
    make(tenant_id, Label, name="urgent")
    make(OTHERS[tenant_id], Label, name="urgent elsewhere")
    operator.choose(tenant_id)
    operator.click("/admin/shop/project/add/")
    page = operator.source
    url = f"/admin/shop/project/autocomplete/?_tenant={tenant_id}"
    assert page.count(f'data-ajax--url="{url}"') == 3  # the form, one inline, and the inline's template
    assert "/admin/autocomplete/" not in page
    for model in ["project", "task"]:
        operator.get(f"{url}&term=urg&app_label=shop&model_name={model}&field_name=label")
        assert [each["text"] for each in operator.response.json()["results"]] == ["urgent"]


def test_pickers__searching_in_the_list(
    operator: Browser, make: Make, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A picker that searches in a row of the list asks for the tenant, too."""
    monkeypatch.setattr("shop.admin.ProjectAdmin.list_display", ["name", "label"])
    monkeypatch.setattr("shop.admin.ProjectAdmin.list_editable", ["label"])
    make("acme", Project, name="Rockets")
    label = make("acme", Label, name="urgent")
    operator.choose("acme")
    assert 'data-ajax--url="/admin/shop/project/autocomplete/?_tenant=acme"' in operator.source
    assert "/admin/autocomplete/" not in operator.source
    operator.submit("changelist-form", button="_save", **{"form-0-label": str(label.pk)})
    assert rows("acme", Project, "label") == [label.pk]


def test_pickers__default_manager_filters_nothing(operator: Browser, make: Make, rows: Rows) -> None:
    """Rows of others are neither offered nor taken where the default manager shows them, on forms and in inlines."""
    project = make("initech", Project, name="Reports")
    mine = make("initech", Loose, name="mine")
    stranger = make("umbrella", Loose, name="theirs")
    operator.get("/admin/shop/task/add/?_tenant=initech")
    assert "mine" in operator.text
    assert "theirs" not in operator.text
    operator.submit("task_form", project=str(project.pk), title="Stamp", loose=str(stranger.pk))
    assert "not one of the available choices" in operator.text
    operator.submit("task_form", project=str(project.pk), title="Stamp", loose=str(mine.pk))
    assert rows("initech", Task, "loose") == [mine.pk]
    operator.get(f"/admin/shop/project/{project.pk}/change/?_tenant=initech")
    assert "mine" in operator.text
    assert "theirs" not in operator.text


def test_pickers__searching_at_the_site(operator: Browser, make: Make) -> None:
    """The site's own search knows no tenant and finds nothing."""
    make("initech", Label, name="urgent")
    operator.choose("initech")
    operator.get("/admin/autocomplete/?term=urg&app_label=shop&model_name=project&field_name=label")
    assert operator.response.json()["results"] == []


def test_pickers__raw_key(operator: Browser, make: Make) -> None:
    """A key that is typed is named by the tenant's row."""
    project = make("acme", Project, name="Rockets")
    make("globex", Project, pk=project.pk, name="Hammocks")
    task = make("acme", Task, title="Ignite", project=project)
    operator.choose("acme", "task")
    operator.click(f"/admin/shop/task/{task.pk}/change/")
    assert "Rockets" in operator.text
    assert "Hammocks" not in operator.text


def test_pickers__of_a_projects_own_form(tenants: dict[str, Any]) -> None:
    """A picker that a project declares asks for the tenant, and the declaration, which others use, stays."""

    class OwnForm(forms.ModelForm):
        label = forms.ModelChoiceField(
            Label.objects.all(), widget=AutocompleteSelect(Project._meta.get_field("label"), admin.site)
        )

    class OwnAdmin(TenantRestrictAdminMixin, admin.ModelAdmin):
        form = OwnForm

    request = RequestFactory().get("/")
    with TenantContext.use_tenant(tenants["acme"]):
        form = OwnAdmin(Project, admin.site).get_form(request)
        assert form.base_fields["label"].widget.get_url() == "/admin/shop/project/autocomplete/?_tenant=acme"
    assert OwnForm.declared_fields["label"].widget.get_url() == "/admin/autocomplete/"


def test_popup(operator: Browser, rows: Rows) -> None:
    """A window that adds a row for a picker belongs to the tenant of the page that opened it."""
    operator.choose("globex")
    operator.get("/admin/shop/project/add/?_tenant=acme")
    operator.click("/admin/shop/label/add/?_to_field=id&_popup=1")
    assert operator.tenant == "acme"
    assert "Another tenant" not in operator.text
    operator.submit("label_form", name="urgent")
    assert operator.response.status_code == 200
    assert "urgent" in operator.source
    assert rows("acme", Label, "name") == ["urgent"]
    assert rows("globex", Label, "name") == []


def test_buttons(operator: Browser, rows: Rows) -> None:
    """Saving and going on, and saving and adding another, stay with the tenant, without preserved filters too."""
    operator.get("/admin/shop/label/add/?_tenant=acme")
    operator.submit("label_form", button="_continue", name="urgent")
    assert operator.tenant == "acme"
    assert "Change label" in operator.text
    operator.submit("label_form", button="_addanother", name="urgent!")
    assert "Add label" in operator.text
    operator.submit("label_form", name="late")
    assert "Select label to change" in operator.text
    assert operator.tenant == "acme"
    assert rows("acme", Label, "name") == ["urgent!", "late"]


def test_buttons__filters_of_another_tenant(operator: Browser, make: Make, rows: Rows) -> None:
    """An address that brings another tenant's filters leads to the list of the tenant that the row was added for."""
    make("initech", Project, name="Reports")
    operator.get("/admin/shop/project/add/?_tenant=acme&_changelist_filters=_tenant%3Dinitech%26status%3Dactive")
    operator.submit("project_form", name="Rockets", **NO_TASKS)
    assert rows("acme", Project, "name") == ["Rockets"]
    assert "Tenant: acme" in operator.text
    assert "status=active" in operator.url
    assert "Reports" not in operator.text


def test_view_on_site(operator: Browser, make: Make) -> None:
    """There is no link to a page on the master's host, where the row is not."""
    project = make("acme", Project, name="Rockets")
    operator.get(f"/admin/shop/project/{project.pk}/change/?_tenant=acme")
    assert "View on site" not in operator.text


def test_failed_change_is_rolled_back(
    operator: Browser, make: Make, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error half way undoes what was written to the tenant's database."""
    project = make("acme", Project, name="Rockets")
    operator.get(f"/admin/shop/project/{project.pk}/change/?_tenant=acme")
    operator.client.raise_request_exception = False

    def fail(*args: Any) -> None:
        assert rows("acme", Project, "name") == ["Bigger rockets"]
        raise RuntimeError

    monkeypatch.setattr("shop.admin.ProjectAdmin.save_related", fail)
    operator.submit("project_form", name="Bigger rockets", **NO_TASKS)
    assert operator.response.status_code == 500
    assert rows("acme", Project, "name") == ["Rockets"]


@pytest.mark.parametrize("tenant_id", EVERY_TENANT)
def test_transaction_for_each_request(
    operator: Browser, rows: Rows, monkeypatch: pytest.MonkeyPatch, tenant_id: str
) -> None:
    """With ATOMIC_REQUESTS, which opens a transaction on the master, rows are added where they belong."""
    monkeypatch.setitem(connections["master"].settings_dict, "ATOMIC_REQUESTS", True)
    operator.get(f"/admin/shop/project/add/?_tenant={tenant_id}")
    operator.submit("project_form", name="Rockets", **NO_TASKS)
    assert "was added successfully" in operator.text
    assert rows(tenant_id, Project, "name") == ["Rockets"]


def test_links_carry_tenant_and_filters(operator: Browser, make: Make, rows: Rows) -> None:
    """The links of a list lead to forms that are saved for its tenant and lead back to the list as it was."""
    make("acme", Project, name="Rockets")
    operator.choose("globex")
    operator.get("/admin/shop/project/?_tenant=acme&status__exact=active")
    links = re.findall(r'href="([^"]*/change/[^"]*)"', operator.source)
    assert len(links) == 1
    operator.get(links[0])  # as a browser that does not say where it comes from
    assert operator.tenant == "acme"
    operator.submit("project_form", name="Bigger rockets", **NO_TASKS)
    assert rows("acme", Project, "name") == ["Bigger rockets"]
    assert "_tenant=acme" in operator.url
    assert "status__exact=active" in operator.url


def test_links__back_to_the_list(clerk: Callable[..., Browser], make: Make) -> None:
    """Who may only look gets a link back to the list of the tenant."""
    project = make("acme", Project, name="Rockets")
    browser = clerk("view_project")
    browser.get(f"/admin/shop/project/{project.pk}/change/?_tenant=acme")
    assert 'href="/admin/shop/project/?_tenant=acme" class="closelink"' in browser.source
