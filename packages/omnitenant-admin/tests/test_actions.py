"""Actions on rows, and views of a project's own: they run for the chosen tenant."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from browser import Browser
from shop.models import Project, Task

pytestmark = pytest.mark.django_db

Make = Callable[..., Any]
Rows = Callable[..., list[Any]]
EVERY_TENANT = ["acme", "initech", "hooli"]
OTHERS = {"acme": "globex", "initech": "umbrella", "hooli": "umbrella"}


def act(operator: Browser, action: str, *rows: Any, **values: Any) -> Browser:
    """Run an action on rows of the list that is shown."""
    selected = [str(row.pk) for row in rows]
    return operator.submit("changelist-form", action=action, index="0", _selected_action=selected, **values)


@pytest.mark.parametrize("tenant_id", EVERY_TENANT)
def test_action(operator: Browser, make: Make, rows: Rows, tenant_id: str) -> None:
    """An action changes the tenant's rows and leads back to its list."""
    project = make(tenant_id, Project, name="Rockets")
    make(OTHERS[tenant_id], Project, name="Hammocks")
    operator.choose(tenant_id)
    act(operator, "finish", project)
    assert "1 done" in operator.text
    assert operator.tenant == tenant_id
    assert rows(tenant_id, Project, "status") == ["done"]
    assert rows(OTHERS[tenant_id], Project, "status") == ["active"]


@pytest.mark.parametrize("tenant_id", ["acme", "initech"])
def test_action__across_all_pages(operator: Browser, make: Make, rows: Rows, tenant_id: str) -> None:
    """All rows are all of the tenant's."""
    project = make(tenant_id, Project, name="Rockets")
    make(tenant_id, Project, name="Magnets")
    make(OTHERS[tenant_id], Project, name="Hammocks")
    operator.choose(tenant_id)
    act(operator, "finish", project, select_across="1")
    assert rows(tenant_id, Project, "status") == ["done", "done"]
    assert rows(OTHERS[tenant_id], Project, "status") == ["active"]


def test_action__row_of_another_tenant(operator: Browser, make: Make, rows: Rows) -> None:
    """A forged key selects nothing."""
    make("initech", Project, name="Reports")
    stranger = make("umbrella", Project, name="The Hive")
    operator.choose("initech")
    act(operator, "finish", stranger)
    assert "0 done" in operator.text
    assert rows("umbrella", Project, "status") == ["active"]


def test_action__streams(operator: Browser, make: Make) -> None:
    """A response that is produced while it is sent reads the tenant's rows until its end."""
    project = make("acme", Project, name="Rockets")
    make("globex", Project, pk=project.pk, name="Hammocks")
    operator.choose("acme")
    act(operator, "export", project)
    assert operator.response.getvalue() == b"Rockets of acme\n"


@pytest.mark.parametrize("tenant_id", EVERY_TENANT)
def test_delete_selected(operator: Browser, make: Make, rows: Rows, tenant_id: str) -> None:
    """Deleting asks first, names what hangs on the rows, and deletes the tenant's alone."""
    project = make(tenant_id, Project, name="Rockets")
    make(tenant_id, Task, title="Ignite", project=project)
    make(OTHERS[tenant_id], Project, name="Hammocks")
    operator.choose(tenant_id)
    act(operator, "delete_selected", project)
    assert "Ignite of Rockets" in operator.text
    assert operator.tenant == tenant_id
    operator.submit("")
    assert "Successfully deleted 1 project" in operator.text
    assert rows(tenant_id, Project, "name") == []
    assert rows(OTHERS[tenant_id], Project, "name") == ["Hammocks"]


@pytest.mark.parametrize("tenant_id", EVERY_TENANT)
def test_own_views(operator: Browser, make: Make, tenant_id: str) -> None:
    """Views that the project adds run for the tenant, nested ones too."""
    make(tenant_id, Project, name="Rockets")
    make(OTHERS[tenant_id], Project, name="Hammocks")
    make(OTHERS[tenant_id], Project, name="Magnets")
    operator.get(f"/admin/shop/project/count/?_tenant={tenant_id}")
    assert operator.response.content == b"1"
    operator.get(f"/admin/shop/project/more/who/?_tenant={tenant_id}")
    assert operator.response.content.decode() == tenant_id


def test_own_views__no_tenant(operator: Browser) -> None:
    """Without a tenant they lead to the choice of one."""
    operator.get("/admin/shop/project/count/")
    assert "Choose a tenant first" in operator.text


def test_old_address(operator: Browser, make: Make) -> None:
    """The address of a row that Django redirects keeps the tenant."""
    project = make("acme", Project, name="Rockets")
    operator.get(f"/admin/shop/project/{project.pk}/?_tenant=acme")
    assert operator.url == f"http://localhost/admin/shop/project/{project.pk}/change/?_tenant=acme"
    assert "Rockets" in operator.text


def test_own_views__of_another_template_engine(operator: Browser, make: Make) -> None:
    """A page for another engine than Django's is rendered for the tenant, without our heading, which it cannot have."""
    make("acme", Project, name="Rockets")
    make("globex", Project, name="Hammocks")
    operator.get("/admin/shop/project/names/?_tenant=acme")
    assert operator.response.content == b"Names: Rockets"


def test_own_views__leading_away(operator: Browser) -> None:
    """A redirect to another site is passed on as it is: nobody there learns of a tenant."""
    operator.get("/admin/shop/project/away/?_tenant=acme", follow=False)
    assert operator.response["Location"] == "https://docs.example.com/admin/shop/project/"


def test_pages_can_be_cached(operator: Browser, make: Make, settings: Any) -> None:
    """A page that was rendered can be pickled, as caches do: nothing on it holds the tenant's context."""
    make("acme", Project, name="Rockets")
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "shop.caching.kept_in_cache"]
    operator.client.handler.load_middleware()
    operator.get("/admin/shop/project/?_tenant=acme")
    assert "Rockets" in operator.text
