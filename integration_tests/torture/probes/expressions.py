"""References by expressions, and what is remembered about references."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import Case, F, OuterRef, Subquery, Value, When

from harness.register import topic

probe = topic("reference")

EXPRESSIONS: dict[str, Callable[[Any], Any]] = {
    "value": lambda w: Value(w.B.project_pk),
    "case": lambda w: Case(When(pk__gt=0, then=Value(w.B.project_pk)), default=F("project")),
    "sum": lambda w: F("project") + 1000,
    "column": lambda w: F("hours") + (w.B.project_pk - 3),
    "question about all rows": lambda w: Subquery(w.Showcase.objects.values("project")[:1]),
}


@probe(essential=True, cases=EXPRESSIONS)
def by_an_expression(w: Any, value: Callable[[Any], Any]) -> None:
    """An own row cannot be made to refer to another tenant's by an expression, which nobody could check."""
    with w.unscoped():
        w.Showcase.objects.create(title="x", project_id=w.B.project_pk if "shared" in w.features else None)
    with w.enter(w.A), w.refused():
        w.Task.objects.filter(pk=w.A.task_pk).update(project=value(w))


@probe(essential=True)
def by_another_expression_of_an_own_row(w: Any) -> None:
    """An expression that leads to own rows only, from the scoped manager, may be used."""
    with w.enter(w.A):
        other = w.Project.objects.exclude(pk=OuterRef("project")).order_by("pk").values("pk")[:1]
        assert w.Task.objects.update(project=Subquery(other)) == 2
        assert w.Task.objects.filter(project=w.A.project2_pk).count() == 2


@probe(essential=True)
def statements(w: Any) -> None:
    """The first reference in a context costs one statement more, the next to the same row none."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with w.enter(w.A):
        with CaptureQueriesContext(connection) as first:
            w.Task.objects.create(title="x", project_id=w.A.project_pk)
        with CaptureQueriesContext(connection) as second:
            w.Task.objects.create(title="y", project_id=w.A.project_pk)
        counts = len(first), len(second)
        assert counts[0] <= 2, counts
        assert counts[1] <= 1, counts


@probe(essential=True)
def memo_does_not_outlive_the_row(w: Any) -> None:
    """What was found once in a context does not vouch for a row in another tenant's."""
    with w.enter(w.A):
        w.Task.objects.create(title="x", project_id=w.A.project_pk)
    with w.enter(w.B), w.refused():
        w.Task.objects.create(title="x", project_id=w.A.project_pk)


@probe(essential=True)
def memo_does_not_outlive_a_rollback(w: Any) -> None:
    """A row that was made and rolled back may not be referred to, though it was found while it was there."""
    from django.db import transaction

    with w.enter(w.A):
        try:
            with transaction.atomic():
                project = w.Project.objects.create(name="x")
                w.Task.objects.create(title="x", project_id=project.pk)
                raise LookupError
        except LookupError:
            pass
        with w.refused():
            w.Task.objects.create(title="x", project_id=project.pk)


@probe(essential=True)
def nested_contexts(w: Any) -> None:
    """What was found in an inner context does not vouch in the outer one."""
    with w.enter(w.A):
        with w.enter(w.B):
            w.Task.objects.create(title="x", project_id=w.B.project_pk).delete()
        with w.refused():
            w.Task.objects.create(title="x", project_id=w.B.project_pk)
    with w.enter(w.B):
        assert w.Task.objects.filter(title="x").count() == 0
