"""Managers of the project's own, proxies, keys of other kinds."""

from __future__ import annotations

from typing import Any

from harness.register import topic
from harness.tools import no_secret, only, pks

managers = topic("manager")


@managers(essential=True)
def own_managers(w: Any) -> None:
    """Managers of the project's own, and methods of its querysets, show own rows."""
    with w.enter(w.A):
        only(pks(w.Step.open.all()), {w.A.step_pk})
        only(pks(w.Step.objects.finished()), {w.A.step2_pk})
        only(pks(w.Step.objects.filter(pk__gt=0).finished()), {w.A.step2_pk})


@managers(essential=True)
def save_of_a_row_that_the_default_manager_hides(w: Any) -> None:
    """A row that the project's default manager hides is saved all the same."""
    with w.enter(w.A):
        row = w.Step.objects.get(pk=w.A.step2_pk)
        row.name = "changed"
        row.save()
        row.refresh_from_db()
        assert w.Step.objects.get(pk=w.A.step2_pk).name == "changed"


@managers(essential=True)
def manager_as_queryset(w: Any) -> None:
    """The methods of a queryset follow the tenant when they are called on the manager."""
    with w.enter(w.B):
        finished = w.Step.objects.finished()
    with w.enter(w.A):
        only(pks(finished), {w.A.step2_pk})


@managers(essential=True)
def related_manager_has_the_methods(w: Any) -> None:
    """A related manager has the project's methods and shows own rows."""
    with w.enter(w.A):
        only(pks(w.A.tenant.step_set(manager="objects").finished()), {w.A.step2_pk})


QUERYSETS: dict[str, Any] = {
    "kept rows": lambda w, rows: only(pks(rows), w.A.all("Step")),
    "raw": lambda w, rows: [row.name for row in rows.raw("SELECT * FROM world_step")],
    "upsert": lambda w, rows: w.Step.objects.bulk_create(
        [w.Step(pk=w.B.step_pk, name="stolen")],
        update_conflicts=True,
        update_fields=["name"],
        unique_fields=["id"],
    ),
    "giving away": lambda w, rows: rows.all().update(tenant=w.B.tenant),
}


@managers(needs="shared", cases=QUERYSETS)
def guards_of_a_queryset_class_of_the_projects(w: Any, attack: Any) -> None:
    """A queryset class of the project's own has all the guards."""
    with w.enter(w.B):
        rows = w.Step.objects.all()
        list(rows)
    with w.enter(w.A), w.refused():
        attack(w, rows)
        if w.Step.objects.filter(name="stolen").exists() or w.Step.objects.count() != 2:
            raise AssertionError("it had an effect")
        w.held()


@managers(essential=True)
def manager_from_a_queryset(w: Any) -> None:
    """A manager that comes from a queryset shows own rows, and so do its methods."""
    with w.enter(w.B):
        urgent = w.Duty.objects.urgent()
        list(urgent)
    with w.enter(w.A):
        only(pks(w.Duty.objects.all()), {w.A.duty_pk})
        only(pks(urgent), {w.A.duty_pk})
        only(pks(w.Duty.objects.urgent().filter(pk__gt=0)), {w.A.duty_pk})


@managers(essential=True)
def proxy(w: Any) -> None:
    """A proxy shows, saves and deletes own rows only."""
    theirs = w.B.project
    theirs.__class__ = w.ProjectView
    with w.enter(w.A):
        only(pks(w.ProjectView.objects.all()), w.A.all("Project"))
        with w.refused():
            theirs.save()
        with w.refused():
            theirs.delete()
        assert w.ProjectView.objects.create(name="x").tenant_id == w.A.tenant.pk


@managers(essential=True)
def composite_primary_key(w: Any) -> None:
    """A primary key with the tenant in it finds own rows only."""
    with w.enter(w.A):
        only(pks(w.Ticket.objects.all()), {(w.A.tenant.pk, 1)})
        assert not w.Ticket.objects.filter(pk=(w.B.tenant.pk, 1)).exists()
        assert not w.Ticket.objects.filter(pk__in=[(w.B.tenant.pk, 1)]).exists()
        with w.missing():
            w.Ticket.objects.get(pk=(w.B.tenant.pk, 1))


@managers(essential=True)
def forged_composite_primary_key(w: Any) -> None:
    """A forged primary key with another tenant in it reaches no row."""
    with w.enter(w.A):
        with w.kept_out():
            w.Ticket(tenant=w.B.tenant, number=1, name="stolen").save()
        with w.kept_out():
            w.Ticket(pk=(w.B.tenant.pk, 1), name="stolen").save()
        with w.kept_out():
            w.Ticket(pk=(w.B.tenant.pk, 1)).delete()


@managers(essential=True)
def one_row_per_tenant(w: Any) -> None:
    """A tenant's only row is reached from the tenant, and another's is not."""
    with w.enter(w.A):
        assert w.A.tenant.preferences.name == "harmless"
        with w.missing():
            no_secret(w, w.Tenant(pk=w.B.tenant.pk).preferences.name)
        with w.kept_out():
            w.Preferences(tenant=w.B.tenant, name="stolen").save()
        with w.kept_out():
            w.Preferences(pk=w.B.tenant.pk).delete()


@managers(needs="shared")
def rows_that_belong_to_no_tenant(w: Any) -> None:
    """Rows of nobody's in a model of tenants are seen and changed by no tenant."""
    with w.unscoped():
        orphan = w.Template.objects.create(name="orphan", tenant=None)
    with w.enter(w.A):
        only(pks(w.Template.objects.all()), {w.A.template_pk})
        orphan.name = "taken"
        with w.refused():
            orphan.save()
        with w.refused():
            orphan.delete()
    with w.unscoped():
        assert w.Template.objects.get(pk=orphan.pk).name == "orphan"


@managers(essential=True)
def own_row_without_its_tenant(w: Any) -> None:
    """An own row whose tenant was not loaded is saved and deleted."""
    with w.enter(w.A):
        for rows in (w.Tag.objects.defer("tenant"), w.Tag.objects.only("name")):
            row = rows.get(pk=w.A.tag_pk)
            row.name = "changed"
            row.save()
        row.delete()
        only(pks(w.Tag.objects.all()), {w.A.tag2_pk})


@managers(essential=True)
def tenant_of_an_own_row(w: Any) -> None:
    """An own row leads to its tenant, in one statement or in two, in every place."""
    with w.enter(w.A):
        assert w.Project.objects.get(pk=w.A.project_pk).tenant == w.A.tenant
        assert w.Project.objects.select_related("tenant").get(pk=w.A.project_pk).tenant.tenant_id == "a"
        only(w.Project.objects.values_list("tenant__tenant_id", flat=True).distinct(), ["a"])
