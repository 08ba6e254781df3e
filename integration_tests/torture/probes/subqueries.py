"""Questions inside questions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, Subquery

from harness.register import topic
from harness.tools import only, pks

probe = topic("subquery")

NONE_FOUND: dict[str, Callable[[Any], Any]] = {
    "in a queryset": lambda w: w.Task.objects.filter(project__in=w.Project.objects.filter(pk__gte=2000)),
    "in values": lambda w: w.Task.objects.filter(project__in=w.Project.objects.filter(pk__gte=2000).values("pk")),
    "in a list of values": lambda w: w.Task.objects.filter(
        hours__in=w.Project.objects.filter(pk__gte=2000).values_list("budget", flat=True)
    ),
    "exists": lambda w: w.Tag.objects.filter(Exists(w.Project.objects.filter(pk__gte=2000))),
    "exists with an outer reference": lambda w: w.Tag.objects.filter(
        Exists(w.Tag.objects.filter(name=OuterRef("name")).exclude(pk=OuterRef("pk")))
    ),
    "a slice in": lambda w: w.Project.objects.filter(
        pk__in=w.Project.objects.order_by("-budget").filter(budget__gt=2000).values("pk")[:1]
    ),
    "a scalar": lambda w: w.Project.objects.filter(
        budget__lt=Subquery(w.Project.objects.filter(country=2).values("budget")[:1])
    ),
    "nested": lambda w: w.Tag.objects.filter(
        projects__in=w.Project.objects.filter(tasks__in=w.Task.objects.filter(project__pk__gte=2000))
    ),
    "as an annotation": lambda w: w.Tag.objects.annotate(
        n=Subquery(w.Project.objects.filter(pk__gte=2000).values("name")[:1])
    ).filter(n__isnull=False),
    "as an ordered annotation": lambda w: w.Tag.objects.annotate(
        n=Subquery(w.Project.objects.order_by("-budget").values("budget")[:1])
    ).filter(n__gt=2000),
    "in Q": lambda w: w.Task.objects.filter(Q(pk=-1) | Q(project__in=w.Project.objects.filter(pk__gte=2000))),
}


@probe(portable=True, cases=NONE_FOUND)
def inner_question_about_strangers(w: Any, ask: Callable[[Any], Any]) -> None:
    """An inner question about another tenant's rows finds nothing."""
    with w.enter(w.A):
        only(pks(ask(w)), [])


@probe(portable=True)
def not_in_a_queryset(w: Any) -> None:
    """What is not among own rows is asked among own rows."""
    with w.enter(w.A):
        rows = w.Project.objects.exclude(pk__in=w.Task.objects.values("project"))
        only(pks(rows), {w.A.project2_pk})


@probe(portable=True)
def not_exists_about_own_rows(w: Any) -> None:
    """The negation of an inner question keeps its condition."""
    with w.enter(w.A):
        rows = w.Tag.objects.filter(~Exists(w.Project.objects.filter(pk__gte=2000)))
        only(pks(rows), w.A.all("Tag"))


@probe(portable=True)
def global_rows_by_inner_question(w: Any) -> None:
    """Rows of nobody's are found by own rows only."""
    with w.enter(w.A):
        rows = w.Country.objects.filter(pk__in=w.Project.objects.values("country"))
        only(rows.values_list("code", flat=True), ["de"])


@probe(portable=True)
def global_rows_annotated_by_inner_question(w: Any) -> None:
    """Rows of nobody's are annotated from own rows only."""
    with w.enter(w.A):
        best = w.Project.objects.filter(country=OuterRef("pk")).order_by("-budget").values("budget")[:1]
        rows = w.Country.objects.annotate(best=Subquery(best))
        only(rows.values_list("code", "best"), [("de", 1005), ("fr", None)])


@probe(portable=True)
def counted_inner_question(w: Any) -> None:
    """A count inside a question counts own rows."""
    with w.enter(w.A):
        per_country = w.Project.objects.filter(country=OuterRef("pk")).values("country").annotate(n=Count("pk"))
        rows = w.Country.objects.annotate(n=Subquery(per_country.values("n")))
        only(rows.values_list("code", "n"), [("de", 2), ("fr", None)])


@probe(portable=True)
def inner_question_made_by_another(w: Any) -> None:
    """An inner question that was made as another tenant follows whoever runs the outer one."""
    with w.enter(w.B):
        theirs = w.Project.objects.filter(name="alpha")
    with w.enter(w.A), w.refused():
        w.own_or_fewer(pks(w.Task.objects.filter(project__in=theirs)), w.A.all("Task"))
        w.held()


@probe(essential=True)
def inner_question_that_was_run_by_another(w: Any) -> None:
    """An inner question whose rows another tenant has fetched is asked anew."""
    with w.enter(w.B):
        theirs = w.Project.objects.all()
        list(theirs)
    with w.enter(w.A):
        only(pks(w.Task.objects.filter(project__in=theirs)), w.A.all("Task"))


@probe(portable=True)
def inner_question_as_nobody(w: Any) -> None:
    """An inner question is refused to nobody even where the outer one is about rows of nobody's."""
    with w.nobody():
        w.nothing_seen(lambda: list(w.Country.objects.filter(pk__in=w.Project.objects.values("country"))))


@probe(portable=True)
def update_by_inner_question(w: Any) -> None:
    """Rows of nobody's are changed by own rows only."""
    with w.enter(w.A):
        changed = w.Country.objects.filter(pk__in=w.Project.objects.values("country")).update(rating=9)
        assert changed == 1


@probe(portable=True)
def update_from_inner_question(w: Any) -> None:
    """A value that comes from an inner question comes from own rows."""
    with w.enter(w.A):
        most = w.Project.objects.order_by("-budget").values("budget")[:1]
        w.Task.objects.filter(pk=w.A.task_pk).update(hours=Subquery(most))
        assert w.Task.objects.get(pk=w.A.task_pk).hours == 1005


@probe(portable=True)
def delete_by_inner_question(w: Any) -> None:
    """Rows that are deleted by an inner question are own rows."""
    with w.enter(w.A):
        w.Tag.objects.filter(Exists(w.Project.objects.filter(tags=OuterRef("pk")))).delete()
        only(pks(w.Tag.objects.all()), {w.A.tag2_pk})


@probe(portable=True)
def outer_reference_to_the_tenant(w: Any) -> None:
    """An inner question that asks for other tenants than the outer row's finds nothing."""
    with w.enter(w.A):
        others = w.Project.objects.exclude(tenant=OuterRef("tenant"))
        assert not w.Tag.objects.filter(Exists(others)).exists()


@probe(portable=True)
def through_table_as_inner_question(w: Any) -> None:
    """The keys in a through table lead to own rows only."""
    with w.enter(w.A):
        links = w.Project.tags.through.objects.values("project_id")
        only(pks(w.Project.objects.filter(pk__in=links)), {w.A.project_pk})


@probe(portable=True)
def comparison_with_an_outer_expression(w: Any) -> None:
    """A comparison between both questions is between own rows."""
    with w.enter(w.A):
        richer = w.Project.objects.filter(budget__gt=OuterRef("budget")).order_by("budget").values("pk")[:1]
        rows = w.Project.objects.annotate(next=Subquery(richer)).filter(next__gt=F("pk"))
        only(rows.values_list("pk", "next"), [(w.A.project_pk, w.A.project2_pk)])
