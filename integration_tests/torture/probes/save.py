"""Saving objects that are there already, or that pretend to be."""

from __future__ import annotations

from typing import Any

from django.db.models import F

from harness.register import topic

probe = topic("save")


@probe(portable=True)
def own_row(w: Any) -> None:
    """A tenant changes its own row."""
    with w.enter(w.A):
        row = w.Project.objects.get(pk=w.A.project_pk)
        row.name = "changed"
        row.save()
        assert w.Project.objects.get(pk=w.A.project_pk).name == "changed"


@probe(portable=True)
def own_row_by_some_columns(w: Any) -> None:
    """A tenant changes some columns of its own row."""
    with w.enter(w.A):
        row = w.Project.objects.get(pk=w.A.project_pk)
        row.budget = F("budget") + 1
        row.save(update_fields=["budget"])
        assert w.Project.objects.get(pk=w.A.project_pk).budget == 1001


@probe(portable=True)
def row_of_a_stranger(w: Any) -> None:
    """Another tenant's object in hand is not saved."""
    theirs = w.B.project
    theirs.name = "changed"
    with w.enter(w.A), w.refused():
        theirs.save()


@probe(portable=True)
def some_columns_of_a_stranger(w: Any) -> None:
    """Some columns of another tenant's object in hand are not saved."""
    theirs = w.B.project
    theirs.name = "changed"
    with w.enter(w.A), w.refused():
        theirs.save(update_fields=["name"])


@probe(portable=True)
def forged_primary_key(w: Any) -> None:
    """An object made by hand with another tenant's primary key does not take its place."""
    with w.enter(w.A), w.kept_out():
        w.Project(pk=w.B.project_pk, name="stolen").save()


@probe(portable=True)
def forged_primary_key_of_some_columns(w: Any) -> None:
    """Some columns of an object made by hand with another tenant's primary key are not saved."""
    with w.enter(w.A), w.kept_out():
        w.Project(pk=w.B.project_pk, name="stolen").save(update_fields=["name"])


@probe(portable=True)
def forged_primary_key_forced_update(w: Any) -> None:
    """A forced update does not reach another tenant's row."""
    with w.enter(w.A), w.kept_out():
        w.Project(pk=w.B.project_pk, name="stolen").save(force_update=True)


@probe(portable=True)
def forged_state(w: Any) -> None:
    """An object made by hand that says it was loaded does not reach another tenant's row."""
    with w.enter(w.A), w.kept_out():
        forged = w.Project(pk=w.B.project_pk, name="stolen")
        forged._state.adding = False
        forged._state.db = w.B.project._state.db
        forged.save()


@probe(portable=True)
def relabelled_row_of_a_stranger(w: Any) -> None:
    """Another tenant's object whose tenant was changed in memory is not saved."""
    theirs = w.B.project
    theirs.tenant = w.A.tenant
    theirs.name = "stolen"
    with w.enter(w.A), w.refused():
        theirs.save()


@probe(portable=True)
def relabelled_by_key(w: Any) -> None:
    """The same by the key of the tenant, and with the tenant's column among those that are saved."""
    theirs = w.B.project
    theirs.tenant_id = w.A.tenant.pk
    with w.enter(w.A), w.refused():
        theirs.save(update_fields=["tenant"])


@probe(portable=True)
def giving_a_row_away(w: Any) -> None:
    """A tenant's own row cannot be given to another."""
    with w.enter(w.A), w.refused():
        row = w.Project.objects.get(pk=w.A.project_pk)
        row.tenant = w.B.tenant
        row.save()


@probe(portable=True)
def giving_a_row_away_by_one_column(w: Any) -> None:
    """A tenant's own row cannot be given to another by saving that column alone."""
    with w.enter(w.A), w.refused():
        row = w.Project.objects.get(pk=w.A.project_pk)
        row.tenant_id = w.B.tenant.pk
        row.save(update_fields=["tenant"])


@probe(portable=True)
def giving_a_row_away_by_the_other_side(w: Any) -> None:
    """A tenant's own row cannot be given to another by adding it to that one's rows."""
    for attack in (lambda rows, own: rows.add(own), lambda rows, own: rows.add(own, bulk=False)):
        with w.enter(w.A), w.refused():
            attack(w.B.tenant.project_set, w.Project.objects.get(pk=w.A.project_pk))


@probe(essential=True)
def giving_a_row_to_nobody_by_the_other_side(w: Any) -> None:
    """A tenant's own row cannot be taken from it where a row may belong to nobody."""
    from django.db import connection, transaction

    with w.enter(w.A):
        own = w.Template.objects.get(pk=w.A.template_pk)
        for attack in (lambda rows: rows.remove(own), lambda rows: rows.clear()):
            with w.refused():
                attack(w.A.tenant.template_set)
        # Django writes this one inside a block of its own, which is lost.
        with w.refused(), transaction.atomic(using=connection.alias):
            w.A.tenant.template_set.set([])
        assert w.Template.objects.count() == 1


@probe(portable=True)
def changed_primary_key(w: Any) -> None:
    """An own object whose primary key was changed to another tenant's does not reach that row."""
    with w.enter(w.A), w.kept_out():
        row = w.Project.objects.get(pk=w.A.project_pk)
        row.pk = w.B.project_pk
        row.name = "stolen"
        row.save()


@probe(portable=True)
def deferred_tenant(w: Any) -> None:
    """Another tenant's object that does not know its tenant is not saved."""
    with w.enter(w.B):
        theirs = w.Project.objects.only("name").get(pk=w.B.project_pk)
    theirs.name = "stolen"
    with w.enter(w.A), w.refused():
        theirs.save()


@probe(portable=True)
def copy_of_an_own_row(w: Any) -> None:
    """An own object without primary key becomes a new own row."""
    with w.enter(w.A):
        row = w.Project.objects.get(pk=w.A.project_pk)
        row.pk, row.name = None, "copy"
        row._state.adding = True
        row.save()
        assert w.Project.objects.count() == 3


@probe(portable=True)
def copy_of_a_row_of_a_stranger(w: Any) -> None:
    """Another tenant's object without primary key does not become a new row of that tenant."""
    theirs = w.B.project
    theirs.pk, theirs.name = None, "copy"
    theirs._state.adding = True
    with w.enter(w.A), w.refused():
        theirs.save()


@probe(portable=True)
def row_of_a_stranger_as_nobody(w: Any) -> None:
    """Nobody saves a tenant's object."""
    theirs = w.B.project
    theirs.name = "changed"
    with w.nobody(), w.refused():
        theirs.save()


@probe(portable=True)
def child_table_of_a_stranger(w: Any) -> None:
    """A one-to-one row of another tenant is not taken over by its primary key."""
    with w.enter(w.A), w.kept_out():
        w.Contract(pk=w.B.contract_pk, project_id=w.A.project2_pk, terms="stolen").save()


@probe(essential=True)
def with_a_save_method(w: Any) -> None:
    """The low-level save that fixtures use is guarded as well."""
    with w.enter(w.A), w.kept_out():
        w.Project(pk=w.B.project_pk, name="stolen").save_base(raw=True)


@probe(essential=True)
def transaction_stays_usable(w: Any) -> None:
    """What follows a refused object in the same transaction works."""
    with w.enter(w.A):
        with w.kept_out():
            w.Project(pk=w.B.project_pk, name="stolen").save()
        w.Project.objects.create(name="y")
        assert w.Project.objects.filter(name="y").exists()
