"""A statement works where whoever is active keeps the rows: in every kind of transaction, on every alias."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager

import pytest
from asgiref.sync import sync_to_async
from django.db import DatabaseError, IntegrityError, connection, connections, transaction

from customers.models import Tenant
from ledger.models import Entry, Sign
from omnitenant_context.context import TenantContext
from omnitenant_context.propagation import bind
from omnitenant_routing.postgresql import prefix
from omnitenant_routing.postgresql.identifiers import quoted

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "second"])
PUBLIC = "public"


def enter(name: str) -> AbstractContextManager[object]:
    """Enter a schema, or the master."""
    return TenantContext.use_master_db() if name == PUBLIC else TenantContext.use_schema(name)


def seen(alias: str = "default") -> str:
    """Tell whose rows a statement sees, with and without parameters."""
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT name FROM ledger_sign")
        (bare,) = cursor.fetchone()
        cursor.execute("SELECT name FROM ledger_sign WHERE name <> %s", ["100%"])
        (bound,) = cursor.fetchone()
    assert bare == bound
    return bare


def test_each_schema_has_rows_of_its_own(schemas: tuple[str, str]) -> None:
    """Also one whose name must be quoted; with nobody active it is as without us."""
    assert seen() == PUBLIC
    for name in (*schemas, PUBLIC):
        with enter(name):
            assert seen() == name
            assert Sign.objects.get().name == name
    assert seen() == PUBLIC


def test_switching_inside_a_transaction(schemas: tuple[str, str]) -> None:
    """What one schema has set in it does not stay for the next, the master, or nobody."""
    red, blue = schemas
    with transaction.atomic():
        for name in (red, PUBLIC, blue, red, PUBLIC):
            with enter(name):
                assert seen() == name
        assert seen() == PUBLIC
        with enter(red):
            pass
        assert seen() == PUBLIC


def test_nothing_stays_on_the_connection(schemas: tuple[str, str]) -> None:
    """A cursor of nobody sees what the server would show to anybody."""
    for name in schemas:
        with enter(name):
            Entry.objects.create(token=name, owner=name)
        with enter(name), transaction.atomic():
            Entry.objects.create(token=f"2 {name}", owner=name)
        with connection.cursor() as cursor:
            cursor.execute("SHOW search_path")
            assert cursor.fetchone()[0] == '"$user", public'
    for name in schemas:
        assert {each.owner for each in _rows(name)} == {name}


def test_rolling_back_in_another_schema(schemas: tuple[str, str]) -> None:
    """Savepoints, and rolling back to them, leave the next statement where it belongs."""
    red, blue = schemas
    with enter(red), transaction.atomic():
        Entry.objects.create(token="kept", owner=red)
        with pytest.raises(ZeroDivisionError), enter(blue), transaction.atomic():
            Entry.objects.create(token="undone", owner=blue)
            raise ZeroDivisionError
        assert seen() == red
        point = connection.savepoint()
        with enter(blue):
            Entry.objects.create(token="undone", owner=blue)
        connection.savepoint_rollback(point)
        assert seen() == red
    assert [each.token for each in _rows(red)] == ["kept"]
    assert _rows(blue) == []


def test_a_savepoint_may_be_the_first_statement_of_a_transaction(schemas: tuple[str, str]) -> None:
    """The transaction before it must not matter."""
    red, blue = schemas
    with enter(red), transaction.atomic():
        assert seen() == red
    with enter(blue), transaction.atomic(), transaction.atomic():
        assert seen() == blue
    with transaction.atomic(), transaction.atomic():
        assert seen() == PUBLIC


def test_an_error_is_the_statements_own(schemas: tuple[str, str]) -> None:
    """Its line and its position are counted from where the caller's statement begins."""
    statement = "SELECT name,\n       nothing\nFROM ledger_sign"
    messages = []
    for name in (PUBLIC, schemas[0]):
        with enter(name), pytest.raises(DatabaseError) as caught, connection.cursor() as cursor:
            cursor.execute(statement)
        messages.append(str(caught.value))
    assert messages[0] == messages[1]
    assert "LINE 2:" in messages[0]


def test_a_failed_transaction_can_be_rolled_back_by_a_statement(schemas: tuple[str, str]) -> None:
    """Nothing may stand before ROLLBACK there: it would fail, and the transaction would go on."""
    with enter(schemas[0]), connection.cursor() as cursor:
        for end in ("ROLLBACK", "  -- because\n/* of; this */ rollback;", "ABORT", "END", "COMMIT"):
            cursor.execute("BEGIN")
            with pytest.raises(DatabaseError):
                cursor.execute("SELECT nothing")
            cursor.execute(end)
            assert seen() == schemas[0]
        cursor.execute("BEGIN")
        cursor.execute('SAVEPOINT "a;b"')
        with pytest.raises(DatabaseError):
            cursor.execute("SELECT nothing")
        cursor.execute('ROLLBACK TO SAVEPOINT "a;b"; SELECT name FROM ledger_sign')
        assert cursor.fetchone() == (schemas[0],)
        cursor.execute("ROLLBACK; SELECT name FROM ledger_sign WHERE name = %s", [schemas[0]])
        assert cursor.fetchone() == (schemas[0],)


def test_no_statement_stays_none(schemas: tuple[str, str]) -> None:
    """Whatever the driver says to an empty query, it says inside a schema, too."""
    answers = []
    for name in (PUBLIC, schemas[0]):
        for text in ("", " ;", "-- nothing", None):
            with enter(name), connection.cursor() as cursor:
                try:
                    answers.append((name == PUBLIC, text, cursor.execute(text) and None))
                except (DatabaseError, TypeError, AttributeError) as error:
                    answers.append((name == PUBLIC, text, str(error)))
    public, schema = ([each[1:] for each in answers if each[0] is where] for where in (True, False))
    assert public == schema


def test_several_statements_in_one(schemas: tuple[str, str]) -> None:
    """All of them work in the schema; what the cursor shows is the caller's."""
    with enter(schemas[0]), connection.cursor() as cursor:
        cursor.execute("INSERT INTO ledger_entry (token, owner) VALUES ('a', 'b'); SELECT token FROM ledger_entry")
        if hasattr(cursor.cursor, "nextset") and cursor.cursor.statusmessage.startswith("INSERT"):
            assert cursor.nextset()  # psycopg 3 begins with the first
        assert cursor.fetchall() == [("a",)]


def test_the_isolation_level_can_still_be_set(schemas: tuple[str, str]) -> None:
    """It must be set before the first query of a transaction, which a SET is not."""
    with enter(schemas[0]), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE")
        cursor.execute("SHOW transaction_isolation")
        assert cursor.fetchone() == ("serializable",)


def test_rows_are_locked_in_their_schema(schemas: tuple[str, str]) -> None:
    """Another connection waits for the row of the same schema, and not for that of another."""
    red, blue = schemas
    found: dict[str, list[str]] = {}

    def look() -> None:
        try:
            for name in schemas:
                with enter(name), transaction.atomic():
                    found[name] = [each.name for each in Sign.objects.select_for_update(skip_locked=True)]
        finally:
            connections.close_all()

    with enter(red), transaction.atomic():
        assert Sign.objects.select_for_update().get().name == red
        thread = threading.Thread(target=look)
        thread.start()
        thread.join()
    assert found == {red: [], blue: [blue]}


def test_a_callback_runs_where_it_was_registered(schemas: tuple[str, str]) -> None:
    """Whoever commits."""
    red, blue = schemas
    ran: list[str] = []
    with enter(blue), transaction.atomic():
        with enter(red):
            transaction.on_commit(lambda: ran.append(seen()))
        transaction.on_commit(lambda: ran.append(seen()))
    assert ran == [red, blue]


def test_a_durable_block(schemas: tuple[str, str]) -> None:
    """It works, and is refused inside another, as without us."""
    with enter(schemas[0]), transaction.atomic(durable=True):
        assert seen() == schemas[0]
        with pytest.raises(RuntimeError), transaction.atomic(durable=True):
            pass


def test_a_connection_that_was_killed(schemas: tuple[str, str]) -> None:
    """The next one works in the schema, too."""
    with enter(schemas[0]):
        with pytest.raises(DatabaseError), connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        connection.close_if_unusable_or_obsolete()
        assert seen() == schemas[0]


def test_a_persistent_connection(schemas: tuple[str, str], settings: object) -> None:
    """One connection serves request after request, each for its tenant."""
    connection.ensure_connection()
    raw = connection.connection
    for name in (*schemas, PUBLIC, schemas[0]):
        connection.health_check_enabled = True
        with enter(name):
            connection.close_if_health_check_failed()
            assert seen() == name
    assert connection.connection is raw


def test_without_autocommit(schemas: tuple[str, str]) -> None:
    """The driver begins transactions by itself, and a failed one is rolled back without a word."""
    red, blue = schemas
    transaction.set_autocommit(False)
    try:
        with enter(red):
            assert seen() == red
            with pytest.raises(DatabaseError), connection.cursor() as cursor:
                cursor.execute("SELECT nothing")
            transaction.rollback()
        with enter(blue):
            Entry.objects.create(token="a", owner=blue)
            transaction.commit()
        assert seen() == PUBLIC
        transaction.rollback()
    finally:
        transaction.set_autocommit(True)
    assert [each.owner for each in _rows(blue)] == [blue]


def test_threads_have_what_was_bound(schemas: tuple[str, str]) -> None:
    """A bare thread has nobody."""
    found: list[str] = []

    def look() -> None:
        try:
            found.append(seen())
        finally:
            connections.close_all()

    with enter(schemas[0]):
        for target in (look, bind(look)):
            thread = threading.Thread(target=target)
            thread.start()
            thread.join()
    assert found == [PUBLIC, schemas[0]]


def test_coroutines(schemas: tuple[str, str]) -> None:
    """Tasks that take turns on one connection keep their schemas apart."""

    async def work(name: str) -> None:
        async with enter(name):
            for number in range(5):
                await Entry.objects.acreate(token=f"{name} {number}", owner=name)
                await asyncio.sleep(0)
                assert [each.owner async for each in Entry.objects.all()] == [name] * (number + 1)
                assert await sync_to_async(seen)() == name

    async def main() -> None:
        await asyncio.gather(*(work(name) for name in (*schemas, PUBLIC)))
        await sync_to_async(connections.close_all)()  # those of the thread that did it

    asyncio.run(main())


def test_an_unknown_error_of_the_database_is_untouched(schemas: tuple[str, str]) -> None:
    """The class of an error, and what it names."""
    with enter(schemas[0]):
        Entry.objects.create(token="a", owner="a")
        with pytest.raises(IntegrityError, match="ledger_entry_token"):
            Entry.objects.create(token="a", owner="a")


# Which connections a scope is about


def test_another_database_does_not_carry_the_schema_of_a_tenant_elsewhere(schemas: tuple[str, str]) -> None:
    """A tenant on the second server may have a schema of a name that the master has, too."""
    red = schemas[0]
    tenant = Tenant.objects.create(
        tenant_id="tomato",
        name="Tomato",
        isolation_type="schema",
        state="active",
        config={"schema_name": red, "db_alias": "second"},
    )
    with connections["second"].cursor() as cursor:
        cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {quoted(red)}")
        cursor.execute(f"CREATE TABLE IF NOT EXISTS {quoted(red)}.ledger_sign (name text)")
        cursor.execute(f"INSERT INTO {quoted(red)}.ledger_sign VALUES ('on the second')")
    try:
        with TenantContext.use_tenant(tenant):
            assert seen("second") == "on the second"
            assert seen() == "on the second"  # default means here
            assert seen("master") == PUBLIC
            with transaction.atomic("master"):
                assert seen("master") == PUBLIC
                with enter(red):
                    assert seen("master") == red
                assert seen("master") == PUBLIC
    finally:
        with connections["second"].cursor() as cursor:
            cursor.execute(f"DROP SCHEMA {quoted(red)} CASCADE")


def test_a_tenant_of_the_master(schemas: tuple[str, str]) -> None:
    """It works as the schema's name does; one in shared tables beside it works in public."""
    red = schemas[0]
    fields = {"state": "active", "config": {"schema_name": red}}
    tenant = Tenant.objects.create(tenant_id="tomato", name="Tomato", isolation_type="schema", **fields)
    shared = Tenant.objects.create(tenant_id="potato", name="Potato", isolation_type="table", state="active")
    with TenantContext.use_tenant(tenant), transaction.atomic():
        assert seen() == red
        with TenantContext.use_tenant(shared):
            assert seen() == PUBLIC
            with TenantContext.use_tenant(tenant):
                assert seen() == red
            assert seen() == PUBLIC
        with TenantContext.unscoped():
            assert seen() == PUBLIC
        assert seen() == red


def test_a_connection_that_knows_no_database(schemas: tuple[str, str]) -> None:
    """What creates databases carries nothing."""
    with enter(schemas[0]), connection._nodb_cursor() as cursor:
        cursor.execute("SHOW search_path")
        assert cursor.fetchone()[0] == '"$user", public'


# Variables


@pytest.fixture(name="variable")
def _a_variable(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Let statements carry a tenant's id, as row-level security does."""
    monkeypatch.setattr(prefix, "_variables", {})
    prefix.carry_variable("omnitenant.tenant_id", lambda scope: str(scope.tenant.pk))
    yield "omnitenant.tenant_id"
    monkeypatch.undo()
    prefix._forget()


def test_a_variable_travels_with_the_search_path(variable: str, schemas: tuple[str, str]) -> None:
    """Both are there, in one message; the next scope has neither."""
    fields = {"state": "active", "config": {"schema_name": schemas[0]}}
    schema = Tenant.objects.create(tenant_id="tomato", name="Tomato", isolation_type="schema", **fields)
    table = Tenant.objects.create(tenant_id="potato", name="Potato", isolation_type="table", state="active")

    def shown() -> tuple[str, str]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT name, coalesce(current_setting(%s, true), '') FROM ledger_sign", [variable])
            return cursor.fetchone()

    for block in (transaction.atomic, lambda: transaction.atomic(savepoint=False)):
        assert shown() == (PUBLIC, "")
        with block():
            for tenant, name in ((schema, schemas[0]), (table, PUBLIC), (schema, schemas[0])):
                with TenantContext.use_tenant(tenant):
                    assert shown() == (name, str(tenant.pk))
            assert shown() == (PUBLIC, "")
            with enter(schemas[1]):
                assert shown() == (schemas[1], "")
        for tenant, name in ((schema, schemas[0]), (table, PUBLIC)):
            with TenantContext.use_tenant(tenant):
                assert shown() == (name, str(tenant.pk))
            with enter(schemas[1]):
                assert shown() == (schemas[1], "")


def _rows(name: str) -> list[Entry]:
    with enter(name):
        return list(Entry.objects.order_by("pk"))
