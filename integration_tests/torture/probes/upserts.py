"""Rows that are stored or changed, whichever is needed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import F

from harness.register import topic
from harness.tools import only

upsert = topic("upsert")


def conflicting(w: Any, **values: Any) -> Any:
    """Return a project that meets another tenant's."""
    return w.Project(name="stolen", budget=0, **values)


UPSERTS: dict[str, Callable[[Any], Any]] = {
    "by primary key": lambda w: w.Project.objects.bulk_create(
        [conflicting(w, pk=w.B.project_pk)], update_conflicts=True, update_fields=["name"], unique_fields=["id"]
    ),
    "by primary key, changing the tenant": lambda w: w.Project.objects.bulk_create(
        [conflicting(w, pk=w.B.project_pk)],
        update_conflicts=True,
        update_fields=["name", "tenant"],
        unique_fields=["id"],
    ),
    "by pk": lambda w: w.Project.objects.bulk_create(
        [conflicting(w, pk=w.B.project_pk)], update_conflicts=True, update_fields=["name"], unique_fields=["pk"]
    ),
    "of a child row": lambda w: w.Contract.objects.bulk_create(
        [w.Contract(project_id=w.B.project_pk, terms="stolen")],
        update_conflicts=True,
        update_fields=["terms"],
        unique_fields=["project"],
    ),
}


@upsert(portable=True, cases=UPSERTS)
def meeting_a_row_of_a_stranger(w: Any, attack: Callable[[Any], Any]) -> None:
    """Rows that are stored or changed, whichever is needed, do not change another tenant's."""
    with w.enter(w.A), w.kept_out():
        attack(w)


@upsert(portable=True)
def meeting_an_own_row(w: Any) -> None:
    """A row that is there is changed, and one that another tenant has is made."""
    with w.enter(w.A):
        w.Project.objects.bulk_create(
            [w.Project(name="alpha", budget=5), w.Project(name="beta", budget=6)],
            update_conflicts=True,
            update_fields=["budget"],
            unique_fields=["tenant", "name"],
        )
        only(
            w.Project.objects.filter(name__in=["alpha", "beta"]).values_list("name", "budget"),
            [("alpha", 5), ("beta", 6)],
        )


@upsert(portable=True)
def changing_the_tenant_of_an_own_row(w: Any) -> None:
    """A row that is stored or changed does not go to another tenant."""
    with w.enter(w.A), w.refused():
        w.Project.objects.bulk_create(
            [w.Project(name="alpha", tenant=w.B.tenant)],
            update_conflicts=True,
            update_fields=["budget"],
            unique_fields=["tenant", "name"],
        )


@upsert(portable=True)
def through_table(w: Any) -> None:
    """A row of a through table that is stored or changed does not change another tenant's."""
    with w.enter(w.B):
        theirs = w.Membership.objects.get(pk=w.B.membership_pk)
    with w.enter(w.A), w.refused():
        w.Membership.objects.bulk_create(
            [w.Membership(pk=theirs.pk, person_id=w.A.person_pk, project_id=w.A.project2_pk, role="stolen")],
            update_conflicts=True,
            update_fields=["role", "person", "project"],
            unique_fields=["id"],
        )


@upsert(portable=True)
def automatic_through_table(w: Any) -> None:
    """A row of an automatic through table that is stored or changed does not change another tenant's."""
    through = w.Project.tags.through
    with w.enter(w.B), w.unscoped():
        theirs = through.objects.filter(project_id=w.B.project_pk).values_list("pk", flat=True).first()
    with w.enter(w.A), w.refused():
        through.objects.bulk_create(
            [through(pk=theirs or 1, project_id=w.A.project2_pk, tag_id=w.A.tag_pk)],
            update_conflicts=True,
            update_fields=["project", "tag"],
            unique_fields=["id"],
        )


@upsert(essential=True)
def statement_by_statement(w: Any) -> None:
    """Storing or changing rows one by one by a value that another tenant has makes own rows."""
    with w.enter(w.A):
        for name in ("alpha", "beta"):
            w.Project.objects.update_or_create(
                name=name, defaults={"budget": F("id") * 0 + 4} if name == "alpha" else {}
            )
        assert w.Project.objects.count() == 3
