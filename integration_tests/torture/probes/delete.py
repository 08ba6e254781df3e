"""Deleting rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import router, transaction

from harness.register import topic
from harness.tools import only, pks

probe = topic("delete")


@probe(portable=True)
def own_row(w: Any) -> None:
    """A tenant deletes its own row."""
    with w.enter(w.A):
        w.Tag.objects.get(pk=w.A.tag_pk).delete()
        only(pks(w.Tag.objects.all()), {w.A.tag2_pk})


@probe(portable=True)
def all_rows(w: Any) -> None:
    """All rows are the active tenant's rows."""
    with w.enter(w.A):
        w.Tag.objects.all().delete()
        assert not w.Tag.objects.exists()


@probe(portable=True)
def row_of_a_stranger(w: Any) -> None:
    """Another tenant's object in hand is not deleted."""
    theirs = w.B.tag
    with w.enter(w.A), w.refused():
        theirs.delete()


@probe(portable=True)
def row_of_a_stranger_with_children(w: Any) -> None:
    """Another tenant's object with children is not deleted."""
    theirs = w.B.project2
    with w.enter(w.A), w.refused():
        theirs.delete()


@probe(portable=True)
def forged_primary_key(w: Any) -> None:
    """An object made by hand with another tenant's primary key does not delete its row."""
    with w.enter(w.A), w.kept_out():
        w.Tag(pk=w.B.tag_pk).delete()


@probe(portable=True)
def relabelled_row(w: Any) -> None:
    """Another tenant's object whose tenant was changed in memory is not deleted."""
    theirs = w.B.tag
    theirs.tenant = w.A.tenant
    with w.enter(w.A), w.refused():
        theirs.delete()


@probe(portable=True)
def relabelled_by_a_related_manager(w: Any) -> None:
    """Another tenant's object that was added to the own tenant in memory is not deleted."""
    theirs = w.B.tag
    with w.enter(w.A), w.kept_out():
        w.A.tenant.tag_set.add(theirs)
        theirs.delete()


@probe(portable=True)
def deferred_tenant(w: Any) -> None:
    """Another tenant's object that does not know its tenant is not deleted."""
    with w.enter(w.B):
        theirs = w.Tag.objects.only("pk").get(pk=w.B.tag_pk)
    with w.enter(w.A), w.refused():
        theirs.delete()


@probe(portable=True)
def changed_primary_key(w: Any) -> None:
    """An own object whose primary key was changed to another tenant's does not delete that row."""
    with w.enter(w.A), w.kept_out():
        row = w.Tag.objects.get(pk=w.A.tag_pk)
        row.pk = w.B.tag_pk
        row.delete()


@probe(portable=True)
def by_the_key_of_a_stranger(w: Any) -> None:
    """Another tenant's primary key reaches no row."""
    with w.enter(w.A):
        assert w.Tag.objects.filter(pk=w.B.tag_pk).delete()[0] == 0


@probe(portable=True)
def with_a_queryset_made_by_another(w: Any) -> None:
    """A queryset that was made as another tenant deletes own rows, if anything."""
    with w.enter(w.B):
        theirs = w.Tag.objects.filter(name__contains=w.secret)
    with w.enter(w.A), w.refused():
        theirs.delete()
        w.held()


@probe(portable=True)
def through_a_relation_of_a_stranger(w: Any) -> None:
    """Children of another tenant's object are not deleted."""
    theirs = w.B.project
    with w.enter(w.A), w.refused():
        theirs.tasks.all().delete()
        w.held()


@probe(portable=True)
def through_the_tenant(w: Any) -> None:
    """Rows of another tenant are not deleted through its own object."""
    with w.enter(w.A), w.refused():
        w.B.tenant.tag_set.all().delete()
        w.held()


@probe(portable=True)
def as_nobody(w: Any) -> None:
    """Nobody deletes rows."""
    with w.nobody(), w.refused():
        w.Tag.objects.all().delete()


@probe(portable=True)
def object_as_nobody(w: Any) -> None:
    """Nobody deletes an object."""
    theirs = w.B.tag
    with w.nobody(), w.refused():
        theirs.delete()


@probe(portable=True)
def by_a_condition_over_a_relation(w: Any) -> None:
    """A condition over a relation reaches own rows only."""
    with w.enter(w.A):
        w.Task.objects.filter(project__country__code="de").delete()
        assert not w.Task.objects.exists()


@probe(portable=True)
def fast_delete(w: Any) -> None:
    """Rows that are deleted in one statement, without being fetched, are own rows."""
    with w.enter(w.A):
        w.Contract.objects.filter(pk__gt=0).delete()
        assert not w.Contract.objects.exists()


@probe(essential=True)
def raw_delete(w: Any) -> None:
    """Django's own way of deleting without signals keeps the condition."""
    with w.enter(w.A):
        rows = w.Contract.objects.all()
        rows._raw_delete(rows.db)
        assert not w.Contract.objects.exists()


@probe(essential=True)
def statements(w: Any) -> None:
    """Deleting an object costs at most one statement more."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with w.enter(w.A):
        row = w.Contract.objects.get(pk=w.A.contract_pk)
        with CaptureQueriesContext(connection) as queries:
            row.delete()
        assert len(queries) <= 2, [query["sql"] for query in queries]


@probe(essential=True)
def twice(w: Any) -> None:
    """An object that is gone already is deleted again without an error, as Django does it."""
    with w.enter(w.A):
        row = w.Contract.objects.get(pk=w.A.contract_pk)
        w.Contract.objects.all().delete()
        assert row.delete()[0] == 0


@probe(essential=True)
def transaction_stays_usable(w: Any) -> None:
    """What follows a refused deletion in the same transaction works."""
    theirs = w.B.tag
    with w.enter(w.A):
        with w.refused():
            theirs.delete()
        w.Tag.objects.create(name="y")


MASTERS = {
    "tenant": lambda w: w.Tenant.objects.get(pk=w.B.tenant.pk).delete(),
    "tenant made by hand": lambda w: w.Tenant(pk=w.B.tenant.pk, tenant_id=w.A.tenant.tenant_id).delete(),
    "tenants": lambda w: w.Tenant.objects.filter(pk=w.B.tenant.pk).delete(),
    "domain": lambda w: w.Domain.objects.filter(tenant=w.B.tenant.pk).first().delete(),
    "domains": lambda w: w.Domain.objects.all().delete(),
}


@probe(essential=True, cases=MASTERS)
def of_the_master(w: Any, delete: Callable[[Any], Any]) -> None:
    """Another tenant is not deleted with all of its rows, nor a domain of one."""
    with w.enter(w.A), w.refused(), transaction.atomic(using=router.db_for_write(w.Domain)):
        delete(w)
