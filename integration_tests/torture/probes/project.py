"""What a project around the rows relies on: migrations, checks, factories."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import StringIO
from typing import Any

from django.db import models

from harness.register import topic

migrations = topic("migrations")
checks = topic("checks")
factories = topic("factories")


@migrations
def nothing_to_make(w: Any) -> None:
    """Migrations that were made from the models find nothing to change."""
    from django.core.management import call_command

    try:
        call_command("makemigrations", "--check", "--dry-run", "world", stdout=StringIO(), stderr=StringIO())
    except SystemExit:
        raise AssertionError("there is something to make") from None


@migrations
def no_trace_in_the_text(w: Any) -> None:
    """The text of a migration names the classes that the project wrote."""
    from importlib import import_module
    from pathlib import Path

    text = Path(import_module("world_migrations.0001_initial").__file__).read_text(encoding="utf-8")
    for word in ("TenantKey", "ScopedOptions", "GuardedReference", "TenantRow", "_base_manager", "_active_tenant"):
        assert not re.search(rf"\b{word}\b", text), f"{word} stands in the migration"
    keys = [line for line in text.splitlines() if line.strip().startswith("('tenant', ")]
    assert len(keys) > 20
    assert not [line for line in keys if "editable" in line or "default" in line], "the key is not as it was written"


HISTORICAL = {"plain": ("Project", 5), "with a manager of its own": ("User", 2), "with several managers": ("Step", 4)}


@migrations(needs="shared", cases=HISTORICAL)
def historical_models(w: Any, case: tuple[str, int]) -> None:
    """Historical models are plain: a data migration, which nobody runs, sees and writes rows of all tenants."""
    from django.db import connections
    from django.db.migrations.loader import MigrationLoader

    name, count = case
    with w.nobody():
        state = MigrationLoader(connections["default"]).project_state()
        history = state.apps.get_model("world", name)
        assert history._base_manager.count() == count
        assert type(history._meta.get_field("tenant")) is models.ForeignKey
        managers = [manager for manager in history._meta.managers if manager.name != "open"]
        assert [manager.count() for manager in managers] == [count] * len(managers)
        for side in (w.A, w.B):
            rows = history._base_manager.filter(pk__in=side.all(name))
            assert rows.update(tenant=side.tenant.pk) == len(side.all(name))


EXPECTED = {
    "plain second manager": ("omnitenant_models.W013", "Step"),
    "plain manager of a child": ("omnitenant_models.E013", "Memo"),
    "unique across tenants": ("omnitenant_models.W014", "Ledger"),
}


@checks(cases=EXPECTED)
def finds(w: Any, case: tuple[str, str]) -> None:
    """A system check names what the guards cannot close."""
    from django.core.checks import run_checks

    number, model = case
    found = {(message.id, getattr(message.obj, "__name__", "")) for message in run_checks()}
    assert (number, model) in found, sorted(each for each in found if each[0] and "omnitenant" in each[0])


@checks
def finds_shared_tables(w: Any) -> None:
    """A system check names the models without a key that tenants share, behind a relation included."""
    from django.core.checks import run_checks

    if "shared" not in w.features:
        return
    text = " ".join(message.msg for message in run_checks(databases=["default"]) if message.id.endswith("W015"))
    assert "world.Grade" in text, text
    assert "world.Project" not in text, text


@checks
def finds_references_without_a_constraint(w: Any) -> None:
    """A deployment check lists references that only Python guards, and not those that the database does."""
    from django.core.checks import run_checks

    found = {
        message.obj.__name__: message.msg
        for message in run_checks(include_deployment_checks=True)
        if message.id == "omnitenant_models.I018"
    }
    assert "'project'" in found["Task"], found
    assert "Shipment" not in found, found


def _factory_boy(w: Any) -> Any:
    import factory

    class TaskFactory(factory.django.DjangoModelFactory):
        class Meta:
            model = w.Task

        title = factory.Sequence(str)
        project = factory.SubFactory(
            type(
                "ProjectFactory",
                (factory.django.DjangoModelFactory,),
                {"Meta": type("Meta", (), {"model": w.Project}), "name": factory.Sequence(lambda n: f"made {n}")},
            )
        )

    return TaskFactory()


def _bakery(w: Any) -> Any:
    from model_bakery import baker

    return baker.make(w.Task)


MAKERS: dict[str, Callable[[Any], Any]] = {"factory_boy": _factory_boy, "model_bakery": _bakery}


@factories(essential=True, cases=MAKERS)
def own_rows(w: Any, make: Callable[[Any], Any]) -> None:
    """Factories leave the tenant alone and make own rows, related ones included."""
    with w.enter(w.A):
        task = make(w)
        assert task.tenant_id == w.A.tenant.pk
        assert task.project.tenant_id == w.A.tenant.pk
        assert w.Tenant.objects.count() == 2 if "shared" in w.features else True


@factories(essential=True, cases=MAKERS)
def nobody(w: Any, make: Callable[[Any], Any]) -> None:
    """Factories make nothing with nobody active."""
    with w.nobody(), w.refused():
        make(w)
