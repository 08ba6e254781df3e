"""Tests of omnitenant_drf.serializers where serializers stand in others, or work on lists."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.serializers import ListSerializer

from omnitenant_context.context import TenantContext
from probe import serializers
from probe.models import Project, Task, Tenant

TAKEN = {"name": ["project with this name already exists."]}


def first(errors: Any) -> Any:
    """Return the errors of the first row; REST framework is changing from lists to dictionaries of these."""
    return errors[0] if isinstance(errors, list) else errors["0"]


@pytest.fixture
def roof(acme: Tenant) -> Project:
    """Give a project with a task of the first tenant."""
    with TenantContext.use_tenant(acme):
        project = Project.objects.create(name="Roof")
        Task.objects.create(project=project, title="tiles", slot=1)
        return project


def test_a_nested_row_is_checked(speak: Any, acme: Tenant, globex: Tenant, roof: Project) -> None:
    """The error stands under the nested serializer; another tenant is free to use the name."""
    body = {"project": {"name": "Roof"}, "title": "gutter"}
    answer = speak(acme, "post", "/nested/", body)
    assert (answer.status_code, answer.json()) == (400, {"project": TAKEN})
    assert speak(globex, "post", "/nested/", body).status_code == 201


def test_a_nested_row_does_not_stand_in_its_own_way(speak: Any, acme: Tenant, roof: Project) -> None:
    """An update of the outer row updates the nested one, which may keep its name."""
    with TenantContext.use_tenant(acme):
        task = Task.objects.get()
        Project.objects.create(name="Cellar")
    address = f"/nested/{task.pk}/"
    body = {"project": {"name": "Roof"}, "title": "gutter"}
    assert speak(acme, "put", address, body).status_code == 200
    body["project"]["name"] = "Cellar"
    answer = speak(acme, "put", address, body)
    assert (answer.status_code, answer.json()) == (400, {"project": TAKEN})
    body["project"]["name"] = "Attic"
    assert speak(acme, "patch", address, body).json()["project"]["name"] == "Attic"


def test_nested_lists_are_checked_where_they_are_new(speak: Any, acme: Tenant, globex: Tenant, roof: Project) -> None:
    """Each new row by itself; what only the database can tell is 400 as well, and nothing stays."""
    body = {"name": "Cellar", "tasks": [{"title": "a", "slot": 1}, {"title": "b"}]}
    answer = speak(acme, "post", "/with-tasks/", body)
    assert answer.status_code == 400
    assert first(answer.json()["tasks"]) == {"slot": ["This slot is taken."]}
    body["tasks"] = [{"title": "a"}, {"title": "a"}]
    answer = speak(acme, "post", "/with-tasks/", body)
    wanted = {"non_field_errors": ["The fields project, title must make a unique set."]}
    assert (answer.status_code, answer.json()) == (400, wanted)
    assert len(speak(acme, "get", "/with-tasks/").json()) == 1
    body["tasks"] = [{"title": "a", "slot": 1}]
    assert speak(globex, "post", "/with-tasks/", body).status_code == 201


def test_nested_lists_of_an_existing_row_are_left_to_the_database(speak: Any, acme: Tenant, roof: Project) -> None:
    """Nobody says which of them are old: a list that replaces itself passes, a duplicate does not."""
    address = f"/with-tasks/{roof.pk}/"
    body = {"name": "Roof", "tasks": [{"title": "tiles", "slot": 1}]}
    assert speak(acme, "put", address, body).status_code == 200
    body["tasks"].append({"title": "tiles"})
    assert speak(acme, "put", address, body).status_code == 400
    assert len(speak(acme, "get", address).json()["tasks"]) == 1


def test_a_list_of_new_rows_is_checked_row_by_row(speak: Any, acme: Tenant, globex: Tenant, roof: Project) -> None:
    """The error stands beside its row."""
    body = [{"name": "Roof"}, {"name": "Cellar"}]
    answer = speak(acme, "post", "/many/", body)
    assert (answer.status_code, first(answer.json())) == (400, TAKEN)
    assert speak(globex, "post", "/many/", body).status_code == 201


def test_a_list_that_repeats_itself_is_a_400(speak: Any, acme: Tenant) -> None:
    """The rows are free one by one; the database finds the second."""
    answer = speak(acme, "post", "/many/", [{"name": "Roof"}, {"name": "Roof"}])
    assert (answer.status_code, answer.json()) == (400, TAKEN)


def test_a_bulk_update_is_left_to_the_database(acme: Tenant, roof: Project) -> None:
    """Where a list is updated nobody says which row is which, so no row is refused for its own name."""

    class Bulk(ListSerializer):
        pass

    class Row(serializers.ProjectSerializer):
        class Meta(serializers.ProjectSerializer.Meta):
            list_serializer_class = Bulk

    with TenantContext.use_tenant(acme):
        rows = Project.objects.all()
        serializer = Row(rows, data=[{"name": "Roof"}], many=True)
        assert serializer.is_valid(), serializer.errors


def test_a_nested_row_that_is_not_there_is_a_new_one(acme: Tenant, globex: Tenant, roof: Project) -> None:
    """A reference that leads nowhere, as after an import, is no error of the check."""
    with TenantContext.unscoped():
        theirs = Project.objects.create(name="Cellar", tenant=globex)
        Task.objects.update(project=theirs)
    with TenantContext.use_tenant(acme):
        body = {"project": {"name": "Roof"}, "title": "gutter"}
        serializer = serializers.TaskOfNewProjectSerializer(Task.objects.get(), data=body)
        assert not serializer.is_valid()
        assert serializer.errors == {"project": TAKEN}
