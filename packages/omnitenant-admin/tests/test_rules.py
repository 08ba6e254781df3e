"""Rules within a tenant: what breaks one is an error of the form, and not of the server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from browser import Browser
from shop.models import Label, Project, Task

pytestmark = pytest.mark.django_db

Make = Callable[..., Any]
Rows = Callable[..., list[Any]]
OTHERS = {"acme": "globex", "initech": "umbrella"}


@pytest.mark.parametrize("tenant_id", OTHERS)
def test_a_name_that_is_taken(operator: Browser, make: Make, rows: Rows, tenant_id: str) -> None:
    """The form says so without a word of the tenant; what another tenant has is free."""
    make(tenant_id, Label, name="urgent")
    make(OTHERS[tenant_id], Label, name="late")
    operator.choose(tenant_id, "label")
    operator.click("/admin/shop/label/add/")
    operator.submit("label_form", name="urgent")
    assert operator.response.status_code == 200
    assert "Label with this Name already exists." in operator.text
    operator.submit("label_form", name="late")
    assert rows(tenant_id, Label, "name") == ["urgent", "late"]


@pytest.mark.parametrize("tenant_id", OTHERS)
def test_a_title_that_is_taken_inline(operator: Browser, make: Make, rows: Rows, tenant_id: str) -> None:
    """The same for a row below another one, also where two new ones are alike."""
    project = make(tenant_id, Project, name="Rockets")
    make(tenant_id, Task, title="Ignite", project=project)
    operator.choose(tenant_id)
    operator.click(f"/admin/shop/project/{project.pk}/change/")
    operator.submit("project_form", **{"task_set-1-title": "Ignite"})
    assert operator.response.status_code == 200
    assert "Task with this Project and Title already exists." in operator.text
    assert rows(tenant_id, Task, "title") == ["Ignite"]
    operator.submit("project_form", **{"task_set-1-title": "Fly"})
    assert rows(tenant_id, Task, "title") == ["Ignite", "Fly"]


@pytest.mark.parametrize("tenant_id", OTHERS)
def test_a_number_of_a_strangers_row(operator: Browser, make: Make, rows: Rows, tenant_id: str) -> None:
    """A number that is typed in must be one of the tenant's rows."""
    make(OTHERS[tenant_id], Project, name="Decoy")
    stranger = make(OTHERS[tenant_id], Project, name="Hammocks")
    operator.choose(tenant_id, "task")
    operator.click("/admin/shop/task/add/")
    operator.submit("task_form", title="Ignite", project=str(stranger.pk))
    assert operator.response.status_code == 200
    assert "Select a valid choice. That choice is not one of the available choices." in operator.text
    assert rows(tenant_id, Task, "title") == []
