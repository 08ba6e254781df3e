"""What is unique within a tenant."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError

from harness.register import topic

probe = topic("unique")

DUPLICATES: dict[str, Callable[[Any], Any]] = {
    "unique_together": lambda w: w.Label(name="red"),
    "constraint with a condition": lambda w: w.Label(name="x", code="r"),
    "constraint with a message of its own": lambda w: w.Label(name="x", place=1),
    "constraint of fields": lambda w: w.Project(name="alpha"),
    "constraint of expressions": lambda w: w.Tag(name="urgent"),
    "number": lambda w: w.Invoice(number=7, project_id=w.A.project2_pk),
}


@probe(essential=True, cases=DUPLICATES)
def duplicate_of_an_own_row(w: Any, build: Callable[[Any], Any]) -> None:
    """A full clean finds a duplicate among own rows."""
    with w.enter(w.A):
        row = build(w)
        try:
            row.full_clean(exclude=["tenant"])
        except ValidationError:
            return
    raise AssertionError("the duplicate was not found")


@probe(essential=True, cases=DUPLICATES)
def duplicate_without_exclusion(w: Any, build: Callable[[Any], Any]) -> None:
    """A full clean that excludes nothing finds a duplicate as well."""
    with w.enter(w.A):
        row = build(w)
        try:
            row.full_clean()
        except ValidationError:
            return
    raise AssertionError("the duplicate was not found")


@probe(essential=True, cases=DUPLICATES)
def duplicate_by_the_parts(w: Any, build: Callable[[Any], Any]) -> None:
    """The parts of a full clean find a duplicate where the tenant is excluded, as forms do."""
    with w.enter(w.A):
        row = build(w)
        try:
            row.validate_unique(exclude={"tenant"})
            row.validate_constraints(exclude={"tenant"})
        except ValidationError:
            return
    raise AssertionError("the duplicate was not found")


SECRETS: dict[str, Callable[[Any], Any]] = {
    "unique_together": lambda w: w.Label(name=w.secret),
    "constraint with a condition": lambda w: w.Label(name="x", code="only b"),
    "constraint with a message of its own": lambda w: w.Label(name="x", place=3),
    "constraint of fields": lambda w: w.Project(name="beta"),
    "constraint of expressions": lambda w: w.Tag(name=f"{w.secret} tag"),
    "number": lambda w: w.Invoice(number=8, project_id=w.A.project2_pk),
}


@probe(essential=True, cases=SECRETS)
def value_of_a_stranger(w: Any, build: Callable[[Any], Any]) -> None:
    """A value that another tenant has may be used: no answer tells that it is there."""
    with w.enter(w.A):
        row = build(w)
        row.full_clean(exclude=["tenant"])
        row.save()


@probe(essential=True)
def row_itself(w: Any) -> None:
    """A row is no duplicate of itself."""
    with w.enter(w.A):
        for model in ("Label", "Project", "Tag", "Invoice"):
            for row in getattr(w, model).objects.all():
                row.full_clean(exclude=["tenant"])


@probe(essential=True)
def row_of_a_stranger_by_a_forged_key(w: Any) -> None:
    """A primary key that another tenant has is not said to exist."""
    with w.enter(w.A):
        row = w.Tag(pk=w.B.tag_pk, name="new")
        row.full_clean(exclude=["tenant"])


@probe(essential=True)
def reference_of_a_stranger(w: Any) -> None:
    """A reference to another tenant's row is said to lead to nothing, as one that does not exist."""
    messages = []
    for key in (w.B.project_pk, 987_654):
        with w.enter(w.A):
            try:
                w.Task(title="x", project_id=key).full_clean(exclude=["tenant"])
            except ValidationError as error:
                messages.append(str(error.message_dict).replace(str(key), "KEY"))
    assert len(messages) == 2, "it was accepted"
    assert messages[0] == messages[1], messages


@probe(essential=True)
def as_nobody(w: Any) -> None:
    """Nobody asks whether a value is taken."""
    with w.nobody(), w.refused():
        w.Tag(name="urgent", tenant=w.B.tenant).full_clean()


@probe(essential=True)
def forged_tenant(w: Any) -> None:
    """An object that says it is another tenant's does not ask about that tenant's rows."""
    with w.enter(w.A):
        row = w.Tag(name=f"{w.secret} tag", tenant=w.B.tenant)
        try:
            row.full_clean()
        except (*w.dialect.refusals, ValidationError) as error:
            assert "already exists" not in str(error), "it tells that the value is there"


@probe(essential=True)
def row_for_another(w: Any) -> None:
    """A full clean refuses a row that is another tenant's, in the way in which forms are told what is wrong."""
    with w.enter(w.A):
        for exclude in ([], ["tenant"]):
            try:
                w.Tag(name="new", tenant=w.B.tenant).full_clean(exclude=exclude)
            except ValidationError as error:
                assert "new" not in str(error.message_dict), error
            else:
                raise AssertionError("it was accepted")


@probe(portable=True)
def in_the_database(w: Any) -> None:
    """A duplicate of an own row is refused by the database, and one of another tenant's is none."""
    from django.db import IntegrityError, transaction

    with w.enter(w.A):
        w.Project.objects.create(name="beta")
        try:
            with transaction.atomic():
                w.Project.objects.create(name="beta")
        except IntegrityError:
            return
    raise AssertionError("a duplicate was stored")


@probe(essential=True)
def across_tenants(w: Any) -> None:
    """The check of a value that is unique across tenants does not tell that another tenant has it."""
    with w.enter(w.A):
        row = w.Ledger(name="x", code="book-b")
        row.full_clean(exclude=["tenant"])
