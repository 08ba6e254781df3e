"""All that psycopg 3 can be asked to do, inside a schema; bound by the client or by the server, pooled by it or not."""

from __future__ import annotations

import gc
from contextlib import nullcontext

import psycopg
import pytest
from django.db import DatabaseError, IntegrityError, connection, connections, transaction
from psycopg import pq, sql
from psycopg.rows import dict_row

from drivers import driver
from ledger.models import Entry
from omnitenant_context.context import TenantContext

pytestmark = pytest.mark.django_db(transaction=True)
IDLE = pq.TransactionStatus.IDLE
FUNCTIONS = """
CREATE OR REPLACE FUNCTION public.joined(one text, two text) RETURNS text LANGUAGE sql
AS 'SELECT one || two || name FROM ledger_sign'
"""


def test_every_form_of_a_statement(here: str) -> None:
    """Text, bytes and composed; parameters by position, by name, empty and none."""
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO ledger_entry (token, owner) VALUES ('a%', 'x')")
        for query, params in (
            ("SELECT token, owner FROM ledger_entry", None),
            (b"SELECT token, owner FROM ledger_entry", None),
            ("SELECT token, owner FROM ledger_entry WHERE token LIKE 'a%%'", []),
            ("SELECT token, owner FROM ledger_entry WHERE token = %s", ["a%"]),
            (b"SELECT token, owner FROM ledger_entry WHERE token = %s", ("a%",)),
            ("SELECT token, owner FROM ledger_entry WHERE token = %(token)s", {"token": "a%"}),
            (sql.SQL("SELECT token, owner FROM {}").format(sql.Identifier("ledger_entry")), None),
            (sql.SQL("SELECT token, owner FROM ledger_entry WHERE token LIKE {}").format(sql.Literal("a%")), None),
        ):
            cursor.cursor.execute(query, params)
            assert cursor.fetchall() == [("a%", "x")], query
            assert cursor.rowcount == 1
            assert [column.name for column in cursor.description] == ["token", "owner"]
            assert cursor.cursor.statusmessage == "SELECT 1"
            assert cursor.cursor.nextset() is None
            assert cursor.cursor.execute(query, params).fetchone() == ("a%", "x")


def test_the_results_of_several_statements(here: str) -> None:
    """They are counted from the caller's first."""
    with connection.cursor() as cursor:
        raw = cursor.cursor
        raw.execute("SELECT 1; SELECT 2; SELECT 3")
        assert [each.fetchone() for each in raw.results()] == [(1,), (2,), (3,)]
        for index in (1, 0, -1, 2, -3):
            assert raw.set_result(index).fetchone() == (range(1, 4)[index],)


def test_many(here: str) -> None:
    """``executemany`` counts its own rows and can give them back."""
    rows = [("a", "x"), ("b", "100%")]
    with connection.cursor() as cursor:
        cursor.executemany("INSERT INTO ledger_entry (token, owner) VALUES (%s, %s)", rows)
        assert cursor.rowcount == 2
        returned = "UPDATE ledger_entry SET owner = 'y' WHERE token = %s RETURNING token"
        cursor.cursor.executemany(returned, [["a"], ["b"]], returning=True)
        assert [each.fetchone() for each in cursor.cursor.results()] == [("a",), ("b",)]
    assert Entry.objects.filter(owner="y").count() == 2


def test_many_of_which_one_fails(here: str) -> None:
    """None is written, the error is the statement's own, and the connection can be used."""
    inside = connection.in_atomic_block
    for rows in ([("a", "x"), ("a", "x")], [("a", "x"), ("b", object())]):
        with (
            pytest.raises((IntegrityError, DatabaseError)) as caught,
            transaction.atomic() if inside else nullcontext(),
            connection.cursor() as cursor,
        ):
            cursor.executemany("INSERT INTO ledger_entry (token, owner) VALUES (%s, %s)", rows)
        assert "aborted" not in str(caught.value)
        assert connection.connection.pgconn.pipeline_status == pq.PipelineStatus.OFF
        assert (connection.connection.pgconn.transaction_status == IDLE) is not inside
    assert not Entry.objects.exists()


def test_an_error_at_the_end_of_a_transaction(schemas: tuple[str, str]) -> None:
    """A deferred constraint speaks when the transaction ends: the connection must not stay busy."""
    with TenantContext.use_schema(schemas[0]):
        with connection.cursor() as cursor:
            cursor.execute("CREATE TABLE parent (id int PRIMARY KEY)")
            cursor.execute("CREATE TABLE child (id int REFERENCES parent DEFERRABLE INITIALLY DEFERRED)")
        try:
            for run in ("execute", "executemany"):
                with pytest.raises(IntegrityError), connection.cursor() as cursor:
                    getattr(cursor, run)("INSERT INTO child VALUES (%s)", [7] if run == "execute" else [[7], [8]])
                assert connection.connection.pgconn.transaction_status == IDLE
            with connection.cursor() as cursor:
                cursor.execute("SELECT count(*) FROM child")
                assert cursor.fetchone() == (0,)
        finally:
            with connection.cursor() as cursor:
                cursor.execute("DROP TABLE child, parent")


def test_copying(here: str) -> None:
    """In both directions, with parameters, by rows and in blocks."""
    with connection.cursor() as cursor:
        with cursor.copy("COPY ledger_entry (token, owner) FROM STDIN") as copy:
            copy.write_row(("a", "x"))
            copy.write("b\ty\n")
        assert cursor.rowcount == 2
        with cursor.cursor.copy("COPY (SELECT token FROM ledger_entry WHERE owner <> %s) TO STDOUT", ["x"]) as copy:
            assert [*copy.rows()] == [("b",)]


def test_copying_that_is_broken_off(here: str) -> None:
    """Nothing is written, and no transaction stays open."""
    inside = connection.in_atomic_block
    with pytest.raises(ZeroDivisionError), transaction.atomic() if inside else nullcontext():  # noqa: SIM117 - two lines say it better
        with connection.cursor() as cursor, cursor.copy("COPY ledger_entry (token, owner) FROM STDIN") as copy:
            copy.write("a\tx\n")
            raise ZeroDivisionError
    assert (connection.connection.pgconn.transaction_status == IDLE) is not inside
    assert not Entry.objects.exists()


def test_calling_a_function(here: str) -> None:
    """By Django's ``callproc``."""
    with connection.cursor() as cursor:
        cursor.execute(FUNCTIONS)
        cursor.callproc("joined", ["a", "100%"])
        assert cursor.fetchall() == [(f"a100%{here}",)]


def test_streaming(here: str) -> None:
    """Rows come while the server makes them; whoever stops early leaves nothing open."""
    with connection.cursor() as cursor:
        rows = cursor.cursor.stream("SELECT name, n FROM ledger_sign, generate_series(1, %s) n", [3])
        with TenantContext.use_master_db():  # it belongs to where it was asked for
            assert [*rows] == [(here, 1), (here, 2), (here, 3)]
        for _ in cursor.stream("SELECT n FROM generate_series(1, 100000) n"):
            break
        gc.collect()
        if connection.in_atomic_block:
            connection.set_rollback(True)  # what was cancelled has broken the transaction, as without us
        else:
            cursor.execute("SELECT name FROM ledger_sign")
            assert cursor.fetchone() == (here,)


def test_server_cursors(here: str) -> None:
    """They keep the schema that they were declared in."""
    Entry.objects.bulk_create(Entry(token=str(number), owner=here) for number in range(5))
    with connection.chunked_cursor() as cursor:
        cursor.execute("SELECT token FROM ledger_entry WHERE owner = %s ORDER BY 1", [here])
        assert cursor.fetchmany(2) == [("0",), ("1",)]
        with TenantContext.use_master_db():
            assert not Entry.objects.exists()
            assert cursor.fetchone() == ("2",)
        assert len(cursor.fetchall()) == 2
    assert [each.token for each in Entry.objects.order_by("token").iterator(2)] == list("01234")


def test_a_server_cursor_that_cannot_be_declared(here: str) -> None:
    """No transaction stays open behind it."""
    inside = connection.in_atomic_block
    with pytest.raises(DatabaseError), transaction.atomic() if inside else nullcontext():  # noqa: SIM117 - two lines say it better
        with connection.chunked_cursor() as cursor:
            cursor.execute("SELECT nothing")
    assert (connection.connection.pgconn.transaction_status == IDLE) is not inside


def test_the_drivers_own_connection(here: str) -> None:
    """Its cursors, its ``execute``, and cursors of the server that it makes."""
    raw = connection.connection
    assert raw.execute("SELECT name FROM ledger_sign WHERE name <> %s", ["x"]).fetchone() == (here,)
    with raw.cursor(row_factory=dict_row) as cursor:
        assert cursor.execute("SELECT name FROM ledger_sign").fetchone() == {"name": here}
    with raw.cursor("named", withhold=raw.autocommit) as cursor:
        cursor.execute("SELECT name FROM ledger_sign")
        assert cursor.fetchone() == (here,)
        assert [*cursor] == []
    if driver() == "psycopg3-ssb":
        with raw.cursor(binary=True) as cursor:
            assert cursor.execute("SELECT name FROM ledger_sign").fetchone() == (here,)


def test_the_drivers_own_transactions(here: str) -> None:
    """Their BEGIN and ROLLBACK pass no cursor."""
    red = "red"
    seen = []

    def look() -> None:
        seen.append(connection.connection.execute("SELECT name FROM ledger_sign").fetchone()[0])

    with connection.connection.transaction():
        look()
        with TenantContext.use_schema(red):
            look()
            with connection.connection.transaction(force_rollback=True):
                look()
        look()
        with TenantContext.use_master_db():
            look()
    assert seen == [here, red, red, here, "public"]


def test_the_callers_own_pipeline(here: str) -> None:
    """Each of its statements has its own schema, in one round trip."""
    raw = connection.connection
    with raw.pipeline():
        asked = []
        for name in ("red", here, "red", here):
            with TenantContext.use_schema(name):
                asked.append((name, raw.execute("SELECT name FROM ledger_sign WHERE name <> %s", ["x"])))
        with TenantContext.use_master_db():
            asked.append(("public", raw.execute("SELECT name FROM ledger_sign")))
    assert [cursor.fetchone()[0] for _, cursor in asked] == [name for name, _ in asked]


def test_prepared_statements(schemas: tuple[str, str]) -> None:
    """What is prepared for one schema is planned again for the next."""
    connection.ensure_connection()
    connection.connection.prepare_threshold = 1
    try:
        for _ in range(4):
            for name in (*schemas, *schemas):
                with TenantContext.use_schema(name), connection.cursor() as cursor:
                    cursor.execute("SELECT name FROM ledger_sign WHERE name <> %s", ["x"])
                    assert cursor.fetchone() == (name,)
                    cursor.execute("SELECT name FROM ledger_sign")
                    assert cursor.fetchone() == (name,)
    finally:
        connection.connection.prepare_threshold = None


def test_asking_the_driver_to_prepare(here: str) -> None:
    """A wish that a message of several statements cannot fulfil breaks nothing."""
    raw = connection.connection
    for raw.prepare_threshold in (5, None):
        for params in (None, []):
            assert raw.execute("SELECT name FROM ledger_sign", params, prepare=True).fetchone() == (here,)


def test_the_drivers_own_pool() -> None:
    """Connections go back without anything to clean, and come out again for others."""
    assert (connection.pool is not None) is (driver() == "psycopg3-pool")
    if connection.pool is None:
        return
    for _ in range(3):
        for name in ("red", "public"):
            with TenantContext.use_schema(name), connection.cursor() as cursor:
                cursor.execute("SELECT current_schema()")
                assert cursor.fetchone() == (name,)
            connections.close_all()


def test_a_cursor_class_that_passes_by(here: str) -> None:
    """One that is made without the connection carries nothing: it is known, and documented."""
    cursor = psycopg.ClientCursor(connection.connection)
    cursor.execute("SELECT current_schema()")
    assert cursor.fetchone() == ("public",) or connection.in_atomic_block
