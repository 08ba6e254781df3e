"""Migrations: teaching leaves no trace in them, and historical models are plain."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection, migrations, models
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.state import ModelState, ProjectState
from django.db.migrations.writer import MigrationWriter
from django.db.models import ForeignKey, OneToOneField

from omnitenant_context.context import TenantContext
from omnitenant_models.rows import TenantKey, TenantQuerySetManager, VisibleTenantKey
from omnitenant_models.rows.base_manager import ScopedOptions
from probe.models import Project
from shapes.models import Booking, Gadget, OddKey, OpenManager, Preferences, Report, Step, Voucher

WRITTEN = {
    Project: (ForeignKey, "django.db.models.ForeignKey"),
    Preferences: (OneToOneField, "django.db.models.OneToOneField"),
    Gadget: (OddKey, "shapes.models.OddKey"),
    Booking: (VisibleTenantKey, "omnitenant_models.rows.keys.VisibleTenantKey"),
}


@pytest.mark.parametrize("model", WRITTEN, ids=lambda model: model.__name__)
class TestFields:
    """A migration describes the field that was written."""

    def test_the_description(self, model):
        """Path and arguments are those of the class that was written."""
        name, path, args, kwargs = model._meta.get_field("tenant").deconstruct()
        assert (name, path, list(args)) == ("tenant", WRITTEN[model][1], [])
        assert kwargs.keys() <= {"to", "on_delete", "primary_key", "serialize"}

    def test_the_state(self, model):
        """The state of a migration holds a field of the class that was written."""
        field = ModelState.from_model(model).fields["tenant"]
        assert type(field) is WRITTEN[model][0]

    def test_the_historical_model(self, model):
        """A historical model has a plain key, options and managers."""
        historical = ProjectState.from_apps(apps).apps.get_model(model._meta.label)
        field = historical._meta.get_field("tenant")
        assert type(field) is WRITTEN[model][0]
        assert not isinstance(field, TenantKey)
        assert not isinstance(historical._meta, ScopedOptions)
        assert type(historical._base_manager) is models.Manager


def test_what_the_project_wrote_is_kept():
    """``editable=False`` and a default that the project wrote are in the migration, ours is not."""
    kwargs = Voucher._meta.get_field("tenant").deconstruct()[3]
    assert (kwargs["editable"], kwargs["default"]) == (False, 1)
    assert "editable" not in Project._meta.get_field("tenant").deconstruct()[3]
    assert Project._meta.get_field("tenant").editable is False


def test_the_autodetector_sees_no_difference():
    """Comparing the models with themselves, and with their rendered history, finds nothing to change."""
    state = ProjectState.from_apps(apps)
    again = ProjectState.from_apps(state.apps)
    for left, right in ((state, ProjectState.from_apps(apps)), (state, again), (again, state)):
        assert MigrationAutodetector(left, right)._detect_changes() == {}


def test_written_files_name_what_was_written():
    """The text of a migration imports the project's own class and no part of the row scope."""
    state = ModelState.from_model(Gadget)
    operation = migrations.CreateModel("Gadget", list(state.fields.items()))
    text = MigrationWriter(type("M", (migrations.Migration,), {"operations": [operation]})("m", "shapes"))
    assert "shapes.models.OddKey(" in text.as_string()
    assert "omnitenant" not in text.as_string()


def test_a_manager_for_migrations_shows_every_row(acme, globex):
    """A manager with ``use_in_migrations`` is in the history, and filters by no tenant there."""
    for tenant in (acme, globex):
        with TenantContext.use_tenant(tenant):
            Step.objects.create(name="s")
    historical = ProjectState.from_apps(apps).apps.get_model("shapes.Step")
    assert isinstance(historical.open, OpenManager)
    assert isinstance(historical.open, TenantQuerySetManager)
    assert historical.open.count() == 2


@pytest.fixture
def migrated(settings, tmp_path, monkeypatch):
    """Give the two apps folders for migrations, and make the first ones."""
    for label in ("probe", "shapes"):
        folder = Path(tmp_path, f"{label}_history")
        folder.mkdir()
        (folder / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    settings.MIGRATION_MODULES = {"probe": "probe_history", "shapes": "shapes_history"}
    call_command("makemigrations", "probe", "shapes", verbosity=0)
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith(("probe_history", "shapes_history"))]:
        del sys.modules[name]


@pytest.mark.django_db
def test_makemigrations_finds_nothing_more(migrated):
    """After the first migrations ``makemigrations --check`` is content."""
    out = io.StringIO()
    call_command("makemigrations", "probe", "shapes", check=True, dry_run=True, stdout=out)
    assert "No changes detected" in out.getvalue()
    text = Path(migrated, "shapes_history", "0001_initial.py").read_text()
    assert "TenantKey" not in text.replace("VisibleTenantKey", "")
    assert "ScopedOptions" not in text
    keys = [line for line in text.splitlines() if "probe.tenant" in line]
    assert ["default=1" in line for line in keys if "editable" in line] == [True]


@pytest.mark.django_db(transaction=True)
def test_data_migrations_see_and_write_rows_of_all_tenants(acme, globex):
    """``RunPython`` works on every tenant's rows with nobody active, and writes any key."""
    for tenant in (acme, globex):
        with TenantContext.use_tenant(tenant):
            Project.objects.create(name=tenant.tenant_id)
    seen: list[Any] = []

    def forwards(history: Any, editor: Any) -> None:
        old = history.get_model("probe", "Project")
        seen.extend(old.objects.order_by("id").values_list("name", flat=True))
        old.objects.filter(name="acme").update(tenant_id=globex.pk)
        project = old.objects.create(name="new", tenant_id=acme.pk)
        project.name = "newer"
        project.save()
        history.get_model("shapes", "Report").objects.create(name="r", tenant_id=acme.pk)

    class Data(migrations.Migration):
        operations = [migrations.RunPython(forwards, migrations.RunPython.noop)]

    state = ProjectState.from_apps(apps)
    with connection.schema_editor() as editor:
        Data("0002_data", "probe").apply(state, editor)
    assert seen == ["acme", "globex"]
    with TenantContext.use_tenant(acme):
        assert Project.objects.get().name == "newer"
        assert Report.objects.get().name == "r"
    with TenantContext.use_tenant(globex):
        assert Project.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_tables_are_rebuilt_from_history():
    """SQLite rebuilds a table to alter it; the key's column keeps its constraint."""
    state = ProjectState.from_apps(apps)

    class Schema(migrations.Migration):
        operations = [
            migrations.AddField("project", "extra", models.CharField(max_length=9, default="x")),
            migrations.AlterField("project", "name", models.CharField(max_length=90)),
            migrations.RemoveField("project", "extra"),
            migrations.AlterField("project", "name", models.CharField(max_length=100)),
        ]

    with connection.schema_editor() as editor:
        Schema("0002_schema", "probe").apply(state, editor)
    with connection.cursor() as cursor:
        constraints = connection.introspection.get_constraints(cursor, "probe_project")
    assert ("probe_tenant", "id") in {each["foreign_key"] for each in constraints.values()}


def test_the_models_of_today_stay_taught_after_rendering():
    """Rendering the history, as post_migrate does, changes no model of today."""
    before = type(Project._meta.get_field("tenant")), Project._meta.tenant_leaf
    history = ProjectState.from_apps(apps).apps
    history.get_model("probe", "Project")
    apps.clear_cache()
    assert (type(Project._meta.get_field("tenant")), Project._meta.tenant_leaf) == before
