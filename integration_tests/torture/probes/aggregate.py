"""Counting, adding up, grouping."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import Avg, Case, Count, F, Max, Min, Q, Sum, Value, When
from django.db.models.functions import Coalesce, Length

from harness.register import topic
from harness.tools import only

probe = topic("aggregate")

AGGREGATES: dict[str, tuple[Callable[[Any], Any], Any]] = {
    "count": (lambda w: w.Project.objects.count(), 2),
    "sum": (lambda w: w.Project.objects.aggregate(n=Sum("budget"))["n"], 2005),
    "max": (lambda w: w.Project.objects.aggregate(n=Max("budget"))["n"], 1005),
    "min": (lambda w: w.Project.objects.aggregate(n=Min("pk"))["n"], 1001),
    "average": (lambda w: w.Task.objects.aggregate(n=Avg("hours"))["n"], 501.5),
    "count distinct": (lambda w: w.Tag.objects.aggregate(n=Count("name", distinct=True))["n"], 2),
    "count with a filter": (lambda w: w.Project.objects.aggregate(n=Count("pk", filter=Q(budget__gte=2000)))["n"], 0),
    "sum of a case": (
        lambda w: w.Project.objects.aggregate(n=Sum(Case(When(pk__gte=2000, then=1), default=0)))["n"],
        0,
    ),
    "sum over a slice": (lambda w: w.Project.objects.order_by("-budget")[:1].aggregate(n=Sum("budget"))["n"], 1005),
    "count of a slice": (lambda w: w.Project.objects.all()[:10].count(), 2),
    "count of distinct rows": (lambda w: w.Project.objects.values("country").distinct().count(), 1),
    "sum over a join": (lambda w: w.Project.objects.aggregate(n=Sum("tasks__hours"))["n"], 1003),
    "length of the longest name": (lambda w: w.Project.objects.aggregate(n=Max(Length("name")))["n"], 16),
    "default of an empty sum": (
        lambda w: w.Project.objects.filter(pk__gte=2000).aggregate(n=Coalesce(Sum("budget"), Value(-1)))["n"],
        -1,
    ),
    "expression over an aggregate": (
        lambda w: w.Project.objects.aggregate(n=Max("budget") - Min("budget"))["n"],
        5,
    ),
    "aggregate over an annotation": (
        lambda w: w.Project.objects.annotate(n=Count("tasks")).aggregate(m=Sum("n"))["m"],
        2,
    ),
    "aggregate through many-to-many": (lambda w: w.Project.objects.aggregate(n=Count("tags"))["n"], 1),
    "aggregate of children": (lambda w: w.Task.objects.aggregate(n=Max("children__hours"))["n"], 1000),
}


@probe(portable=True, cases=AGGREGATES)
def aggregate(w: Any, case: tuple[Callable[[Any], Any], Any]) -> None:
    """An aggregate is over own rows."""
    ask, wanted = case
    with w.enter(w.A):
        only([ask(w)], [wanted])


@probe(portable=True)
def groups(w: Any) -> None:
    """Groups are made of own rows, and groups of strangers do not appear."""
    with w.enter(w.A):
        found = w.Project.objects.values("country__code").annotate(n=Count("pk"), most=Max("budget"))
        only(found.values_list("country__code", "n", "most"), [("de", 2, 1005)])


@probe(portable=True)
def groups_with_having(w: Any) -> None:
    """A condition on a group sees own rows."""
    with w.enter(w.A):
        assert not w.Project.objects.values("country").annotate(n=Count("pk")).filter(n__gt=2).exists()


@probe(portable=True)
def group_by_name_that_both_use(w: Any) -> None:
    """A group of a value that both tenants use counts own rows."""
    with w.enter(w.A):
        only(w.Tag.objects.filter(name="urgent").values_list("name").annotate(n=Count("pk")), [("urgent", 1)])


@probe(portable=True)
def annotation_over_reverse_relation(w: Any) -> None:
    """Rows are annotated with their own children."""
    with w.enter(w.A):
        rows = w.Project.objects.annotate(n=Count("tasks"), most=Max("tasks__hours"))
        only(rows.values_list("pk", "n", "most"), [(w.A.project_pk, 2, 1000), (w.A.project2_pk, 0, None)])


@probe(portable=True)
def annotation_with_filter_over_relation(w: Any) -> None:
    """A filtered annotation counts own rows."""
    with w.enter(w.A):
        rows = w.Project.objects.annotate(n=Count("tasks", filter=Q(tasks__hours__gte=F("tasks__hours"))))
        assert sum(rows.values_list("n", flat=True)) == 2


@probe(portable=True)
def aggregate_as_nobody(w: Any) -> None:
    """Nobody learns how many rows there are."""
    with w.nobody():
        w.nothing_seen(lambda: len(w.Project.objects.all()) or w.Project.objects.count())


@probe(portable=True)
def maximum_as_nobody(w: Any) -> None:
    """Nobody learns a maximum."""
    with w.nobody():
        w.nothing_seen(lambda: w.Project.objects.aggregate(n=Max("budget"))["n"])
