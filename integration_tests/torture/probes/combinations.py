"""Unions, intersections, differences, and querysets put together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import CharField, Value
from django.db.models.functions import Cast

from harness.register import topic
from harness.tools import only, pks

probe = topic("union")

COMBINED: dict[str, Callable[[Any], Any]] = {
    "union": lambda w: w.Project.objects.filter(pk__gt=0).union(w.Project.objects.filter(budget__gte=0)),
    "union of all": lambda w: w.Project.objects.filter(pk__lt=2000).union(
        w.Project.objects.filter(pk__gte=2000), all=True
    ),
    "intersection": lambda w: w.Project.objects.all().intersection(w.Project.objects.filter(pk__gt=0)),
    "difference": lambda w: w.Project.objects.all().difference(w.Project.objects.filter(pk__lt=0)),
    "and": lambda w: w.Project.objects.all() & w.Project.objects.filter(pk__gt=0),
    "or": lambda w: w.Project.objects.filter(pk__lt=2000) | w.Project.objects.filter(pk__gte=2000),
    "xor": lambda w: w.Project.objects.filter(pk__lt=2000) ^ w.Project.objects.filter(pk__gte=2000),
    "ordered union": lambda w: w.Project.objects.all().union(w.Project.objects.all()).order_by("-budget"),
    "sliced union": lambda w: w.Project.objects.all().union(w.Project.objects.all())[:50],
    "or with none": lambda w: w.Project.objects.none() | w.Project.objects.all(),
    "union with none": lambda w: w.Project.objects.none().union(w.Project.objects.all()),
    "in a union": lambda w: w.Project.objects.filter(
        pk__in=w.Project.objects.values("pk").union(w.Project.objects.filter(pk__gte=2000).values("pk"))
    ),
}


@probe(portable=True, cases=COMBINED)
def combination(w: Any, ask: Callable[[Any], Any]) -> None:
    """Each part of a combination is about own rows."""
    with w.enter(w.A):
        only(pks(ask(w)), w.A.all("Project"))


@probe(portable=True)
def counted_union(w: Any) -> None:
    """A union counts own rows."""
    with w.enter(w.A):
        assert w.Project.objects.all().union(w.Project.objects.all()).count() == 2
        assert w.Project.objects.filter(pk__gte=2000).union(w.Project.objects.filter(pk__gte=2000)).count() == 0


@probe(portable=True)
def union_of_two_models(w: Any) -> None:
    """A union of two models shows own rows of both."""
    with w.enter(w.A):
        found = w.Tag.objects.values_list("name").union(w.Skill.objects.values_list("name"))
        only(found, [("urgent",), ("harmless tag",), ("Go",), ("Tea",)])


@probe(portable=True)
def union_with_rows_of_nobody(w: Any) -> None:
    """A union with rows of nobody's keeps the condition on the tenant's part."""
    with w.enter(w.A):
        found = w.Country.objects.values_list("code").union(
            w.Tag.objects.annotate(x=Cast(Value("tag"), CharField())).values_list("name")
        )
        only(found, [("de",), ("fr",), ("urgent",), ("harmless tag",)])


@probe(portable=True)
def union_of_two_tenants(w: Any) -> None:
    """A part that was made as another tenant does not show that tenant's rows."""
    with w.enter(w.B):
        theirs = w.Project.objects.filter(pk__gt=0)
    with w.enter(w.A), w.refused():
        w.own_or_fewer(pks(w.Project.objects.filter(pk__gt=0).union(theirs)), w.A.all("Project"))
        w.held()


@probe(portable=True)
def or_of_two_tenants(w: Any) -> None:
    """Putting together querysets of two tenants shows the active one's rows."""
    with w.enter(w.B):
        theirs = w.Project.objects.filter(pk__gte=2000)
    with w.enter(w.A), w.refused():
        w.own_or_fewer(pks(w.Project.objects.filter(pk__lt=2000) | theirs), w.A.all("Project"))
        w.held()


@probe(portable=True)
def union_as_nobody(w: Any) -> None:
    """A union is refused to nobody."""
    with w.nobody():
        w.nothing_seen(lambda: list(w.Project.objects.all().union(w.Project.objects.all())))


@probe
def union_with_an_unscoped_part(w: Any) -> None:
    """A part that was made unscoped is about own rows when a tenant runs it."""
    with w.unscoped():
        everything = w.Project.objects.filter(pk__gt=0)
    with w.enter(w.A):
        only(pks(w.Project.objects.filter(pk=0).union(everything)), w.A.all("Project"))
