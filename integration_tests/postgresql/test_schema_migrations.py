"""What migrations of every kind do in a schema, and do not do beside it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection, migrations, models, transaction
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState
from django.db.utils import IntegrityError

from looking import ask, configured, tables
from omnitenant_context.context import TenantContext
from omnitenant_models.tenants import BaseTenant

MakeTenant = Callable[..., BaseTenant]


def key(to: str, **options: object) -> models.ForeignKey:
    """Return a foreign key that may be empty."""
    return models.ForeignKey(to, null=True, on_delete=models.CASCADE, related_name="+", **options)  # type: ignore[arg-type]


ID = ("id", models.BigAutoField(primary_key=True))
STEPS: list[list[migrations.operations.base.Operation]] = [
    [
        migrations.CreateModel("Shelf", [ID, ("label", models.CharField(max_length=9))]),
        migrations.CreateModel(
            "Gadget",
            [
                ID,
                ("tenant", key("customers.Tenant")),
                ("country", key("customers.Country")),
                ("shelf", key("customers.Shelf")),
                ("countries", models.ManyToManyField("customers.Country", related_name="+")),
                ("shelves", models.ManyToManyField("customers.Shelf", related_name="+")),
            ],
        ),
    ],
    [
        migrations.AddField("Gadget", "again", key("customers.Tenant")),
        migrations.AddField("Gadget", "invoice", key("customers.Invoice")),
        migrations.AddField("Gadget", "second", key("customers.Shelf")),
    ],
    [
        migrations.AlterField("Gadget", "again", key("customers.Tenant", db_index=False)),
        migrations.AlterField("Gadget", "second", key("customers.Gadget")),
        migrations.AlterField("Gadget", "shelf", key("customers.Country")),
        migrations.AlterField("Gadget", "country", key("customers.Shelf")),
        migrations.AddConstraint(
            "Gadget", models.UniqueConstraint(fields=["tenant", "country"], name="gadget_of_tenant")
        ),
        migrations.AddIndex("Gadget", models.Index(fields=["tenant", "shelf"], name="gadget_index")),
    ],
    [
        migrations.AlterField("Shelf", "label", models.CharField(max_length=20, unique=True)),
        migrations.RenameField("Gadget", "again", "owner"),
        migrations.RenameModel("Gadget", "Widget"),
        migrations.RemoveField("Widget", "second"),
        migrations.RemoveField("Widget", "invoice"),
    ],
]


def run(tenant: BaseTenant, state: ProjectState, step: list[migrations.operations.base.Operation]) -> ProjectState:
    """Run operations in a tenant's place, as a migration does; returns the state that they lead to."""
    with TenantContext.use_tenant(tenant), connection.schema_editor() as editor:
        for operation in step:
            before, state = state, state.clone()
            operation.state_forwards("customers", state)
            operation.database_forwards("customers", editor, before, state)
    return state


def migrate(tenant: BaseTenant) -> None:
    """Run all steps."""
    state = MigrationLoader(None).project_state()
    for step in STEPS:
        state = run(tenant, state, step)


def keys(schema: str) -> set[tuple[str, str]]:
    """Return the constraints of a schema's new tables: table, and table that it leads to."""
    rows = ask(
        "SELECT conrelid::regclass::text, confrelid::regclass::text FROM pg_constraint WHERE contype = 'f' AND "
        "connamespace = %s::regnamespace AND conrelid::regclass::text ~ 'gadget|widget|shelf'",
        schema,
    )
    return {(table.rpartition(".")[2], target) for table, target in rows}


INSIDE = {
    ("customers_widget_shelves", "acme.customers_widget"),
    ("customers_widget_shelves", "acme.customers_shelf"),
    ("customers_widget_countries", "acme.customers_widget"),
    ("customers_widget", "acme.customers_shelf"),
}
OUTSIDE = {
    ("customers_widget", "customers_tenant"),
    ("customers_widget", "customers_country"),
    ("customers_widget_countries", "customers_country"),
}


def test_tables_change_in_the_schema_alone(make_tenant: MakeTenant) -> None:
    """Keys within the schema are constraints, keys out of it are none; the public schema stays as it was."""
    public = tables("public")
    acme = make_tenant("acme")
    migrate(acme)
    assert {"customers_widget", "customers_widget_shelves", "customers_shelf"} <= tables("acme")
    assert tables("public") == public
    assert keys("acme") == INSIDE
    with TenantContext.use_tenant(acme), connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, "customers_widget")
        assert {"gadget_of_tenant", "gadget_index"} <= found.keys()
        with pytest.raises(IntegrityError), transaction.atomic():
            cursor.execute("INSERT INTO customers_widget (country_id) VALUES (77)")
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("INSERT INTO customers_widget (tenant_id, shelf_id) VALUES (%s, NULL)", [acme.pk])


def test_keys_out_of_it_are_constraints_where_that_is_wanted(make_tenant: MakeTenant) -> None:
    """In the master's database, where all tables are there that they lead to."""
    with configured(SHARED_FOREIGN_KEYS=True):
        acme = make_tenant("acme")
        migrate(acme)
    assert keys("acme") == INSIDE | OUTSIDE


def test_a_constraint_that_is_there_goes_with_its_field(make_tenant: MakeTenant) -> None:
    """Also where constraints are not wanted any more."""
    with configured(SHARED_FOREIGN_KEYS=True):
        acme = make_tenant("acme")
        state = MigrationLoader(None).project_state()
        state = run(acme, state, STEPS[0])
    assert ("customers_gadget", "customers_country") in keys("acme")
    run(acme, state, [migrations.AlterField("Gadget", "country", key("customers.Invoice"))])
    assert not {target for table, target in keys("acme") if table == "customers_gadget"} & {
        "customers_country",
        "customers_invoice",
    }


@pytest.mark.django_db(transaction=True, databases=["default", "second"])
def test_a_database_of_its_own_has_the_keys_that_it_can_have(make_tenant: MakeTenant) -> None:
    """All but those to tables of the master."""
    acme = make_tenant("acme", "database")
    migrate(acme)
    with TenantContext.use_tenant(acme), connection.cursor() as cursor:
        cursor.execute(
            "SELECT conrelid::regclass::text, confrelid::regclass::text FROM pg_constraint "
            "WHERE contype = 'f' AND conrelid::regclass::text ~ 'widget'"
        )
        assert set(cursor.fetchall()) == {(table, target.removeprefix("acme.")) for table, target in INSIDE | OUTSIDE}
