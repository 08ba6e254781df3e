"""Pointing at another tenant's rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.register import topic

probe = topic("reference")


def _attached(w: Any, **values: Any) -> None:
    own = {} if "project" in values else {"project_id": w.A.project_pk}
    w.Task.objects.create(**{"title": "x", **own, **values})


def _assigned(w: Any) -> None:
    theirs = w.B.project
    task = w.Task.objects.get(pk=w.A.task_pk)
    task.project = theirs
    task.save()


def _assigned_key(w: Any, name: str = "project_id", row: str = "project_pk") -> None:
    task = w.Task.objects.get(pk=w.A.task_pk)
    setattr(task, name, getattr(w.B, row))
    task.save()


def _assigned_one_column(w: Any) -> None:
    task = w.Task.objects.get(pk=w.A.task_pk)
    task.backup_id = w.B.project_pk
    task.save(update_fields=["backup"])


def _relabelled(w: Any) -> None:
    theirs = w.B.project
    theirs.tenant = w.A.tenant
    w.Task.objects.create(title="x", project=theirs)


def _added_to_the_tenant(w: Any) -> None:
    theirs = w.B.project
    w.A.tenant.project_set.add(theirs)
    w.Task.objects.create(title="x", project=theirs)


def _forged(w: Any) -> None:
    w.Task.objects.create(title="x", project=w.Project(pk=w.B.project_pk, name="x"))


BY_KEY: dict[str, Callable[[Any], Any]] = {
    "create": lambda w: _attached(w, project_id=w.B.project_pk),
    "create by text": lambda w: _attached(w, project_id=str(w.B.project_pk)),
    "create with an empty one allowed": lambda w: _attached(w, backup_id=w.B.project_pk),
    "create with a reference to the own model": lambda w: _attached(w, parent_id=w.B.task_pk),
    "create of a protected reference": lambda w: w.Invoice.objects.create(number=1, project_id=w.B.project_pk),
    "create of a one-to-one": lambda w: w.Contract.objects.create(terms="x", project_id=w.B.project3_pk),
    "create by object": lambda w: _attached(w, project=w.B.project),
    "create by relabelled object": _relabelled,
    "create by object added to the own tenant": _added_to_the_tenant,
    "create by forged object": _forged,
    "save": lambda w: w.Task(title="x", project_id=w.B.project_pk).save(),
    "save of an assigned object": _assigned,
    "save of an assigned key": _assigned_key,
    "save of an assigned reference to the own model": lambda w: _assigned_key(w, "parent_id", "task_pk"),
    "save of one column": _assigned_one_column,
    "get_or_create": lambda w: w.Task.objects.get_or_create(title="x", defaults={"project_id": w.B.project_pk}),
    "update_or_create": lambda w: w.Task.objects.update_or_create(
        title="first", defaults={"project_id": w.B.project_pk}
    ),
    "update": lambda w: w.Task.objects.update(project_id=w.B.project_pk),
    "update by field": lambda w: w.Task.objects.update(project=w.B.project_pk),
    "update by object": lambda w: w.Task.objects.update(project=w.B.project),
    "update of an empty one": lambda w: w.Task.objects.update(backup=w.B.project_pk),
    "add to a reverse relation": lambda w: w.B.project.tasks.add(w.Task.objects.get(pk=w.A.task_pk)),
    "add in one statement": lambda w: w.B.project.tasks.add(w.Task.objects.get(pk=w.A.task_pk), bulk=True),
    "create through a reverse relation": lambda w: w.B.project.tasks.create(title="x"),
    "create through a forged object": lambda w: w.Project(pk=w.B.project_pk).tasks.create(title="x"),
    "set of a reverse relation": lambda w: w.B.project.spare_tasks.set(w.Task.objects.all()),
    "taking a stranger's child slowly": lambda w: w.Project.objects.get(pk=w.A.project_pk).tasks.add(
        w.B.task, bulk=False
    ),
    "through table with a key": lambda w: w.Membership.objects.create(
        person_id=w.A.person_pk, project_id=w.B.project_pk
    ),
    "through table with a key, other side": lambda w: w.Membership.objects.create(
        person_id=w.B.person_pk, project_id=w.A.project_pk
    ),
}


@probe(portable=True, cases=BY_KEY)
def to_a_row_of_a_stranger(w: Any, attack: Callable[[Any], Any]) -> None:
    """An own row cannot refer to another tenant's."""
    with w.enter(w.A), w.kept_out():
        attack(w)
    with w.enter(w.B):
        assert w.Task.objects.filter(project=w.B.project_pk).count() == 2, "a stranger's row got another child"


@probe(portable=True)
def child_of_a_stranger(w: Any) -> None:
    """Adding another tenant's row to the children of an own row does not move it."""
    theirs = w.B.task
    with w.enter(w.A), w.refused(ValueError):
        w.Project.objects.get(pk=w.A.project_pk).tasks.add(theirs)
        w.held()


@probe(portable=True)
def to_an_own_row(w: Any) -> None:
    """Own rows refer to own rows, in every way."""
    with w.enter(w.A):
        task = w.Task.objects.create(title="x", project_id=w.A.project2_pk, backup_id=w.A.project_pk)
        task.parent_id = w.A.task_pk
        task.save()
        w.Task.objects.filter(pk=task.pk).update(project=w.A.project_pk)
        w.Project.objects.get(pk=w.A.project2_pk).tasks.add(task)
        assert w.Task.objects.get(pk=task.pk).project_id == w.A.project2_pk


@probe(portable=True)
def to_own_rows_that_are_new(w: Any) -> None:
    """A row that was made a moment ago may be referred to."""
    with w.enter(w.A):
        project = w.Project.objects.create(name="x")
        w.Task.objects.create(title="y", project=project)
        w.Task.objects.create(title="z", project_id=project.pk)


@probe(portable=True)
def emptying_a_reference(w: Any) -> None:
    """A reference may be emptied."""
    with w.enter(w.A):
        w.Task.objects.update(backup=None)
        w.Project.objects.get(pk=w.A.project_pk).tasks.get(pk=w.A.task_pk)


@probe(portable=True)
def to_a_global_row(w: Any) -> None:
    """Own rows refer to rows of nobody's."""
    with w.enter(w.A):
        w.Project.objects.update(country_id=2)
        assert w.Project.objects.filter(country__code="fr").count() == 2


@probe(essential=True)
def to_a_row_that_does_not_exist(w: Any) -> None:
    """A reference to nothing is refused with the same kind of error as one to another tenant's row."""
    kinds = set()
    for key in (w.B.project_pk, 987_654):
        try:
            with w.enter(w.A):
                w.Task.objects.create(title="x", project_id=key)
        except w.dialect.refusals as error:
            kinds.add(type(error))
        else:
            raise AssertionError("it was not refused")
    assert len(kinds) == 1, kinds


@probe(essential=True)
def by_a_value_that_is_no_key(w: Any) -> None:
    """A reference to another tenant's row that is not by its primary key is refused."""
    with w.enter(w.A), w.refused():
        w.Entry.objects.create(name="x", ledger_id="book-b")


@probe(essential=True)
def by_an_own_value_that_is_no_key(w: Any) -> None:
    """A reference to an own row that is not by its primary key works."""
    with w.enter(w.A):
        assert w.Entry.objects.create(name="x", ledger_id="book-a").ledger.pk == w.A.ledger_pk


@probe(essential=True)
def without_a_constraint(w: Any) -> None:
    """A reference that the database does not check is refused as well."""
    with w.enter(w.A), w.refused():
        w.Loose.objects.create(name="x", project_id=w.B.project_pk)


@probe(essential=True)
def to_a_child_in_a_table_of_its_own(w: Any) -> None:
    """A reference to another tenant's row in several tables is refused."""
    with w.enter(w.A), w.refused():
        w.Review.objects.create(name="x", report_id=w.B.report_pk)


@probe(essential=True)
def parent_link_to_a_stranger(w: Any) -> None:
    """A child cannot be put under another tenant's parent."""
    with w.enter(w.A), w.refused():
        w.Report(document_ptr_id=w.B.document_pk, name="stolen").save_base(raw=True)


@probe(essential=True)
def parent_link_to_a_stranger_by_save(w: Any) -> None:
    """A child cannot take another tenant's parent over when it is saved."""
    with w.enter(w.A), w.kept_out():
        w.Report(document_ptr_id=w.B.document_pk, name="stolen").save()


@probe(needs="shared")
def from_a_global_row(w: Any) -> None:
    """A row of nobody's cannot be made to refer to another tenant's by a tenant."""
    with w.enter(w.A), w.refused():
        w.Showcase.objects.create(title="x", project_id=w.B.project_pk)


@probe(needs="shared")
def from_a_global_row_to_an_own_row(w: Any) -> None:
    """A row of nobody's may refer to an own row."""
    with w.enter(w.A):
        assert w.Showcase.objects.create(title="x", project_id=w.A.project_pk).project == w.A.project


@probe(essential=True)
def second_key_to_a_tenant(w: Any) -> None:
    """A second foreign key to a tenant, beside the key, may name any tenant: it owns nothing."""
    with w.enter(w.A):
        seat = w.Seat.objects.create(name="x", sold_by=w.B.tenant)
        assert seat.tenant_id == w.A.tenant.pk
        assert seat.sold_by_id == w.B.tenant.pk
