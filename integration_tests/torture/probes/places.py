"""Databases: which one is asked."""

from __future__ import annotations

from typing import Any

from harness.register import topic
from harness.tools import only, pks

probe = topic("routing")


@probe(needs="own", essential=True)
def other_place_by_name(w: Any) -> None:
    """Rows of a tenant are not asked for in a database that is not the tenant's."""
    with w.enter(w.B):
        alias = w.Project.objects.db
    with w.enter(w.A), w.refused():
        list(w.Project.objects.using(alias))


@probe(needs="own sqlite", essential=True)
def master_by_name(w: Any) -> None:
    """Rows of a tenant with a database of its own are not asked for in the master."""
    with w.enter(w.A), w.refused():
        list(w.Project.objects.using("master"))


@probe(needs="own sqlite", essential=True)
def write_into_the_master(w: Any) -> None:
    """Rows of a tenant with a database of its own are not written into the master."""
    with w.enter(w.A), w.refused():
        w.Tag(name="x").save(using="master")


@probe(needs="own", essential=True)
def write_into_another_place(w: Any) -> None:
    """Rows are not written into another tenant's place."""
    with w.enter(w.B):
        alias = w.Project.objects.db
    with w.enter(w.A), w.refused():
        w.Tag.objects.using(alias).create(name="x")


@probe(needs="own", essential=True)
def object_of_another_place(w: Any) -> None:
    """An object of another place is neither saved nor deleted here, where its key is another row's."""
    theirs = w.B.tag
    with w.enter(w.A):
        theirs.pk = w.A.tag_pk
        with w.refused():
            theirs.delete()
        with w.refused():
            theirs.save()
        assert w.Tag.objects.get(pk=w.A.tag_pk).name == "urgent"


@probe(essential=True)
def relation_of_two_places(w: Any) -> None:
    """An object of another tenant is not assigned to an own row and saved."""
    theirs = w.B.project
    with w.enter(w.A), w.refused(ValueError):
        task = w.Task.objects.get(pk=w.A.task_pk)
        task.project = theirs
        task.save()


@probe(needs="own", essential=True)
def assignment_of_two_places(w: Any) -> None:
    """The router refuses to put objects of two places together, before anything is saved."""
    theirs = w.B.project
    with w.enter(w.A):
        task = w.Task.objects.get(pk=w.A.task_pk)
        try:
            task.project = theirs
        except (ValueError, *w.dialect.refusals):
            return
    raise AssertionError("they were put together")


@probe(essential=True)
def default_means_here(w: Any) -> None:
    """The alias ``default`` is the active tenant's database, for cursors and transactions too."""
    from django.db import connection, transaction

    with w.enter(w.A):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT COUNT(*) FROM world_project WHERE tenant_id = %s", [w.A.tenant.pk])
            assert cursor.fetchone()[0] == 2
        try:
            with transaction.atomic():
                w.Tag.objects.create(name="undone")
                raise LookupError
        except LookupError:
            pass
        assert not w.Tag.objects.filter(name="undone").exists()


@probe(needs="own", essential=True)
def cursor_of_a_tenant(w: Any) -> None:
    """A raw cursor inside a tenant with a place of its own sees that place only."""
    from django.db import connection

    with w.enter(w.A), connection.cursor() as cursor:
        cursor.execute("SELECT id FROM world_project")
        only([row[0] for row in cursor.fetchall()], w.A.all("Project"))


@probe(essential=True)
def rows_in_the_master(w: Any) -> None:
    """Rows of tenants that stand in the master are told apart there."""
    with w.enter(w.A):
        only(pks(w.Charge.objects.all()), {w.A.charge_pk})
        assert w.Charge.objects.create(name="x").tenant_id == w.A.tenant.pk
        with w.refused():
            w.Charge.objects.create(name="x", tenant=w.B.tenant)


@probe(needs="own", essential=True)
def same_keys_in_two_places(w: Any) -> None:
    """Rows with the same key in two places are told apart."""
    with w.enter(w.A):
        w.Tag.objects.create(pk=w.B.tag_pk, name="mine")
        assert w.Tag.objects.get(pk=w.B.tag_pk).name == "mine"
    with w.enter(w.B):
        assert w.Tag.objects.get(pk=w.B.tag_pk).name == "urgent"


@probe(needs="schema", essential=True)
def named_schema(w: Any) -> None:
    """A named schema shows the rows that stand in it, and no other's."""
    from omnitenant_context.context import TenantContext

    with TenantContext.use_schema("a"):
        only(pks(w.Project.objects.all()), w.A.all("Project"))


@probe(needs="schema", essential=True)
def schema_that_does_not_exist(w: Any) -> None:
    """A schema that does not exist is an error, and never the rows of the public one."""
    from django.db import DatabaseError, transaction

    from omnitenant_context.context import TenantContext

    with TenantContext.use_schema("nowhere"), w.refused(DatabaseError), transaction.atomic():
        list(w.Project.objects.all())


@probe(needs="schema", essential=True)
def writing_into_a_named_schema(w: Any) -> None:
    """In a named schema, where no tenant is, no row of a tenant is written."""
    from omnitenant_context.context import TenantContext

    with TenantContext.use_schema("b"):
        for attack in (
            lambda: w.Tag.objects.create(name="x"),
            lambda: w.Tag.objects.create(name="x", tenant=w.B.tenant),
        ):
            with w.refused():
                attack()
