"""The row scope where tenants have databases of their own: rows of one place do not show up in another."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from omnitenant_context.context import TenantContext
from omnitenant_context.errors import TenantMismatchError
from omnitenant_models.models import StampedQuerySet
from probe.models import Note, Project

use_tenant = TenantContext.use_tenant


@pytest.fixture(name="rows")
def _rows(acme: Any, globex: Any, initech: Any) -> tuple[Any, ...]:
    """Give each tenant a project and a note, with the same primary keys in each database."""
    for tenant in (acme, globex, initech):
        with use_tenant(tenant):
            Project.objects.create(name=tenant.tenant_id)
            Note.objects.create(text=tenant.tenant_id)
    return acme, globex, initech


def test_evaluated_querysets(rows: tuple[Any, ...]) -> None:
    """They are fetched again in another place, also after pickling; a plain one of Django's keeps what it has."""
    projects, notes = Project.objects.order_by("pk"), StampedQuerySet(Note).order_by("pk")
    plain = Note.objects.order_by("pk")
    for tenant in (*rows, rows[0]):
        with use_tenant(tenant):
            assert [project.name for project in projects] == [tenant.tenant_id]
            assert [note.text for note in notes] == [tenant.tenant_id]
            pickled = pickle.dumps(notes)
            assert [note.text for note in plain] == ["acme"]
    with use_tenant(rows[1]):
        assert [note.text for note in pickle.loads(pickled)] == ["globex"]


def test_deleting(rows: tuple[Any, ...]) -> None:
    """What was loaded in one place is not deleted in another; a number alone is the place's own row."""
    acme, globex, _ = rows
    with use_tenant(acme):
        project = Project.objects.get()
    with use_tenant(globex):
        with pytest.raises(TenantMismatchError):
            project.delete()
        assert Project.objects.get().pk == project.pk
        Project(pk=project.pk).delete()
        assert not Project.objects.exists()
    with use_tenant(acme):
        assert Project.objects.get() == project
        project.delete()


def test_raw(rows: tuple[Any, ...]) -> None:
    """A raw queryset stays in the place that it was made in, and is refused elsewhere."""
    acme, globex, _ = rows
    with use_tenant(acme):
        projects = Project.objects.raw("SELECT * FROM probe_project")
        assert [project.name for project in projects] == ["acme"]
    with use_tenant(globex):
        with pytest.raises(TenantMismatchError):
            list(projects)
        assert [project.name for project in Project.objects.raw("SELECT * FROM probe_project")] == ["globex"]
