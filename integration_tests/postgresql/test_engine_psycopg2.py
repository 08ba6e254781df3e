"""All that psycopg2 can be asked to do, inside a schema."""

from __future__ import annotations

import io
import subprocess
import sys
from contextlib import nullcontext
from functools import partial
from pathlib import Path

import psycopg2
import pytest
from django.db import DatabaseError, connection, transaction
from psycopg2 import extensions, extras, sql

from ledger.models import Entry
from omnitenant_context.context import TenantContext

pytestmark = pytest.mark.django_db(transaction=True)
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


def test_the_cursor_shows_the_callers_own_query(here: str) -> None:
    """``cursor.query`` is a documented attribute of psycopg2."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s", ["100%"])
        assert cursor.cursor.query == b"SELECT '100%'"
        cursor.executemany("INSERT INTO ledger_entry (token, owner) VALUES (%s, 'x')", [["a"], ["b"]])
        assert cursor.cursor.query == b"INSERT INTO ledger_entry (token, owner) VALUES ('b', 'x')"


def test_many(here: str) -> None:
    """``executemany`` counts its own rows."""
    with connection.cursor() as cursor:
        cursor.executemany("INSERT INTO ledger_entry (token, owner) VALUES (%s, %s)", [("a", "x"), ("b", "100%")])
        assert cursor.rowcount == 2
    assert Entry.objects.count() == 2


def test_copying_by_a_statement(here: str) -> None:
    """In both directions."""
    with connection.cursor() as cursor:
        cursor.copy_expert("COPY ledger_entry (token, owner) FROM STDIN", io.StringIO("a\tx\nb\ty\n"))
        assert cursor.rowcount == 2
        out = io.StringIO()
        cursor.copy_expert("COPY (SELECT token FROM ledger_entry ORDER BY 1) TO STDOUT", out)
    assert out.getvalue() == "a\nb\n"


def test_copying_a_table(here: str) -> None:
    """With the arguments that psycopg2 has."""
    with connection.cursor() as cursor:
        cursor.copy_from(io.StringIO("a'|-\nb|x\n"), "ledger_entry", "|", columns=("token", "owner"))
        out = io.StringIO()
        cursor.copy_to(out, "ledger_entry", sep=";", null="\\N", columns=["token", "owner"])
        assert out.getvalue() == "a';-\nb;x\n"
        cursor.copy_from(io.StringIO("7\tc\tx\n"), "ledger_entry")
        cursor.execute("SELECT id, token FROM ledger_entry WHERE token = 'c'")
        assert cursor.fetchone() == (7, "c")


def test_calling_a_function(here: str) -> None:
    """With parameters by position and by name, and what comes back."""
    with connection.cursor() as cursor:
        cursor.execute(FUNCTIONS)
        raw = cursor.cursor
        assert raw.callproc("joined", ["a", "100%"]) == ["a", "100%"]
        assert raw.fetchall() == [(f"a100%{here}",)]
        assert raw.callproc("joined", {"two": "b", "one": "a"}) == {"two": "b", "one": "a"}
        assert raw.fetchall() == [(f"ab{here}",)]
        cursor.callproc("current_schema")
        assert cursor.fetchall() == [(here,)]


def test_named_cursors(here: str) -> None:
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


def test_a_named_cursor_that_cannot_be_declared(here: str) -> None:
    """No transaction stays open behind it."""
    inside = connection.in_atomic_block
    with pytest.raises(DatabaseError), transaction.atomic() if inside else nullcontext():
        connection.chunked_cursor().execute("SELECT nothing")
    status = extensions.TRANSACTION_STATUS_INTRANS if inside else extensions.TRANSACTION_STATUS_IDLE
    assert connection.connection.get_transaction_status() == status


def test_helpers_of_the_driver(here: str) -> None:
    """``execute_values`` and ``execute_batch`` put their statements together themselves."""
    with connection.cursor() as cursor:
        rows = [(str(number), "100%") for number in range(250)]
        extras.execute_values(cursor.cursor, "INSERT INTO ledger_entry (token, owner) VALUES %s", rows)
        extras.execute_batch(
            cursor.cursor, "UPDATE ledger_entry SET owner = %s WHERE token = %s", [("x", "1"), ("x", "2")]
        )
    assert Entry.objects.count() == 250
    assert Entry.objects.filter(owner="x").count() == 2


def test_cursors_of_other_classes(here: str) -> None:
    """Those that the caller names, of the driver itself or its helpers."""
    raw = connection.connection
    for factory in (extras.DictCursor, extras.RealDictCursor, extras.NamedTupleCursor, extensions.cursor):
        with raw.cursor(cursor_factory=factory) as cursor:
            cursor.execute("SELECT name FROM ledger_sign WHERE name <> %s", ["x"])
            assert str(here) in repr(dict(row)) if isinstance(row := cursor.fetchone(), dict) else row[0] == here
    with raw.cursor(cursor_factory=partial(extras.DictCursor)) as cursor:
        cursor.execute("SELECT name FROM ledger_sign")
        assert cursor.fetchone()["name"] == here
    with pytest.raises(TypeError):  # it could not carry, so it is not made
        raw.cursor(cursor_factory=partial(extensions.cursor))
    with raw.cursor("named", cursor_factory=extras.DictCursor, withhold=True) as cursor:
        cursor.execute("SELECT name FROM ledger_sign")
        assert cursor.fetchone()["name"] == here
    with raw.cursor() as cursor:
        cursor.execute("SELECT name FROM ledger_sign")
        assert cursor.fetchone() == (here,)
    with psycopg2.connect(raw.dsn) as other, other.cursor() as cursor:  # somebody else's connection is left alone
        cursor.execute("SELECT current_schema()")
        assert cursor.fetchone() == ("public",)
    other.close()


def test_green_threads() -> None:
    """With a wait callback of gevent's, as in a worker of that kind."""
    script = Path(__file__).with_name("green.py")
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "12 greenlets, 0 wrong"
