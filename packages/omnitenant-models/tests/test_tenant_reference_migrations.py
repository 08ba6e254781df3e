"""``TenantReference`` in migrations: forwards, backwards, and through every change of what it stands on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import (
    IntegrityError,
    InternalError,
    NotSupportedError,
    OperationalError,
    connection,
    migrations,
    models,
    transaction,
)
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.graph import MigrationGraph
from django.db.migrations.operations.base import Operation
from django.db.migrations.questioner import MigrationQuestioner
from django.db.migrations.state import ModelState, ProjectState
from django.db.migrations.writer import MigrationWriter
from django.db.models import CASCADE, SET_NULL, BigAutoField, ForeignKey, UniqueConstraint
from django.test.utils import isolate_apps

from omnitenant_models.models import TenantQuerySetManager, TenantReference
from omnitenant_models.rows._reference_sql import AddReference
from probe.models import Tenant

pytestmark = pytest.mark.django_db(transaction=True)

Columns = tuple[str, ...]
Reference = tuple[Columns, str, Columns]

UNIQUE = UniqueConstraint(fields=["tenant", "id"], name="history_unique")
PLAN = TenantReference("plan", tenant="tenant", name="history_reference")


def references(table: str) -> set[Reference]:
    """Return the composite foreign keys of a table, as the database knows them."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(f'PRAGMA foreign_key_list("{table}")')
            rows = [(row[0], row[2], row[3], row[4]) for row in cursor.fetchall()]
        else:
            cursor.execute(
                "SELECT c.conname, c.confrelid::regclass::text, a.attname, b.attname FROM pg_constraint c "
                "CROSS JOIN LATERAL unnest(c.conkey, c.confkey) WITH ORDINALITY AS k (mine, yours, n) "
                "JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.mine "
                "JOIN pg_attribute b ON b.attrelid = c.confrelid AND b.attnum = k.yours "
                "WHERE c.contype = 'f' AND c.conrelid = %s::regclass ORDER BY c.conname, k.n",
                [table],
            )
            rows = cursor.fetchall()
    found: dict[Any, tuple[str, list[str], list[str]]] = {}
    for key, target, column, to_column in rows:
        _, columns, to_columns = found.setdefault(key, (target, [], []))
        columns.append(column)
        to_columns.append(to_column)
    return {(tuple(mine), target, tuple(yours)) for target, mine, yours in found.values() if len(mine) > 1}


HELD: set[Reference] = {(("plan_id", "tenant_id"), "history_plan", ("id", "tenant_id"))}


@contextmanager
def schema_editor() -> Iterator[Any]:
    """Give a schema editor that rolls back: where its last check fails, SQLite's leaves the transaction open."""
    editor: Any = connection.schema_editor()
    try:
        with editor:
            yield editor
    except BaseException as error:
        if connection.in_atomic_block:
            BaseDatabaseSchemaEditor.__exit__(editor, type(error), error, None)
            connection.enable_constraint_checking()
        raise


class History:
    """The migrations of an app, applied one after the other."""

    def __init__(self) -> None:
        self.state = ProjectState()
        self.state.add_model(ModelState.from_model(Tenant))
        self.applied: list[tuple[migrations.Migration, ProjectState]] = []

    def apply(self, *operations: Operation) -> None:
        """Apply a migration of these operations."""
        before = self.state.clone()
        migration = migrations.Migration(f"{len(self.applied):04}", "history")
        migration.operations = list(operations)
        with schema_editor() as editor:
            after = migration.apply(before.clone(), editor)
        self.state = after
        self.applied.append((migration, before))

    def undo(self) -> None:
        """Take the last one back."""
        migration, before = self.applied.pop()
        with schema_editor() as editor:
            migration.unapply(before.clone(), editor)
        self.state = before

    def in_right_order(self) -> None:
        """Edit the last migration: backwards, PostgreSQL lets go of what is unique only after what needs it."""
        operations = self.applied[-1][0].operations
        operations.sort(key=lambda each: isinstance(getattr(each, "constraint", None), TenantReference))

    def model(self, name: str) -> Any:
        """Return a historical model."""
        return self.state.apps.get_model("history", name)


@pytest.fixture
def history() -> Iterator[History]:
    """Give an app without migrations, and take back what it did."""
    made = History()
    yield made
    while made.applied:
        made.undo()
    assert not [name for name in connection.introspection.table_names() if name.startswith("history")]


def plan(*fields: tuple[str, models.Field], constraints: Any = (UNIQUE,)) -> migrations.CreateModel:
    """Create what is referred to."""
    tenant = ForeignKey("probe.Tenant", CASCADE, related_name="+")
    own = [("id", models.AutoField(primary_key=True)), ("tenant", tenant), ("name", models.CharField(max_length=9))]
    return migrations.CreateModel("Plan", [*own, *fields], {"constraints": [*constraints]})


def job(*fields: tuple[str, models.Field], constraints: Any = (PLAN,), **of_plan: Any) -> migrations.CreateModel:
    """Create what refers to it."""
    tenant = ForeignKey("probe.Tenant", CASCADE, related_name="+")
    to_plan = ForeignKey("history.Plan", **{"on_delete": CASCADE, "null": True, "related_name": "+", **of_plan})
    own = [("id", BigAutoField(primary_key=True)), ("tenant", tenant), ("plan", to_plan)]
    return migrations.CreateModel("Job", [*own, *fields], {"constraints": [*constraints]})


def holds(history: History, column: str = "plan_id", key: str = "tenant_id", name: str = "Job") -> bool:
    """Tell whether the database refuses a reference to a stranger, and takes one's own."""
    tenants = [Tenant.objects.create(tenant_id=f"t{n}", name="t") for n in range(2)]
    try:
        rows = history.model(name)
        target = rows._meta.get_field(column.removesuffix("_id")).remote_field.model
        target_key = next(each.name for each in target._meta.fields if each.related_model and each.name != "parent")
        mine, theirs = (target.objects.create(**{f"{target_key}_id": each.pk, "name": "p"}) for each in tenants)
        rows.objects.create(**{key: tenants[0].pk, column: mine.pk})
        try:
            with transaction.atomic():
                rows.objects.create(**{key: tenants[0].pk, column: theirs.pk})
        except IntegrityError:
            return True
        return False
    finally:
        rows.objects.all().delete()
        target.objects.all().delete()
        for tenant in tenants:
            Tenant._base_manager.filter(pk=tenant.pk)._raw_delete(connection.alias)


class TestForwardsAndBackwards:
    """It comes with its table, or later, and goes again."""

    def test_with_its_table(self, history):
        """In one migration with what it refers to."""
        history.apply(plan(), job())
        assert references("history_job") == HELD
        assert holds(history)

    def test_later(self, history):
        """Both lines are added to tables with rows, the reference first, as ``makemigrations`` may sort them."""
        history.apply(plan(constraints=[]), job(constraints=[]))
        history.apply(migrations.AddConstraint("Job", PLAN), migrations.AddConstraint("Plan", UNIQUE))
        assert references("history_job") == HELD
        assert holds(history)
        history.in_right_order()
        history.undo()
        assert references("history_job") == set()

    def test_removed_and_back(self, history):
        """Removing it leaves Django's own foreign key; undoing that brings it back."""
        history.apply(plan(), job())
        history.apply(migrations.RemoveConstraint("Job", PLAN.name))
        assert references("history_job") == set()
        assert not holds(history)
        history.undo()
        assert references("history_job") == HELD

    def test_added_and_removed_in_one_migration(self, history):
        """As a squashed migration may do that was not optimised."""
        history.apply(
            plan(),
            job(constraints=[]),
            migrations.AddConstraint("Job", PLAN),
            migrations.RemoveConstraint("Job", PLAN.name),
        )
        assert references("history_job") == set()

    def test_a_model_that_is_deleted_again(self, history):
        """In the same migration."""
        history.apply(plan(), job(), migrations.DeleteModel("Job"))
        assert "history_job" not in connection.introspection.table_names()

    def test_together_with_rows_that_are_mended(self, history):
        """One migration may write rows and add the constraint that they then keep."""
        history.apply(plan(), job(constraints=[]))
        tenant = Tenant.objects.create(tenant_id="t", name="t")

        def write(apps: Any, editor: Any) -> None:
            target = apps.get_model("history", "Plan").objects.create(tenant_id=tenant.pk, name="p")
            apps.get_model("history", "Job").objects.create(tenant_id=tenant.pk, plan=target)

        def clean(apps: Any, editor: Any) -> None:
            for name in ("Job", "Plan"):
                apps.get_model("history", name).objects.all().delete()

        history.apply(migrations.RunPython(write, migrations.RunPython.noop), migrations.AddConstraint("Job", PLAN))
        assert references("history_job") == HELD
        history.apply(migrations.RunPython(clean, migrations.RunPython.noop))

    def test_rows_that_break_it(self, history):
        """The migration fails, and nothing of it remains."""
        history.apply(plan(), job(constraints=[]))
        tenants = [Tenant.objects.create(tenant_id=f"t{n}", name="t") for n in range(2)]
        theirs = history.model("Plan").objects.create(tenant_id=tenants[1].pk, name="p")
        history.model("Job").objects.create(tenant_id=tenants[0].pk, plan_id=theirs.pk)
        with pytest.raises(IntegrityError):
            history.apply(migrations.AddConstraint("Job", PLAN))
        assert references("history_job") == set()
        history.model("Job").objects.all().delete()


class TestChanges:
    """Whatever changes around it, it still holds."""

    @pytest.fixture(autouse=True)
    def _start(self, history: History) -> None:
        history.apply(plan(), job())

    def test_fields_come_and_go(self, history):
        """SQLite makes the tables anew for that."""
        history.apply(
            migrations.AddField("Job", "size", models.IntegerField(default=1)),
            migrations.AddField("Plan", "size", models.IntegerField(default=1)),
            migrations.AlterField("Job", "plan", ForeignKey("history.Plan", SET_NULL, null=True, db_index=False)),
            migrations.AlterField("Plan", "name", models.CharField(max_length=20)),
        )
        history.apply(migrations.RemoveField("Job", "size"), migrations.RemoveField("Plan", "size"))
        assert references("history_job") == HELD
        assert holds(history)

    def test_another_type_of_the_primary_key(self, history):
        """What refers to it changes with it."""
        history.apply(migrations.AlterField("Plan", "id", BigAutoField(primary_key=True)))
        assert references("history_job") == HELD
        assert holds(history)

    def test_tables_are_renamed(self, history):
        """Both models get other names, and tables."""
        history.apply(migrations.RenameModel("Plan", "Scheme"), migrations.RenameModel("Job", "Task"))
        history.apply(migrations.AlterModelTable("Scheme", "history odd"), migrations.AlterModelTable("Task", None))
        [(columns, target, to_columns)] = references("history_task")
        assert (columns, target.strip('"'), to_columns) == (
            ("plan_id", "tenant_id"),
            "history odd",
            ("id", "tenant_id"),
        )
        assert holds(history, name="Task")

    def test_the_primary_key_is_renamed(self, history):
        """The target's column gets another name."""
        history.apply(migrations.AlterField("Plan", "id", models.AutoField(primary_key=True, db_column="number")))
        assert references("history_job") == {(("plan_id", "tenant_id"), "history_plan", ("number", "tenant_id"))}
        assert holds(history)

    def test_the_reference_is_renamed(self, history):
        """As ``makemigrations`` writes it: without the constraint, rename, and again with it."""
        other = TenantReference("scheme", tenant="tenant", name="other")
        history.apply(
            migrations.RemoveConstraint("Job", PLAN.name),
            migrations.RenameField("Job", "plan", "scheme"),
            migrations.AddConstraint("Job", other),
        )
        assert references("history_job") == {(("scheme_id", "tenant_id"), "history_plan", ("id", "tenant_id"))}
        assert holds(history, "scheme_id")

    def test_the_tenant_key_is_renamed(self, history):
        """So with the key beside it."""
        other = TenantReference("plan", tenant="owner", name=PLAN.name)
        history.apply(
            migrations.RemoveConstraint("Job", PLAN.name),
            migrations.RenameField("Job", "tenant", "owner"),
            migrations.AddConstraint("Job", other),
        )
        assert references("history_job") == {(("plan_id", "owner_id"), "history_plan", ("id", "tenant_id"))}
        assert holds(history, key="owner_id")

    def test_the_tenant_key_of_the_target_is_renamed(self, history):
        """Its constraints change with it, so it is done without the reference."""
        rename = migrations.RenameField("Plan", "tenant", "owner")
        other = UniqueConstraint(fields=["owner", "id"], name="other")
        around = [migrations.RemoveConstraint("Plan", UNIQUE.name), rename, migrations.AddConstraint("Plan", other)]
        with pytest.raises((OperationalError, InternalError)):
            history.apply(*around)
        history.apply(
            migrations.RemoveConstraint("Job", PLAN.name),
            *around,
            migrations.AddConstraint("Job", PLAN),
        )
        assert references("history_job") == {(("plan_id", "tenant_id"), "history_plan", ("id", "owner_id"))}
        assert holds(history)

    def test_what_is_unique_is_not_taken_away(self, history):
        """Neither database lets go of it while a reference needs it."""
        with pytest.raises((OperationalError, InternalError)):
            history.apply(migrations.RemoveConstraint("Plan", UNIQUE.name))
        assert holds(history)

    def test_the_tenant_model_is_renamed(self, history):
        """Old migrations still find the key, whatever the settings name today."""
        state = ProjectState()
        state.add_model(ModelState.from_model(Tenant))
        state.rename_model("probe", "Tenant", "Customer")
        for operation in (plan(), job()):
            for _, field in operation.fields:
                if field.remote_field and field.remote_field.model == "probe.Tenant":
                    field.remote_field.model = "probe.Customer"
            operation.state_forwards("history", state)
        editor = connection.schema_editor(collect_sql=True)
        editor.deferred_sql = []
        model = state.apps.get_model("history", "Job")
        PLAN.constraint_sql(model, editor)
        with pytest.raises(ImproperlyConfigured, match="history.Job has no foreign key to the tenant; add one"):
            TenantReference("plan", name="x").constraint_sql(model, editor)


class TestOneMigration:
    """Operations that follow it in the same migration, as in squashed ones."""

    def test_everything_at_once(self, history):
        """Added, then tables and columns are renamed, and more fields come."""
        history.apply(
            plan(constraints=[]),
            job(constraints=[]),
            migrations.AddConstraint("Job", PLAN),
            migrations.AddConstraint("Plan", UNIQUE),
            migrations.RenameModel("Plan", "Scheme"),
            migrations.RenameModel("Job", "Task"),
            migrations.AddField("Task", "size", models.IntegerField(default=1)),
            migrations.AlterField("Scheme", "id", models.AutoField(primary_key=True, db_column="number")),
        )
        operations = history.applied[-1][0].operations
        operations[2], operations[3] = operations[3], operations[2]  # as in_right_order() has it
        assert references("history_task") == {(("plan_id", "tenant_id"), "history_scheme", ("number", "tenant_id"))}
        assert holds(history, name="Task")

    def test_a_column_with_a_default_of_the_database(self, history):
        """Such a table is made with parameters, and its constraints come later."""
        history.apply(plan(), job(("size", models.IntegerField(db_default=1))))
        assert references("history_job") == HELD

    def test_unique_together_dropped_beside_it(self, history):
        """Dropping an index on the same columns leaves the reference."""
        history.apply(
            plan(),
            job(),
            migrations.AlterUniqueTogether("Job", {("plan", "tenant")}),
            migrations.AlterUniqueTogether("Job", set()),
        )
        assert references("history_job") == HELD

    def test_a_row_of_its_own_kind(self, history):
        """A reference to the very table that is being made."""
        constraints = [UNIQUE, TenantReference("parent", tenant="tenant", name="own")]
        parent = ForeignKey("self", CASCADE, null=True, related_name="+")
        history.apply(plan(("parent", parent), constraints=constraints))
        history.apply(migrations.AddField("Plan", "size", models.IntegerField(default=1)))
        assert references("history_plan") == {(("parent_id", "tenant_id"), "history_plan", ("id", "tenant_id"))}
        assert holds(history, "parent_id", name="Plan")

    def test_in_a_circle(self, history):
        """Two tables that refer to each other."""
        history.apply(
            plan(),
            job(constraints=[PLAN, UniqueConstraint(fields=["id", "tenant"], name="job_unique")]),
            migrations.AddField("Plan", "job", ForeignKey("history.Job", SET_NULL, null=True, related_name="+")),
            migrations.AddConstraint("Plan", TenantReference("job", tenant="tenant", name="back")),
        )
        assert references("history_plan") == {(("job_id", "tenant_id"), "history_job", ("id", "tenant_id"))}
        assert references("history_job") == HELD
        history.model("Plan").objects.all().delete()


ON_DELETE = {
    name: getattr(models, name)
    for name in ("CASCADE", "SET_NULL", "DB_CASCADE", "DB_SET_NULL", "DB_SET_DEFAULT")
    if hasattr(models, name)  # those of the database came with Django 6.1
}


@pytest.mark.parametrize("name", ON_DELETE)
def test_what_deleting_does_stays_what_it_is(history, name):
    """The field's ``on_delete`` does its work, in Python or in the database, and touches the reference alone."""
    default = {"db_default": None} if name == "DB_SET_DEFAULT" else {}
    history.apply(plan(), job(on_delete=ON_DELETE[name], **default))
    tenant = Tenant.objects.create(tenant_id="t", name="t")
    target = history.model("Plan").objects.create(tenant_id=tenant.pk, name="p")
    row = history.model("Job").objects.create(tenant_id=tenant.pk, plan=target)
    target.delete()
    found = list(history.model("Job").objects.values_list("id", "tenant_id", "plan_id"))
    assert found == ([] if "CASCADE" in name else [(row.pk, tenant.pk, None)])
    history.model("Job").objects.all().delete()


class TestRefusals:
    """What cannot be made says why."""

    def test_without_unique(self, history):
        """PostgreSQL is asked before it fails; SQLite itself names both tables."""
        history.apply(plan(constraints=[]), job(constraints=[]))
        error: Any = (ImproperlyConfigured, OperationalError)
        with pytest.raises(error) as caught:
            history.apply(migrations.AddConstraint("Job", PLAN))
        said = str(caught.value)
        if connection.vendor == "postgresql":
            assert "history.Job: TenantReference('plan') needs history.Plan to be unique with its tenant" in said
            assert "models.UniqueConstraint(fields=['tenant', 'id'], name='history_plan_tenant_id')" in said
        else:
            assert said == 'foreign key mismatch - "history_job" referencing "history_plan"'
        assert references("history_job") == set()

    def test_a_field_that_is_gone(self, history):
        """A migration that was written by hand and forgot the constraint is told which field is missing."""
        history.apply(plan(), job())
        wrong = TenantReference("scheme", name="x")
        with pytest.raises(ImproperlyConfigured, match="history.Job has no field 'scheme'; name one of its foreign"):
            wrong.constraint_sql(history.model("Job"), connection.schema_editor(collect_sql=True))

    def test_other_databases(self, history, monkeypatch):
        """Nothing is made where nobody has tried it."""
        history.apply(plan(), job())
        monkeypatch.setattr(connection, "vendor", "mysql")
        editor = connection.schema_editor(collect_sql=True)
        for make in (PLAN.constraint_sql, PLAN.create_sql):
            with pytest.raises(NotSupportedError, match=r"history.Job: TenantReference\('plan'\) works on SQLite and"):
                make(history.model("Job"), editor)


class TestDetection:
    """``makemigrations`` finds what changed, once."""

    def states(self, declare: Callable[[bool], list[Any]]) -> list[ProjectState]:
        """Return the states of nothing, of the models without the constraints, and of those with them."""
        made = [ProjectState()]
        made[0].add_model(ModelState.from_model(Tenant))
        for constrained in (False, True):
            with isolate_apps("linked"):
                state = made[0].clone()
                for model in declare(constrained):
                    state.add_model(ModelState.from_model(model))
            made.append(state)
        return made

    def declare(self, constrained: bool) -> list[Any]:
        """Make two models; the one that refers comes first in the alphabet."""

        class Project(models.Model):
            tenant = ForeignKey(Tenant, CASCADE, related_name="+")
            name = models.CharField(max_length=9, default="")
            objects = TenantQuerySetManager()

            class Meta:
                app_label = "history"
                constraints = [UNIQUE] if constrained else []

        class Comment(models.Model):
            tenant = ForeignKey(Tenant, CASCADE, related_name="+")
            project = ForeignKey(Project, CASCADE, related_name="+")
            objects = TenantQuerySetManager()

            class Meta:
                app_label = "history"
                constraints = [TenantReference("project")] if constrained else []

        return [Project, Comment]

    def changes(self, before: ProjectState, after: ProjectState) -> list[Any]:
        """Return the operations that lead from one state to another."""
        # Copies, because it takes the states apart.
        questioner = MigrationQuestioner(defaults={"ask_initial": True})
        found = MigrationAutodetector(before.clone(), after.clone(), questioner).changes(graph=MigrationGraph())
        return [operation for migration in found.get("history", []) for operation in migration.operations]

    @pytest.mark.parametrize("steps", [(0, 2), (0, 1, 2)], ids=["new models", "models that exist"])
    def test_what_it_writes_runs(self, history, steps):
        """In the order in which it is written, on models that are new and on those that exist."""
        states = self.states(self.declare)
        for before, after in pairwise(steps):
            history.apply(*self.changes(states[before], states[after]))
        history.in_right_order()
        assert references("history_comment") == {(("project_id", "tenant_id"), "history_project", ("id", "tenant_id"))}
        assert holds(history, "project_id", name="Comment")

    def test_it_finds_nothing_more(self):
        """Neither from models to models, nor from what was written to models."""
        states = self.states(self.declare)
        written = states[0].clone()
        for operation in self.changes(states[0], states[2]):
            operation.state_forwards("history", written)
        assert self.changes(written, states[2]) == []
        assert self.changes(states[2], self.states(self.declare)[2]) == []
        assert self.changes(states[2], ProjectState.from_apps(states[2].apps)) == []

    def test_the_file(self):
        """It imports the public name."""
        states = self.states(self.declare)
        migration = migrations.Migration("0001", "history")
        migration.operations = self.changes(states[1], states[2])
        text = MigrationWriter(migration).as_string()
        assert "import omnitenant_models.models\n" in text
        assert (
            "constraint=omnitenant_models.models.TenantReference('project', "
            "name='history_comment_project_same_tenant', tenant='tenant')" in text
        )


def test_the_sql_can_be_read_before_it_runs(history):
    """``sqlmigrate`` shows the constraint, and asks the database nothing about tables that do not exist."""
    migration = migrations.Migration("0001", "history")
    migration.operations = [plan(), job()]
    with connection.schema_editor(collect_sql=True, atomic=migration.atomic) as editor:
        migration.apply(history.state.clone(), editor, collect_sql=True)
    text = "\n".join(editor.collected_sql)
    assert (
        'CONSTRAINT "history_reference" FOREIGN KEY ("plan_id", "tenant_id") REFERENCES "history_plan" '
        '("id", "tenant_id") DEFERRABLE INITIALLY DEFERRED' in text
    )


def test_what_waits_can_be_shown(history):
    """A statement that is not run yet is described without asking the database."""
    history.apply(plan(), job())
    editor = connection.schema_editor(collect_sql=True)
    editor.deferred_sql = []
    wanted = PLAN.create_sql(history.model("Job"), editor)
    assert (wanted, bool(wanted)) == ("SELECT 1", False)
    [waiting] = editor.deferred_sql
    assert isinstance(waiting, AddReference)
    assert repr(waiting) == '<AddReference "history_reference">'
