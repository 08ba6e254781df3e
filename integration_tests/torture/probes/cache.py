"""Rows that are in memory already."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.register import topic
from harness.tools import only, pks

probe = topic("cache")

ASKED: dict[str, Callable[[Any], Any]] = {
    "iteration": list,
    "length": lambda rows: list(rows) if len(rows) else [],
    "truth": lambda rows: list(rows) if rows else [],
    "index": lambda rows: [rows[place] for place in range(2)],
    "slice": lambda rows: rows[:10],
    "count": lambda rows: list(rows) if rows.count() == 2 else ["wrong count"],
    "exists": lambda rows: list(rows) if rows.exists() else [],
    "iterator": lambda rows: list(rows.iterator()),
    "repeated": lambda rows: [*rows, *rows][:2],
}


@probe(essential=True, cases=ASKED)
def fetched_by_another(w: Any, ask: Callable[[Any], Any]) -> None:
    """A queryset whose rows another tenant has fetched is asked anew."""
    with w.enter(w.B):
        rows = w.Project.objects.order_by("pk")
        list(rows)
    with w.enter(w.A):
        only(pks(ask(rows)), w.A.all("Project"))


@probe(essential=True)
def fetched_unscoped(w: Any) -> None:
    """A queryset whose rows were fetched unscoped is asked anew."""
    with w.unscoped():
        rows = w.Project.objects.order_by("pk")
        list(rows)
    with w.enter(w.A):
        only(pks(rows), w.A.all("Project"))


@probe(essential=True)
def fetched_and_asked_by_nobody(w: Any) -> None:
    """Rows that a tenant has fetched are not shown to nobody."""
    with w.enter(w.B):
        rows = w.Project.objects.all()
        list(rows)
    with w.nobody(), w.refused():
        list(rows)


@probe(essential=True)
def fetched_and_kept(w: Any) -> None:
    """Rows that the active tenant has fetched are not fetched again."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with w.enter(w.A):
        rows = w.Project.objects.all()
        list(rows)
        with CaptureQueriesContext(connection) as queries:
            list(rows)
            len(rows)
            bool(rows)
        assert not len(queries), "fetched again"


@probe(essential=True)
def fetched_in_an_earlier_block(w: Any) -> None:
    """Rows that the same tenant fetched in an earlier block are its rows."""
    with w.enter(w.A):
        rows = w.Project.objects.all()
        list(rows)
    with w.enter(w.A):
        only(pks(rows), w.A.all("Project"))


@probe(essential=True)
def values_fetched_by_another(w: Any) -> None:
    """Values that another tenant has fetched are fetched anew."""
    with w.enter(w.B):
        rows = w.Project.objects.values_list("name", flat=True)
        list(rows)
    with w.enter(w.A):
        only(rows, ["alpha", "harmless project"])


@probe(essential=True)
def related_rows_fetched_by_another(w: Any) -> None:
    """Rows of a relation that another tenant has fetched are fetched anew."""
    with w.enter(w.B):
        rows = w.Country.objects.get(pk=1).projects.all()
        list(rows)
    with w.enter(w.A), w.refused():
        only(pks(rows), w.A.all("Project"))
        w.held()


@probe(essential=True)
def contains_asked_by_another(w: Any) -> None:
    """Whether fetched rows contain an object is asked anew for another tenant."""
    theirs = w.B.project
    with w.enter(w.B):
        rows = w.Project.objects.all()
        assert theirs in list(rows)
    with w.enter(w.A):
        assert theirs not in rows
        assert not rows.contains(theirs)


@probe(essential=True)
def clone_of_fetched_rows(w: Any) -> None:
    """A queryset that is made from one whose rows another tenant has fetched is asked anew."""
    with w.enter(w.B):
        rows = w.Project.objects.all()
        list(rows)
    with w.enter(w.A):
        only(pks(rows.order_by("-pk")), w.A.all("Project"))
        only(pks(rows.all()), w.A.all("Project"))


@probe(essential=True)
def first_of_fetched_rows(w: Any) -> None:
    """The first of rows that another tenant has fetched is the active tenant's first."""
    with w.enter(w.B):
        rows = w.Project.objects.order_by("-budget")
        list(rows)
    with w.enter(w.A):
        assert rows.first().pk == w.A.project2_pk
        assert rows.get(name="alpha").pk == w.A.project_pk


@probe(essential=True)
def global_rows_with_annotations_fetched_by_another(w: Any) -> None:
    """Rows of nobody's with numbers of another tenant are fetched anew, where their queryset is a stamped one."""
    from django.db.models import Max

    with w.enter(w.B):
        rows = w.Shelf.objects.annotate(n=Max("reports__pages"))
        list(rows)
    with w.enter(w.A):
        only([row.n for row in rows], [1000])


@probe(essential=True)
def shown_by_a_template(w: Any) -> None:
    """A template that is given rows which another tenant has fetched shows the active tenant's."""
    from django.template import engines

    with w.enter(w.B):
        rows = w.Project.objects.all()
        list(rows)
    with w.enter(w.A):
        template = engines["django"].from_string("{% for row in rows %}{{ row.pk }} {% endfor %}{{ rows|length }}")
        only(template.render({"rows": rows}).split(), ["1001", "1002", "2"])


pickled = topic("pickle")


@pickled(essential=True)
def queryset_with_rows(w: Any) -> None:
    """A queryset that was pickled with another tenant's rows shows the active tenant's."""
    import pickle

    with w.enter(w.B):
        stored = pickle.dumps(w.Project.objects.order_by("pk"))
    with w.enter(w.A):
        only(pks(pickle.loads(stored)), w.A.all("Project"))


@pickled(essential=True)
def query(w: Any) -> None:
    """A query that was pickled as another tenant is the active tenant's."""
    import pickle

    with w.enter(w.B):
        stored = pickle.dumps(w.Project.objects.filter(pk__gt=0).query)
    with w.enter(w.A):
        rows = w.Project.objects.all()
        rows.query = pickle.loads(stored)
        only(pks(rows), w.A.all("Project"))


@pickled(essential=True)
def queryset_without_its_tenant(w: Any) -> None:
    """A pickled query says nothing about whose it was."""
    import pickle

    with w.enter(w.B):
        stored = pickle.dumps(w.Project.objects.filter(pk__gt=0).query)
    assert b"Tenant b" not in stored
    with w.nobody(), w.refused():
        rows = w.Project.objects.all()
        rows.query = pickle.loads(stored)
        list(rows)


@pickled(portable=True)
def instance(w: Any) -> None:
    """Another tenant's object that comes out of a pickle is not saved or deleted."""
    import pickle

    stored = pickle.dumps(w.B.tag)
    theirs = pickle.loads(stored)
    theirs.name = "stolen"
    with w.enter(w.A):
        with w.refused():
            theirs.save()
        with w.refused():
            theirs.delete()


@pickled(portable=True)
def own_instance(w: Any) -> None:
    """An own object that comes out of a pickle, or out of a copy, is saved."""
    import copy
    import pickle

    with w.enter(w.A):
        for again in (pickle.loads(pickle.dumps(w.A.tag)), copy.copy(w.A.tag), copy.deepcopy(w.A.tag)):
            again.name = "again"
            again.save()
            assert again == w.A.tag
            assert again in w.Tag.objects.all()


@pickled(essential=True)
def values_with_rows(w: Any) -> None:
    """Values that were pickled as another tenant are the active tenant's."""
    import pickle

    with w.enter(w.B):
        stored = pickle.dumps(w.Project.objects.values_list("pk", flat=True))
    with w.enter(w.A):
        only(pickle.loads(stored), w.A.all("Project"))


@pickled(essential=True)
def deep_copy_of_a_queryset(w: Any) -> None:
    """A copy of a queryset that another tenant has fetched shows the active tenant's rows."""
    import copy

    with w.enter(w.B):
        rows = w.Project.objects.all()
        list(rows)
        again = copy.deepcopy(rows)
    with w.enter(w.A):
        only(pks(again), w.A.all("Project"))
