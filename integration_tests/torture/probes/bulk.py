"""Many rows at once."""

from __future__ import annotations

from typing import Any

from django.db.models import Value

from harness.register import topic
from harness.tools import only, pks

probe = topic("bulk")


@probe(portable=True)
def filled_by_themselves(w: Any) -> None:
    """New rows belong to the active tenant."""
    with w.enter(w.A):
        w.Project.objects.bulk_create([w.Project(name="x"), w.Project(name="y")])
        assert w.Project.objects.count() == 4
    with w.enter(w.B):
        only(pks(w.Project.objects.all()), w.B.all("Project"))


@probe(portable=True)
def one_of_many_for_another(w: Any) -> None:
    """One row for another tenant among many is refused, and with it the others."""
    with w.enter(w.A), w.refused():
        w.Project.objects.bulk_create([w.Project(name="x"), w.Project(name="y", tenant=w.B.tenant)])


@probe(portable=True)
def in_batches(w: Any) -> None:
    """A row for another tenant in a later batch is refused."""
    rows = [w.Project(name=f"p{place}", tenant_id=w.A.tenant.pk) for place in range(6)]
    rows[-1].tenant_id = w.B.tenant.pk
    with w.enter(w.A), w.refused():
        w.Project.objects.bulk_create(rows, batch_size=2)


@probe(portable=True)
def built_as_another(w: Any) -> None:
    """Objects that were built as one tenant are not stored as another."""
    with w.enter(w.B):
        rows = [w.Project(name="x")]
    with w.enter(w.A), w.refused():
        w.Project.objects.bulk_create(rows)


@probe(portable=True)
def as_nobody(w: Any) -> None:
    """Nobody stores many rows."""
    with w.nobody(), w.refused():
        w.Project.objects.bulk_create([w.Project(name="x")])


@probe(portable=True)
def primary_key_of_a_stranger(w: Any) -> None:
    """A row among many with another tenant's primary key does not take its place."""
    with w.enter(w.A), w.kept_out():
        w.Project.objects.bulk_create([w.Project(pk=w.B.project_pk, name="stolen")])


@probe(portable=True)
def changes_to_own_rows(w: Any) -> None:
    """Many own rows are changed at once."""
    with w.enter(w.A):
        rows = list(w.Project.objects.all())
        for row in rows:
            row.budget = 3
        assert w.Project.objects.bulk_update(rows, ["budget"]) == 2
        only(w.Project.objects.values_list("budget", flat=True), [3, 3])


@probe(portable=True)
def changes_to_rows_of_a_stranger(w: Any) -> None:
    """Another tenant's objects in hand are not changed."""
    theirs = w.B.project
    theirs.name = "stolen"
    with w.enter(w.A), w.refused():
        assert not w.Project.objects.bulk_update([theirs], ["name"])
        w.held()


@probe(portable=True)
def changes_to_forged_rows(w: Any) -> None:
    """An object made by hand with another tenant's primary key changes nothing."""
    with w.enter(w.A), w.refused():
        assert not w.Project.objects.bulk_update([w.Project(pk=w.B.project_pk, name="stolen")], ["name"])
        w.held()


@probe(portable=True)
def changes_of_the_tenant(w: Any) -> None:
    """Many own rows cannot be given to another tenant."""
    with w.enter(w.A), w.refused():
        rows = list(w.Project.objects.all())
        for row in rows:
            row.tenant = w.B.tenant
        w.Project.objects.bulk_update(rows, ["tenant"])


@probe(portable=True)
def changes_by_expression(w: Any) -> None:
    """Many own rows cannot be given to another tenant by an expression."""
    with w.enter(w.A), w.refused():
        rows = list(w.Project.objects.all())
        for row in rows:
            row.tenant_id = Value(w.B.tenant.pk)
        w.Project.objects.bulk_update(rows, ["tenant"])


@probe(portable=True)
def changes_as_nobody(w: Any) -> None:
    """Nobody changes many rows."""
    rows = [w.B.project]
    rows[0].name = "stolen"
    with w.nobody(), w.refused():
        w.Project.objects.bulk_update(rows, ["name"])


@probe(portable=True)
def references_to_a_stranger(w: Any) -> None:
    """One reference to another tenant's row among many is refused."""
    with w.enter(w.A), w.refused():
        w.Task.objects.bulk_create(
            [w.Task(title="x", project_id=w.A.project_pk), w.Task(title="y", project_id=w.B.project_pk)]
        )


@probe(portable=True)
def changed_references_to_a_stranger(w: Any) -> None:
    """Many rows are not made to refer to another tenant's."""
    with w.enter(w.A), w.refused():
        rows = list(w.Task.objects.all())
        for row in rows:
            row.project_id = w.B.project_pk
        w.Task.objects.bulk_update(rows, ["project"])


@probe(essential=True)
def changed_references_by_expression(w: Any) -> None:
    """Many rows are not made to refer to another tenant's by an expression."""
    with w.enter(w.A), w.refused():
        rows = list(w.Task.objects.all())
        for row in rows:
            row.project_id = Value(w.B.project_pk)
        w.Task.objects.bulk_update(rows, ["project"])


@probe(portable=True)
def ignoring_conflicts(w: Any) -> None:
    """A conflict that is ignored is one with an own row; another tenant's is no conflict."""
    with w.enter(w.A):
        w.Tag.objects.bulk_create([w.Tag(name="urgent"), w.Tag(name=f"{w.secret} tag")], ignore_conflicts=True)
        assert w.Tag.objects.count() == 3
        assert w.Tag.objects.filter(name=f"{w.secret} tag").exists()


@probe(essential=True)
def statements(w: Any) -> None:
    """A thousand rows with a reference cost no more statements than the references have values."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with w.enter(w.A):
        rows = [w.Task(title=str(place), project_id=w.A.project_pk) for place in range(100)]
        with CaptureQueriesContext(connection) as queries:
            w.Task.objects.bulk_create(rows)
        found = [query["sql"] for query in queries if query["sql"].startswith("SELECT")]
        assert len(found) <= 1, f"{len(found)} questions: {found[:3]}"
