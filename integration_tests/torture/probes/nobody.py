"""With nobody active, and unscoped."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.register import topic
from harness.tools import only, pks

probe = topic("nobody")
unscoped = topic("unscoped")

READS: dict[str, Callable[[Any], Any]] = {
    "all": lambda w: list(w.Project.objects.all()),
    "get": lambda w: w.Project.objects.get(pk=w.B.project_pk),
    "first": lambda w: w.Project.objects.first(),
    "exists": lambda w: w.Project.objects.exists(),
    "values": lambda w: list(w.Project.objects.values()),
    "in_bulk": lambda w: w.Project.objects.in_bulk([w.B.project_pk]),
    "iterator": lambda w: list(w.Project.objects.iterator()),
    "base manager": lambda w: list(w.Project._base_manager.all()),
    "relation": lambda w: list(w.Country.objects.get(pk=1).projects.all()),
    "many-to-many": lambda w: list(w.Country.objects.get(pk=1).sellers.all()),
    "foreign key": lambda w: w.Task(project_id=w.B.project_pk).project,
    "the tenant's rows": lambda w: list(w.B.tenant.project_set.all()),
}


@probe(portable=True, cases=READS)
def read(w: Any, ask: Callable[[Any], Any]) -> None:
    """Nobody reads rows of tenants."""
    with w.nobody():
        w.nothing_seen(lambda: ask(w))


WRITES: dict[str, Callable[[Any], Any]] = {
    "create": lambda w: w.Tag.objects.create(name="x"),
    "create for a tenant": lambda w: w.Tag.objects.create(name="x", tenant=w.B.tenant),
    "get_or_create": lambda w: w.Tag.objects.get_or_create(name="x", tenant=w.B.tenant),
    "update_or_create": lambda w: w.Tag.objects.update_or_create(name="x", tenant=w.B.tenant),
    "bulk_create": lambda w: w.Tag.objects.bulk_create([w.Tag(name="x", tenant=w.B.tenant)]),
    "update": lambda w: w.Tag.objects.update(name="x"),
    "delete": lambda w: w.Tag.objects.all().delete(),
    "add": lambda w: w.Project(pk=w.B.project_pk).tags.add(w.B.tag2_pk),
    "clear": lambda w: w.Project(pk=w.B.project_pk).tags.clear(),
}


@probe(portable=True, cases=WRITES)
def write(w: Any, attack: Callable[[Any], Any]) -> None:
    """Nobody writes rows of tenants."""
    with w.nobody(), w.refused():
        attack(w)


@probe(essential=True)
def explanation(w: Any) -> None:
    """Nobody has a question about rows of tenants explained."""
    with w.nobody(), w.refused():
        w.Project.objects.filter(budget__gt=1).explain()


@probe(essential=True)
def model_without_a_key(w: Any) -> None:
    """Nobody reads rows that stand with the tenants, though they name none."""
    with w.nobody(), w.refused():
        w.Grade.objects.count()


BY_ALIAS: dict[str, Callable[[Any], Any]] = {
    "model": lambda w: w.Project.objects.using("default"),
    "child": lambda w: w.Appendix.objects.using("default"),
    "through table": lambda w: w.Project.tags.through.objects.using("default"),
    "raw": lambda w: w.Project.objects.raw("SELECT * FROM world_project", using="default"),
    "raw links": lambda w: w.Project.tags.through.objects.raw("SELECT * FROM world_project_tags", using="default"),
    "join": lambda w: w.Country.objects.using("default").filter(projects__budget__gt=0),
    "base manager": lambda w: w.Project._base_manager.using("default"),
}


@probe(needs="shared", cases=BY_ALIAS)
def explicit_database(w: Any, ask: Callable[[Any], Any]) -> None:
    """Nobody reads rows of tenants by naming the database, past the router."""
    with w.nobody(), w.refused():
        list(ask(w))


@probe(needs="shared")
def write_with_an_explicit_database(w: Any) -> None:
    """Nobody writes rows of tenants by naming the database, past the router."""
    with w.nobody():
        for attack in (
            lambda: w.Tag(name="x", tenant=w.B.tenant).save(using="default"),
            lambda: w.Tag.objects.using("default").update(name="x"),
            lambda: w.Tag.objects.using("default").bulk_create([w.Tag(name="x", tenant=w.B.tenant)]),
            lambda: w.Tag.objects.using("default").delete(),
        ):
            with w.refused():
                attack()


@probe(essential=True)
def message(w: Any) -> None:
    """The refusal says which model, and both ways on."""
    with w.nobody():
        try:
            list(w.Project.objects.all())
        except w.dialect.refusals as error:
            for word in ("world.Project", "use_tenant"):
                assert word in str(error), f"{word!r} is not in {str(error)!r}"
        else:
            raise AssertionError("it was not refused")


@probe(essential=True)
def master(w: Any) -> None:
    """In the master no tenant's rows are seen through a tenant's manager."""
    from omnitenant_context.context import TenantContext

    with TenantContext.use_master_db(), w.refused():
        list(w.Project.objects.all())


@probe(essential=True)
def block_that_raises(w: Any) -> None:
    """A block that raises leaves nobody behind."""
    try:
        with w.enter(w.B):
            raise LookupError
    except LookupError:
        pass
    with w.refused():
        list(w.Project.objects.all())


@unscoped(needs="shared", portable=True)
def all_tenants(w: Any) -> None:
    """Unscoped code sees the rows of all tenants."""
    with w.unscoped():
        only(pks(w.Project.objects.all()), w.A.all("Project") | w.B.all("Project"))


@unscoped(needs="shared")
def writes_for_a_tenant(w: Any) -> None:
    """Unscoped code writes rows for the tenant that it names."""
    with w.unscoped():
        made = w.Project.objects.create(name="x", tenant=w.A.tenant)
        w.Project.objects.filter(pk=made.pk).update(tenant=w.A.tenant, budget=3)
    with w.enter(w.A):
        assert w.Project.objects.get(pk=made.pk).budget == 3


@unscoped(needs="shared")
def names_no_tenant(w: Any) -> None:
    """Unscoped code that names no tenant is refused."""
    with w.unscoped(), w.refused():
        w.Project.objects.create(name="x")


@unscoped(needs="shared")
def inside_a_tenant(w: Any) -> None:
    """An unscoped block inside a tenant ends with it."""
    with w.enter(w.A):
        with w.unscoped():
            assert w.Project.objects.count() == 5
        only(pks(w.Project.objects.all()), w.A.all("Project"))


@unscoped(essential=True)
def tenant_inside(w: Any) -> None:
    """A tenant inside an unscoped block sees its own rows."""
    with w.unscoped(), w.enter(w.A):
        only(pks(w.Project.objects.all()), w.A.all("Project"))


@unscoped(needs="shared")
def links(w: Any) -> None:
    """Unscoped code sees all links."""
    with w.unscoped():
        assert w.Project.tags.through.objects.count() == 3


@unscoped(needs="shared")
def deletes_a_global_row(w: Any) -> None:
    """Unscoped code that deletes what rows of tenants need is told of all of them."""
    from django.db.models import ProtectedError

    with w.unscoped():
        try:
            w.Country.objects.get(pk=1).delete()
        except ProtectedError as error:
            assert len(error.protected_objects) == 4, error.protected_objects
        else:
            raise AssertionError("it was not protected")


@unscoped(needs="shared")
def crossing(w: Any) -> None:
    """Unscoped code cannot be stopped from crossing in Python, but what it crosses shows nothing to a tenant."""
    with w.unscoped():
        crossing = w.Task.objects.create(title="x", tenant=w.A.tenant, project=w.B.project)
    with w.enter(w.A), w.missing():
        w.Task.objects.get(pk=crossing.pk).project  # noqa: B018 - asked for the attack
    with w.unscoped():
        crossing.delete()
