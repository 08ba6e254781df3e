"""What Django does with an engine, inside a schema: tests, migrations, introspection, requests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import unittest
from importlib.util import find_spec
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.color import no_style
from django.db import connection, connections, models, transaction
from django.test import Client, TestCase
from django.test.utils import isolate_apps

import django_omnitenant.backends.postgresql.base as facade
from customers.models import Domain, Tenant
from drivers import driver
from ledger.models import Entry, Sign
from omnitenant_context.context import TenantContext
from omnitenant_routing.databases.wrapper import ContextKeeping
from omnitenant_routing.postgresql.base import CarryingWrapper, DatabaseWrapper

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "second"])


def tenant_of(schema: str, tenant_id: str = "tomato") -> Tenant:
    """Make a tenant whose schema is there."""
    return Tenant.objects.create(
        tenant_id=tenant_id, name="T", isolation_type="schema", state="active", config={"schema_name": schema}
    )


def test_the_databases_of_this_run_were_made_by_django() -> None:
    """By its test runner, through this engine, under both of its names."""
    assert facade.DatabaseWrapper is DatabaseWrapper
    for alias in ("default", "second"):
        assert isinstance(connections[alias], CarryingWrapper)
        assert isinstance(connections[alias], ContextKeeping)
        assert connections[alias].settings_dict["NAME"].startswith("test-")


def test_a_test_case_of_djangos_own(schemas: tuple[str, str]) -> None:
    """What it wraps in a transaction is rolled back in every schema."""

    class Case(TestCase):
        databases = {"default"}

        @classmethod
        def setUpTestData(cls) -> None:
            with TenantContext.use_schema(schemas[0]):
                cls.entry = Entry.objects.create(token="a", owner=schemas[0])

        def test_it(self) -> None:
            with TenantContext.use_schema(schemas[1]):
                assert not Entry.objects.exists()
                Entry.objects.create(token="b", owner=schemas[1])
            with TenantContext.use_schema(schemas[0]):
                assert Entry.objects.get().token == "a"

    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(Case).run(result)
    assert result.testsRun == 1
    assert result.wasSuccessful(), result
    for name in schemas:
        with TenantContext.use_schema(name):
            assert not Entry.objects.exists()


def test_the_schema_editor_works_in_the_schema(schemas: tuple[str, str]) -> None:
    """Tables, columns, indexes, constraints and the names that it looks up."""
    with isolate_apps("ledger"):

        class Parent(models.Model):
            name = models.CharField(max_length=10, db_index=True)

            class Meta:
                app_label = "ledger"

        class Child(models.Model):
            parent = models.ForeignKey(Parent, models.CASCADE)

            class Meta:
                app_label = "ledger"

        longer = models.CharField(max_length=20, unique=True)
        longer.set_attributes_from_name("name")
        longer.model = Parent
        for name in schemas:
            with TenantContext.use_schema(name), connection.schema_editor() as editor:
                editor.create_model(Parent)
                editor.create_model(Child)
        with TenantContext.use_schema(schemas[0]):
            with connection.schema_editor() as editor:
                editor.alter_field(Parent, Parent._meta.get_field("name"), longer, strict=True)
            lengths = {}
            for name in schemas:
                with TenantContext.use_schema(name), connection.cursor() as cursor:
                    tables = connection.introspection.table_names(cursor)
                    assert {"ledger_parent", "ledger_child"} <= {*tables}
                    described = connection.introspection.get_table_description(cursor, "ledger_parent")
                    lengths[name] = {column.name: column.display_size for column in described}["name"]
                    relations = connection.introspection.get_relations(cursor, "ledger_child")
                    assert relations["parent_id"][:2] == ("id", "ledger_parent")
            assert lengths == {schemas[0]: 20, schemas[1]: 10}
        with connection.cursor() as cursor:
            assert "ledger_parent" not in connection.introspection.table_names(cursor)
        for name in schemas:
            with TenantContext.use_schema(name), connection.schema_editor() as editor:
                editor.delete_model(Child)
                editor.delete_model(Parent)


def test_migrations_run_in_the_schema_of_a_tenant() -> None:
    """Forwards and backwards, by Django's own command."""
    tenant = tenant_of("migrated")
    with connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA migrated")
    try:
        with TenantContext.use_tenant(tenant):
            call_command("migrate", "ledger", verbosity=0, database=connection.alias)
            assert {"ledger_sign", "ledger_entry", "django_migrations"} <= {*connection.introspection.table_names()}
            Sign.objects.create(name="migrated")
            call_command("migrate", "ledger", "zero", verbosity=0, database=connection.alias)
            assert "ledger_sign" not in connection.introspection.table_names()
        assert "ledger_sign" in connection.introspection.table_names()
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP SCHEMA migrated CASCADE")


@pytest.mark.parametrize("atomic", [False, True])
def test_a_request(schemas: tuple[str, str], atomic: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each in its tenant's schema, with ``ATOMIC_REQUESTS`` inside one transaction."""
    monkeypatch.setitem(connections["default"].settings_dict, "ATOMIC_REQUESTS", atomic)
    for number, name in enumerate(schemas):
        Domain.objects.create(tenant=tenant_of(name, f"t{number}"), domain=f"t{number}.localhost")
    client = Client()
    for number, name in [*enumerate(schemas)] * 2:
        assert client.get("/whose/", headers={"host": f"t{number}.localhost"}).json() == {
            "schema": name,
            "atomic": atomic,
        }
    assert client.get("/whose/", headers={"host": "localhost"}).json()["schema"] == "public"


def test_sequences_are_reset_in_the_schema(schemas: tuple[str, str]) -> None:
    """What Django's ``sqlsequencereset`` asks for, and the truncation of ``flush``."""
    with TenantContext.use_schema(schemas[0]), transaction.atomic(), connection.cursor() as cursor:
        Entry.objects.create(pk=41, token="a", owner="x")
        for statement in connection.ops.sequence_reset_sql(no_style(), [Entry]):
            cursor.execute(statement)
        assert Entry.objects.create(token="b", owner="x").pk == 42
        connection.check_constraints()


if find_spec("django_prometheus"):

    def test_another_base_engine() -> None:
        """django-prometheus counts, and every statement still carries its schema."""
        script = Path(__file__).with_name("on_prometheus.py")
        done = subprocess.run(
            [sys.executable, script], capture_output=True, text=True, check=False, timeout=60, env=os.environ
        )
        assert done.returncode == 0, done.stderr
        told = json.loads(done.stdout.splitlines()[-1])
        assert told["schemas"] == ["public", "elsewhere", "elsewhere"]
        assert told["counted"] >= 3
        assert told["base"] == "django_prometheus.db.backends.postgresql.base"
        assert told["driver"] == ("psycopg2" if driver() == "psycopg2" else "psycopg")
