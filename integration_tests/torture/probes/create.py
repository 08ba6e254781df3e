"""Making rows one by one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import F, Value

from harness.register import topic
from harness.tools import only, pks

probe = topic("create")


@probe(portable=True)
def filled_by_itself(w: Any) -> None:
    """A new row belongs to the active tenant."""
    with w.enter(w.A):
        made = w.Project.objects.create(name="new")
        assert made.tenant_id == w.A.tenant.pk
        assert w.Project.objects.filter(pk=made.pk).exists()
    with w.enter(w.B), w.missing():
        w.Project.objects.get(pk=made.pk)


@probe(portable=True)
def filled_when_saved(w: Any) -> None:
    """A row that is saved belongs to the active tenant."""
    with w.enter(w.A):
        made = w.Project(name="new")
        made.save()
        assert w.Project.objects.get(pk=made.pk).tenant_id == w.A.tenant.pk


def _set_afterwards(w: Any) -> None:
    row = w.Project(name="x")
    row.tenant = w.B.tenant
    row.save()


FOR_ANOTHER: dict[str, Callable[[Any], Any]] = {
    "create by object": lambda w: w.Project.objects.create(name="x", tenant=w.B.tenant),
    "create by key": lambda w: w.Project.objects.create(name="x", tenant_id=w.B.tenant.pk),
    "create by text": lambda w: w.Project.objects.create(name="x", tenant_id=str(w.B.tenant.pk)),
    "save": lambda w: w.Project(name="x", tenant=w.B.tenant).save(),
    "forced insert": lambda w: w.Project(name="x", tenant_id=w.B.tenant.pk).save(force_insert=True),
    "get_or_create": lambda w: w.Project.objects.get_or_create(name="x", tenant=w.B.tenant),
    "get_or_create with defaults": lambda w: w.Project.objects.get_or_create(name="x", defaults={"tenant": w.B.tenant}),
    "update_or_create": lambda w: w.Project.objects.update_or_create(name="x", defaults={"tenant": w.B.tenant}),
    "update_or_create with create_defaults": lambda w: w.Project.objects.update_or_create(
        name="x", defaults={}, create_defaults={"tenant_id": w.B.tenant.pk}
    ),
    "through the tenant": lambda w: w.B.tenant.project_set.create(name="x"),
    "get_or_create through the tenant": lambda w: w.B.tenant.project_set.get_or_create(name="x"),
    "set afterwards": _set_afterwards,
}


@probe(portable=True, cases=FOR_ANOTHER)
def for_another_tenant(w: Any, attack: Callable[[Any], Any]) -> None:
    """A row cannot be made for another tenant."""
    with w.enter(w.A), w.refused():
        attack(w)
    with w.enter(w.B):
        only(pks(w.Project.objects.all()), w.B.all("Project"))


@probe(essential=True, cases={"a value": Value(2), "a column": F("id")})
def by_an_expression(w: Any, value: Any) -> None:
    """The tenant of a new row cannot be an expression, which nobody could check."""
    with w.enter(w.A), w.refused():
        w.Project(name="x", tenant_id=value).save(force_insert=True)


@probe(essential=True)
def for_no_tenant(w: Any) -> None:
    """A tenant cannot make a row of nobody's, where rows of nobody's are possible."""
    with w.enter(w.A):
        made = w.Template.objects.create(name="x", tenant=None)
        assert made.tenant_id == w.A.tenant.pk, "a row of nobody's was made"


@probe(portable=True)
def as_nobody(w: Any) -> None:
    """Nobody makes rows."""
    with w.nobody(), w.refused():
        w.Project.objects.create(name="x")


@probe(portable=True)
def for_somebody_as_nobody(w: Any) -> None:
    """Nobody makes rows for a tenant either."""
    with w.nobody(), w.refused():
        w.Project.objects.create(name="x", tenant=w.B.tenant)


@probe(portable=True)
def with_the_primary_key_of_a_stranger(w: Any) -> None:
    """A row that is made with another tenant's primary key changes nothing there."""
    with w.enter(w.A), w.kept_out():
        w.Project.objects.create(pk=w.B.project_pk, name="stolen")
    with w.enter(w.B):
        assert w.Project.objects.get(pk=w.B.project_pk).name == "alpha"


@probe(portable=True)
def get_or_create_of_a_name_that_a_stranger_has(w: Any) -> None:
    """A row that another tenant has is made, not found."""
    with w.enter(w.A):
        row, made = w.Project.objects.get_or_create(name="beta", defaults={"budget": 1})
        assert made
        assert row.budget == 1


@probe(portable=True)
def update_or_create_of_a_name_that_a_stranger_has(w: Any) -> None:
    """A row that another tenant has is made, not changed."""
    with w.enter(w.A):
        row, made = w.Project.objects.update_or_create(name="beta", defaults={"budget": 1})
        assert made
        assert row.budget == 1


@probe(portable=True)
def update_or_create_by_the_key_of_a_stranger(w: Any) -> None:
    """Another tenant's row is not changed by its primary key."""
    with w.enter(w.A), w.kept_out():
        w.Project.objects.update_or_create(pk=w.B.project_pk, defaults={"name": "stolen"})


@probe(essential=True)
def built_before_the_tenant_was_entered(w: Any) -> None:
    """An object that was built as nobody is filled when it is saved."""
    with w.nobody():
        row = w.Project(name="x")
    with w.enter(w.A):
        row.save()
        assert row.tenant_id == w.A.tenant.pk


@probe(essential=True)
def built_as_one_saved_as_another(w: Any) -> None:
    """An object that was built as one tenant is not saved as another."""
    with w.enter(w.B):
        row = w.Project(name="x")
    with w.enter(w.A), w.refused():
        row.save()


@probe(essential=True)
def the_tenant_before_saving(w: Any) -> None:
    """An object knows its tenant before it is saved."""
    with w.enter(w.A):
        assert w.Project(name="x").tenant == w.A.tenant


@probe(essential=True)
def transaction_stays_usable(w: Any) -> None:
    """What follows a refused row in the same transaction works."""
    with w.enter(w.A):
        with w.refused():
            w.Project.objects.create(name="x", tenant=w.B.tenant)
        w.Project.objects.create(name="y")
        assert w.Project.objects.filter(name="y").exists()


@probe(essential=True)
def refusal_names_both_tenants_and_the_model(w: Any) -> None:
    """A refusal says which model, which tenants, and what to do."""
    with w.enter(w.A):
        try:
            w.Project.objects.create(name="x", tenant=w.B.tenant)
        except w.dialect.refusals as error:
            for word in ("world.Project", "'a'", "'b'", ";"):
                assert word in str(error), f"{word!r} is not in {str(error)!r}"
        else:
            raise AssertionError("it was not refused")
