"""Windows, conditions, ordering by rows of others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import Case, Count, F, FilteredRelation, Max, Q, Sum, Value, When, Window
from django.db.models.functions import FirstValue, Lag, Rank, RowNumber

from harness.register import topic
from harness.tools import only, pks

probe = topic("window")


@probe(portable=True)
def rank(w: Any) -> None:
    """A rank is among own rows."""
    with w.enter(w.A):
        rows = w.Project.objects.annotate(r=Window(Rank(), order_by=F("budget").desc()))
        only(rows.values_list("pk", "r"), [(w.A.project2_pk, 1), (w.A.project_pk, 2)])


@probe(portable=True)
def running_total(w: Any) -> None:
    """A total over a window adds own rows."""
    with w.enter(w.A):
        rows = w.Project.objects.annotate(n=Window(Sum("budget"), partition_by=[F("country")]))
        only(rows.values_list("n", flat=True), [2005, 2005])


@probe(portable=True)
def neighbour(w: Any) -> None:
    """The row before and the first row of a window are own rows."""
    with w.enter(w.A):
        rows = w.Project.objects.annotate(
            before=Window(Lag("name"), order_by="budget"),
            top=Window(FirstValue("budget"), order_by=F("budget").desc()),
        )
        only(rows.values_list("before", "top"), [(None, 1005), ("alpha", 1005)])


@probe(portable=True)
def condition_on_a_window(w: Any) -> None:
    """A condition on a window is asked among own rows."""
    with w.enter(w.A):
        rows = w.Project.objects.annotate(n=Window(RowNumber(), order_by=F("budget").desc())).filter(n=1)
        only(pks(rows), {w.A.project2_pk})


@probe(portable=True)
def sliced_window(w: Any) -> None:
    """The first of each group is an own row."""
    with w.enter(w.A):
        ranked = w.Task.objects.annotate(n=Window(RowNumber(), partition_by=[F("project")], order_by=F("hours").desc()))
        only(pks(ranked.filter(n__lte=1)), {w.A.task2_pk})


@probe(portable=True)
def window_over_a_join(w: Any) -> None:
    """A window over a relation adds own rows."""
    with w.enter(w.A):
        rows = w.Country.objects.filter(projects__isnull=False).annotate(
            n=Window(Max("projects__budget"), partition_by=[F("pk")])
        )
        only(set(rows.values_list("n", flat=True)), [1005])


ORDERED: dict[str, Callable[[Any], Any]] = {
    "by a relation": lambda w: w.Task.objects.order_by("-project__budget", "pk"),
    "by a case": lambda w: w.Task.objects.order_by(
        Case(When(project__budget__gt=2000, then=Value(0)), default=1), "pk"
    ),
    "by an aggregate": lambda w: w.Task.objects.annotate(n=Count("project__tags")).order_by("-n", "pk"),
}


@probe(portable=True, cases=ORDERED)
def ordering(w: Any, ask: Callable[[Any], Any]) -> None:
    """Ordering by other rows brings nobody else's in."""
    with w.enter(w.A):
        assert [row.pk for row in ask(w)] == [w.A.task_pk, w.A.task2_pk]


@probe(portable=True)
def filtered_relation_of_own_rows(w: Any) -> None:
    """A filtered relation leads to own rows."""
    with w.enter(w.A):
        rows = w.Project.objects.annotate(long=FilteredRelation("tasks", condition=Q(tasks__hours__gt=500)))
        only(rows.filter(long__isnull=False).values_list("long__title", flat=True), ["harmless task"])


@probe(portable=True)
def filtered_relation_from_rows_of_nobody(w: Any) -> None:
    """A filtered relation of rows of nobody's leads to own rows."""
    with w.enter(w.A):
        rows = w.Country.objects.annotate(rich=FilteredRelation("projects", condition=Q(projects__budget__gt=2000)))
        only(rows.filter(rich__isnull=False).values_list("rich__name", flat=True), [])
