"""Changing many rows in one statement."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import BigIntegerField, Case, F, Value, When

from harness.register import topic
from harness.tools import only

probe = topic("update")


@probe(portable=True)
def all_rows(w: Any) -> None:
    """All rows are the active tenant's rows."""
    with w.enter(w.A):
        assert w.Project.objects.update(budget=1) == 2


@probe(portable=True)
def by_the_key_of_a_stranger(w: Any) -> None:
    """Another tenant's primary key reaches no row."""
    with w.enter(w.A):
        assert w.Project.objects.filter(pk=w.B.project_pk).update(name="stolen") == 0


@probe(portable=True)
def by_a_condition_over_a_relation(w: Any) -> None:
    """A condition over a relation reaches own rows only."""
    with w.enter(w.A):
        assert w.Project.objects.filter(country__code="de").update(budget=1) == 2
        assert w.Task.objects.filter(project__name="alpha").update(hours=1) == 2


@probe(portable=True)
def by_a_slice_of_keys(w: Any) -> None:
    """Keys of the greatest rows are keys of own rows."""
    with w.enter(w.A):
        greatest = w.Project.objects.order_by("-budget").values("pk")[:1]
        assert w.Project.objects.filter(pk__in=list(greatest.values_list("pk", flat=True))).update(budget=1) == 1


@probe(portable=True)
def ordered(w: Any) -> None:
    """An ordered update reaches own rows only."""
    with w.enter(w.A):
        assert w.Project.objects.order_by("-budget").update(budget=F("budget") * 2) == 2


@probe(portable=True)
def through_a_relation_of_a_stranger(w: Any) -> None:
    """Children of another tenant's object are not changed."""
    theirs = w.B.project
    with w.enter(w.A), w.refused():
        theirs.tasks.update(title="stolen")
        w.held()


@probe(portable=True)
def through_the_tenant(w: Any) -> None:
    """Rows of another tenant are not changed through its own object."""
    with w.enter(w.A), w.refused():
        w.B.tenant.project_set.update(name="stolen")
        w.held()


@probe(portable=True)
def with_a_queryset_made_by_another(w: Any) -> None:
    """A queryset that was made as another tenant changes own rows, if anything."""
    with w.enter(w.B):
        theirs = w.Project.objects.filter(name="alpha")
    with w.enter(w.A), w.refused():
        theirs.update(budget=1)
        w.held()


@probe(portable=True)
def by_annotation(w: Any) -> None:
    """A value that is computed comes from own rows."""
    with w.enter(w.A):
        w.Project.objects.annotate(n=F("budget") + 1).update(budget=F("n"))
        only(w.Project.objects.values_list("budget", flat=True), [1001, 1006])


GIVEN_AWAY: dict[str, Callable[[Any], Any]] = {
    "object": lambda w: w.B.tenant,
    "key": lambda w: w.B.tenant.pk,
    "text": lambda w: str(w.B.tenant.pk),
    "value": lambda w: Value(w.B.tenant.pk),
    "column": lambda w: F("id"),
    "case": lambda w: Case(
        When(pk__gt=0, then=Value(w.B.tenant.pk)), default=F("tenant"), output_field=BigIntegerField()
    ),
    "question": lambda w: w.Tenant.objects.filter(pk=w.B.tenant.pk).values("pk"),
}


@probe(portable=True, cases=GIVEN_AWAY)
def giving_rows_away(w: Any, tenant: Callable[[Any], Any]) -> None:
    """Own rows cannot be given to another tenant."""
    with w.enter(w.A), w.refused():
        w.Project.objects.update(tenant=tenant(w))
    with w.enter(w.A):
        assert w.Project.objects.count() == 2, "rows were given away"


@probe(essential=True)
def to_the_own_tenant(w: Any) -> None:
    """Writing the own tenant's key is no harm."""
    with w.enter(w.A):
        assert w.Project.objects.update(tenant=w.A.tenant) == 2


@probe(essential=True)
def to_no_tenant(w: Any) -> None:
    """Rows cannot be given to nobody."""
    with w.enter(w.A), w.refused():
        w.Template.objects.update(tenant=None)


@probe(portable=True)
def rows_of_nobody_by_own_rows(w: Any) -> None:
    """Rows of nobody's that are chosen over a relation are those of own rows."""
    with w.enter(w.A):
        assert w.Country.objects.filter(projects__name="beta").update(rating=9) == 0
        assert w.Country.objects.filter(projects__name="alpha").update(rating=9) == 1


@probe(portable=True)
def as_nobody(w: Any) -> None:
    """Nobody changes rows."""
    with w.nobody(), w.refused():
        w.Project.objects.update(name="stolen")


@probe(portable=True)
def by_the_key_as_nobody(w: Any) -> None:
    """Nobody changes a row by its primary key."""
    with w.nobody(), w.refused():
        w.Project.objects.filter(pk=w.B.project_pk).update(name="stolen")


@probe(essential=True)
def base_manager(w: Any) -> None:
    """The base manager changes own rows only."""
    with w.enter(w.A):
        assert w.Project._base_manager.update(budget=1) == 2
