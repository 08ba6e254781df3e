"""The log of what operators did: kept in the master, told apart by tenant."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.test import RequestFactory

from browser import Browser
from omnitenant_context.context import TenantContext
from shop.models import Project

pytestmark = pytest.mark.django_db

Make = Callable[..., Any]
EVERY_TENANT = ["acme", "initech", "hooli"]
NO_TASKS = {"task_set-TOTAL_FORMS": "0"}


def logged() -> list[tuple[str, str]]:
    """Read the master's log, the oldest entry first."""
    with TenantContext.use_master_db():
        entries = LogEntry.objects.order_by("pk")
        return [(entry.object_repr, entry.get_change_message()) for entry in entries]


@pytest.mark.parametrize("tenant_id", EVERY_TENANT)
def test_log(operator: Browser, tenants: dict[str, Any], make: Make, tenant_id: str) -> None:
    """Adding, changing and deleting are logged in the master, by the operator, with the tenant's id."""
    operator.choose(tenant_id)
    operator.click("/admin/shop/project/add/")
    operator.submit("project_form", button="_continue", name="Rockets", **NO_TASKS)
    operator.submit("project_form", button="_continue", name="Bigger rockets", **NO_TASKS)
    operator.click(operator.url.replace("/change/", "/delete/"))
    operator.submit("", post="yes")
    assert logged() == [
        (f"Rockets ({tenant_id})", "Added."),
        (f"Bigger rockets ({tenant_id})", "Changed Name."),
        (f"Bigger rockets ({tenant_id})", "No fields changed."),
    ]
    with TenantContext.use_master_db():
        entry = LogEntry.objects.select_related("user", "content_type").first()
        assert entry.user.username == "operator"
        assert entry.content_type.model_class() is Project
        assert entry.is_deletion()
    if tenant_id == "acme":
        with TenantContext.use_tenant(tenants["acme"]):
            assert not LogEntry.objects.exists()


def test_log__several_rows(operator: Browser, make: Make) -> None:
    """Rows that are deleted together are logged each."""
    selected = [str(make("acme", Project, name=name).pk) for name in ["Rockets", "Magnets"]]
    operator.choose("acme")
    operator.submit("changelist-form", action="delete_selected", index="0", _selected_action=selected)
    operator.submit("")
    assert sorted(row for row, _ in logged()) == ["Magnets (acme)", "Rockets (acme)"]


def test_log__long_names_keep_the_tenant(operator: Browser, tenants: dict[str, Any]) -> None:
    """A name that is too long for the log is cut, the tenant's id is not."""
    request = RequestFactory().get("/")
    with TenantContext.use_master_db():
        from django.contrib.auth.models import User

        request.user = User.objects.get()
    with TenantContext.use_tenant(tenants["acme"]):
        entry = admin.site.get_model_admin(Project).log_change(request, Project(pk=1, name="x" * 300), "by hand")
    assert entry.object_repr == "x" * 193 + " (acme)"
    assert entry.get_change_message() == "tenant acme: by hand"


def test_recent_actions(operator: Browser) -> None:
    """The index lists what the operator did, for whom."""
    operator.get("/admin/shop/project/add/?_tenant=acme")
    operator.submit("project_form", name="Rockets", **NO_TASKS)
    operator.get("/admin/")
    assert "Rockets (acme)" in operator.text


def test_history(operator: Browser, make: Make) -> None:
    """The page of a row shows what happened to it, and not what happened to another tenant's row of its key."""
    project = make("acme", Project, name="Rockets")
    make("globex", Project, pk=project.pk, name="Hammocks")
    address = f"/admin/shop/project/{project.pk}"
    operator.get(f"{address}/change/?_tenant=acme")
    operator.submit("project_form", name="Bigger rockets", **NO_TASKS)
    operator.get(f"{address}/change/?_tenant=globex")
    operator.submit("project_form", status="done", **NO_TASKS)
    operator.get(f"{address}/history/?_tenant=acme")
    assert "Changed Name." in operator.text
    assert "Changed Status." not in operator.text
    assert "operator" in operator.text
    assert "1 entry" in operator.text
    operator.get(f"{address}/history/?_tenant=globex")
    assert "Changed Status." in operator.text
    assert "Changed Name." not in operator.text


def test_history__text_and_prefixes(operator: Browser, tenants: dict[str, Any], make: Make) -> None:
    """Entries with plain text belong to their tenant, and an id that begins like another is another."""
    project = make("acme", Project, name="Rockets")
    request = RequestFactory().get("/")
    with TenantContext.use_master_db():
        from django.contrib.auth.models import User

        request.user = User.objects.get()
    project_admin = admin.site.get_model_admin(Project)
    other = type(tenants["acme"]).objects.create(tenant_id="acme-2", name="Other")
    with TenantContext.use_tenant(tenants["acme"]):
        project_admin.log_change(request, project, "mine")
    with TenantContext.use_tenant(other):
        project_admin.log_change(request, project, "theirs")
        project_admin.log_change(request, project, [{"changed": {"fields": ["Theirs"]}}])
    operator.get(f"/admin/shop/project/{project.pk}/history/?_tenant=acme")
    assert "mine" in operator.text
    assert "theirs" not in operator.text.lower()


@pytest.mark.parametrize("tenant_id", EVERY_TENANT)
def test_recent_actions__lead_to_their_tenant(operator: Browser, make: Make, tenant_id: str) -> None:
    """The index leads to the row that was changed, though another tenant with a row of this key was chosen since."""
    project = make(tenant_id, Project, name="Rockets")
    make("globex", Project, pk=project.pk, name="Hammocks")
    operator.choose(tenant_id)
    address = f"/admin/shop/project/{project.pk}/change/"
    operator.click(address)
    operator.submit("project_form", name="Bigger rockets", **NO_TASKS)
    operator.choose("globex")
    operator.get("/admin/")
    assert f"Bigger rockets ({tenant_id})" in operator.text
    operator.click(address)
    assert operator.tenant == tenant_id
    assert "Hammocks" not in operator.source


def test_recent_actions__of_another_operator(operator: Browser, make: Make, clerk: Callable[..., Browser]) -> None:
    """What others did says nothing about the tenant that this one works for; nor does it on a link from elsewhere."""
    project = make("acme", Project, name="Rockets")
    make("globex", Project, pk=project.pk, name="Hammocks")
    address = f"/admin/shop/project/{project.pk}/change/"
    operator.get(f"{address}?_tenant=acme")
    operator.submit("project_form", name="Bigger rockets", **NO_TASKS)
    operator.choose("globex")
    assert operator.get(address).tenant == "globex"
    browser = clerk("view_project").choose("globex")
    browser.get("/admin/")
    assert browser.click(address).tenant == "globex"


def test_recent_actions__plain_text(operator: Browser, make: Make, tenants: dict[str, Any]) -> None:
    """Entries whose message is plain text say for which tenant they are, too."""
    project = make("acme", Project, name="Rockets")
    request = RequestFactory().get("/")
    with TenantContext.use_master_db():
        request.user = User.objects.get(username="operator")
    with TenantContext.use_tenant(tenants["acme"]):
        admin.site.get_model_admin(Project).log_change(request, project, "Launched")
    operator.choose("globex")
    operator.get("/admin/")
    assert operator.click(f"/admin/shop/project/{project.pk}/change/").tenant == "acme"
