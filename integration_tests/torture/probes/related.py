"""Going from row to row: forward, backward, prefetched."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import Prefetch, prefetch_related_objects

from harness.register import topic
from harness.tools import no_secret, only, pks

probe = topic("prefetch")
relation = topic("relation")


@relation(portable=True)
def forward_to_own_row(w: Any) -> None:
    """A foreign key leads to an own row."""
    with w.enter(w.A):
        assert w.Task.objects.get(pk=w.A.task_pk).project == w.A.project


@relation(portable=True)
def backward_to_own_rows(w: Any) -> None:
    """A reverse foreign key leads to own rows."""
    with w.enter(w.A):
        only(pks(w.Project.objects.get(pk=w.A.project_pk).tasks.all()), w.A.all("Task"))


@relation(portable=True)
def forward_from_a_row_of_a_stranger(w: Any) -> None:
    """Another tenant's object in hand does not lead on to that tenant's other rows."""
    theirs = w.B.task
    with w.enter(w.A), w.missing():
        no_secret(w, theirs.project.settings)


@relation(portable=True)
def forward_from_a_forged_object(w: Any) -> None:
    """An object made by hand with another tenant's key in it leads nowhere."""
    with w.enter(w.A), w.missing():
        no_secret(w, w.Task(project_id=w.B.project_pk).project.settings)


@relation(portable=True)
def backward_from_a_row_of_a_stranger(w: Any) -> None:
    """Another tenant's object in hand has no children that are seen."""
    theirs = w.B.project
    with w.enter(w.A), w.refused():
        assert not list(theirs.tasks.all()), "children of a stranger's row"
        w.held()


@relation(portable=True)
def backward_from_a_forged_object(w: Any) -> None:
    """An object made by hand with another tenant's primary key has no children that are seen."""
    with w.enter(w.A), w.refused():
        assert not list(w.Project(pk=w.B.project_pk).tasks.all()), "children of a stranger's row"
        w.held()


@relation(portable=True)
def one_to_one_from_a_forged_object(w: Any) -> None:
    """A reverse one-to-one of another tenant's primary key leads nowhere."""
    with w.enter(w.A), w.missing():
        no_secret(w, w.Project(pk=w.B.project_pk).contract.terms)


@relation(portable=True)
def one_to_one_to_own_row(w: Any) -> None:
    """A one-to-one leads to an own row, both ways."""
    with w.enter(w.A):
        project = w.Project.objects.get(pk=w.A.project_pk)
        assert project.contract.project == project


@relation(portable=True)
def many_to_many_of_a_forged_object(w: Any) -> None:
    """Another tenant's primary key leads to none of its tags."""
    with w.enter(w.A), w.refused():
        assert not list(w.Project(pk=w.B.project_pk).tags.all()), "tags of a stranger's row"
        w.held()


@relation(portable=True)
def many_to_many_to_global_of_a_forged_object(w: Any) -> None:
    """Another tenant's primary key does not tell which rows of nobody's it is linked to."""
    with w.enter(w.A), w.refused():
        assert not list(w.Project(pk=w.B.project3_pk).markets.all()), "markets of a stranger's row"
        w.held()


@relation(portable=True)
def reverse_from_a_global_row(w: Any) -> None:
    """A row of nobody's leads to own rows only."""
    with w.enter(w.A):
        germany = w.Country.objects.get(code="de")
        only(pks(germany.projects.all()), w.A.all("Project"))
        only(pks(germany.sellers.all()), {w.A.project_pk})
        assert w.Country.objects.get(code="fr").projects.count() == 0


@relation(portable=True)
def refresh_of_a_row_of_a_stranger(w: Any) -> None:
    """Another tenant's object cannot be read anew."""
    theirs = w.B.project
    with w.enter(w.A), w.missing():
        theirs.refresh_from_db()


@relation(portable=True)
def refresh_of_a_forged_object(w: Any) -> None:
    """An object made by hand with another tenant's primary key cannot be filled."""
    forged = None
    with w.enter(w.A), w.missing():
        forged = w.Project(pk=w.B.project_pk)
        forged.refresh_from_db()
    no_secret(w, getattr(forged, "settings", ""))


@relation(portable=True)
def refresh_from_a_queryset(w: Any) -> None:
    """Another tenant's object cannot be read anew from a queryset that is given to it."""
    theirs = w.B.project
    with w.enter(w.A), w.missing():
        theirs.refresh_from_db(from_queryset=w.Project.objects.all())


@relation(portable=True)
def deferred_column_of_a_stranger(w: Any) -> None:
    """A column that was not loaded is not loaded for another tenant."""
    with w.enter(w.B):
        theirs = w.Project.objects.defer("settings").get(pk=w.B.project_pk)
    with w.enter(w.A), w.missing():
        no_secret(w, theirs.settings)


@relation(portable=True)
def deferred_column_of_an_own_row(w: Any) -> None:
    """A column that was not loaded is loaded when it is asked for."""
    with w.enter(w.A):
        assert w.Project.objects.defer("settings").get(pk=w.A.project_pk).settings == {"key": "harmless"}


@relation(portable=True)
def select_related_to_own_rows(w: Any) -> None:
    """Rows that are fetched in one statement are own rows."""
    with w.enter(w.A):
        rows = w.Task.objects.select_related("project__country", "backup", "parent", "project__contract")
        only([(row.pk, row.project.pk) for row in rows], [(pk, w.A.project_pk) for pk in w.A.all("Task")])


@relation(portable=True)
def children_of_a_self_reference(w: Any) -> None:
    """A reference to the own model leads to own rows, both ways."""
    with w.enter(w.A):
        first = w.Task.objects.get(pk=w.A.task_pk)
        only(pks(first.children.all()), {w.A.task2_pk})
        assert first.children.get().parent == first


@relation(portable=True)
def get_or_create_through_a_relation(w: Any) -> None:
    """A child of an own row that another tenant has too is made for the own row."""
    with w.enter(w.A):
        project = w.Project.objects.get(pk=w.A.project2_pk)
        task, made = project.tasks.get_or_create(title="first")
        assert made
        assert task.pk not in w.B.all("Task")


PREFETCHES: dict[str, Callable[[Any], Any]] = {
    "plain": lambda w: w.Country.objects.prefetch_related("projects"),
    "own queryset": lambda w: w.Country.objects.prefetch_related(Prefetch("projects", w.Project.objects.all())),
    "filtered": lambda w: w.Country.objects.prefetch_related(
        Prefetch("projects", w.Project.objects.filter(pk__gt=0).order_by("-budget"))
    ),
    "two levels": lambda w: w.Country.objects.prefetch_related("projects__tasks", "projects__tags"),
    "many-to-many": lambda w: w.Country.objects.prefetch_related("sellers", "projects"),
}


@probe(portable=True, cases=PREFETCHES)
def from_global_rows(w: Any, ask: Callable[[Any], Any]) -> None:
    """What is prefetched for rows of nobody's are own rows."""
    with w.enter(w.A):
        found = {project.pk for country in ask(w) for project in country.projects.all()}
        only(found, w.A.all("Project"))


@probe(portable=True)
def to_an_attribute(w: Any) -> None:
    """What is prefetched into an attribute are own rows."""
    with w.enter(w.A):
        rows = w.Country.objects.prefetch_related(Prefetch("sellers", w.Project.objects.all(), to_attr="mine"))
        only({project.pk for country in rows for project in country.mine}, {w.A.project_pk})


@probe(portable=True)
def the_greatest_of_each(w: Any) -> None:
    """A slice that is prefetched for each row of nobody's holds own rows."""
    with w.enter(w.A):
        greatest = Prefetch("projects", w.Project.objects.order_by("-budget")[:1], to_attr="greatest")
        rows = w.Country.objects.prefetch_related(greatest)
        only({project.pk for country in rows for project in country.greatest}, {w.A.project2_pk})


@probe(portable=True)
def with_a_queryset_made_by_another(w: Any) -> None:
    """A queryset that was made as another tenant prefetches own rows."""
    with w.enter(w.B):
        theirs = Prefetch("projects", w.Project.objects.filter(pk__gt=0))
    with w.enter(w.A), w.refused():
        rows = list(w.Country.objects.prefetch_related(theirs))
        w.own_or_fewer({row.pk for country in rows for row in country.projects.all()}, w.A.all("Project"))
        w.held()


@probe(portable=True)
def for_objects_of_another(w: Any) -> None:
    """Nothing is prefetched for another tenant's objects."""
    theirs = w.B.project
    with w.enter(w.A), w.refused():
        prefetch_related_objects([theirs], "tasks", "tags")
        assert not list(theirs.tasks.all()), "tasks of a stranger's row"
        assert not list(theirs.tags.all()), "tags of a stranger's row"
        w.held()


@probe(portable=True)
def own_rows_three_levels(w: Any) -> None:
    """Own rows are prefetched over three levels."""
    with w.enter(w.A):
        people = w.Person.objects.prefetch_related("projects__tasks__children", "skills").order_by("pk")
        ann = people[0]
        only(pks(ann.projects.all()), {w.A.project_pk})
        only(pks(ann.skills.all()), {w.A.skill_pk})


@probe(essential=True)
def prefetched_rows_kept_for_another(w: Any) -> None:
    """Objects of nobody's that were prefetched as one tenant show the other tenant nothing of it."""
    with w.enter(w.B):
        countries = list(w.Country.objects.prefetch_related("projects").order_by("pk"))
    with w.enter(w.A), w.refused():
        only(pks(countries[0].projects.all()), w.A.all("Project"))
        assert countries[1].projects.count() == 0
        w.held()


@probe(portable=True)
def as_nobody(w: Any) -> None:
    """Nobody prefetches rows of tenants."""
    with w.nobody():
        w.nothing_seen(
            lambda: [
                row for country in w.Country.objects.prefetch_related("projects") for row in country.projects.all()
            ]
        )


@probe(essential=True, needs="fetch-modes")
def for_all_peers(w: Any) -> None:
    """What is fetched for all rows of a list at once are own rows, and another tenant's object fetches nothing."""
    from django.db import models

    with w.enter(w.A):
        tasks = list(w.Task.objects.fetch_mode(models.FETCH_PEERS).order_by("pk"))
        only([task.project.pk for task in tasks], [w.A.project_pk, w.A.project_pk])
    with w.enter(w.B):
        theirs = list(w.Task.objects.fetch_mode(models.FETCH_PEERS).order_by("pk"))
    with w.enter(w.A), w.missing():
        project = theirs[0].project
        no_secret(w, getattr(project, "settings", ""))
        w.held()
