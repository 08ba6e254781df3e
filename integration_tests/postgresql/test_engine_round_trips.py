"""Counted on the wire: switching costs no round trip, and nothing is sent on entering."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.db import connection, transaction
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from customers.models import Tenant
from drivers import driver
from ledger.models import Entry, Sign
from omnitenant_context.context import TenantContext
from proxy import Proxy

pytestmark = pytest.mark.django_db(transaction=True)


def raw(statement: str, *params: object) -> Callable[[], None]:
    """Make a call that runs a statement."""

    def call() -> None:
        with connection.cursor() as cursor:
            cursor.execute(statement, *params)
            if cursor.description:
                cursor.fetchall()

    return call


def many() -> None:
    with connection.cursor() as cursor:
        cursor.executemany("UPDATE ledger_sign SET name = %s || substr(name, 1, 0) || %s", [("", "x"), ("", "x")])


def copied() -> None:
    with connection.cursor() as cursor:
        if driver() == "psycopg2":
            cursor.copy_expert("COPY ledger_sign TO STDOUT", io.StringIO())
        else:
            with cursor.copy("COPY ledger_sign TO STDOUT") as copy:
                assert len([*copy]) == 1


def copied_by_table() -> None:
    with connection.cursor() as cursor:
        cursor.copy_to(io.StringIO(), "ledger_sign")


def called() -> None:
    with connection.cursor() as cursor:
        cursor.callproc("current_schema")
        cursor.fetchall()


def values() -> None:
    from psycopg2.extras import execute_values

    with connection.cursor() as cursor:
        execute_values(cursor.cursor, "INSERT INTO ledger_entry (token, owner) VALUES %s", [("a", "x"), ("b", "x")])
        cursor.execute("DELETE FROM ledger_entry")


def streamed() -> None:
    with connection.cursor() as cursor:
        assert len([*cursor.stream("SELECT 1")]) == 1


def iterated() -> None:
    assert len([*Sign.objects.iterator()]) == 1


def changed() -> None:
    Entry.objects.create(token="a", owner="x")
    Entry.objects.update(owner=F("owner"))
    Entry.objects.all().delete()


def nested() -> None:
    with transaction.atomic():
        Sign.objects.get()
        with transaction.atomic():
            Sign.objects.update(name=F("name"))


CALLS = {
    "a statement": raw("SELECT 1"),
    "a statement with parameters": raw("SELECT %s", [1]),
    "a statement with empty parameters": raw("SELECT 1", []),
    "get()": Sign.objects.get,
    "create(), update(), delete()": changed,
    "a transaction with a savepoint": nested,
    "executemany()": many,
    "callproc()": called,
    **({"COPY": copied, "copy_to()": copied_by_table, "execute_values()": values} if driver() == "psycopg2" else {}),
}
AHEAD = {"iterator()": iterated, **({} if driver() == "psycopg2" else {"COPY": copied, "stream()": streamed})}


@contextmanager
def _rolled_back() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_statement_takes_one_round_trip_with_and_without_a_schema(
    call: Callable[[], None], proxy: Proxy, schemas: tuple[str, str]
) -> None:
    """Outside and inside a transaction; and inside one in which schemas have changed."""
    with TenantContext.use_master_db(), _rolled_back():
        call()  # what is looked up once is known now
    with TenantContext.use_master_db():
        with proxy.counting() as plain:
            call()
        with proxy.counting() as plain_inside, transaction.atomic():
            call()
    with TenantContext.use_schema(schemas[0]):
        with proxy.counting() as ours:
            call()
        with proxy.counting() as ours_inside, transaction.atomic():
            call()
    with proxy.counting() as changing, transaction.atomic():
        for name in schemas:
            with TenantContext.use_schema(name):
                call()
        with TenantContext.use_master_db():
            call()
    assert ours == plain
    assert ours_inside == plain_inside
    assert changing == [3 * plain_inside[0] - 4]  # BEGIN and COMMIT only once


@pytest.mark.parametrize("call", AHEAD.values(), ids=AHEAD)
def test_what_cannot_share_a_message_is_sent_after_it(
    call: Callable[[], None], proxy: Proxy, schemas: tuple[str, str]
) -> None:
    """One round trip more inside a transaction, two outside of one."""
    counts = []
    for enter in (TenantContext.use_master_db, lambda: TenantContext.use_schema(schemas[0])):
        with enter():
            call()
            with proxy.counting() as outside:
                call()
            with proxy.counting() as inside, transaction.atomic():
                call()
        counts.append((outside[0], inside[0]))
    (plain, plain_inside), (ours, ours_inside) = counts
    assert (ours, ours_inside) == (plain + 2, plain_inside + 1)


def test_ten_switches_and_ten_queries(proxy: Proxy, schemas: tuple[str, str]) -> None:
    """Ten round trips; and as many queries for Django, in the words in which it asked."""
    tenants = [
        Tenant.objects.create(
            tenant_id=f"t{number}",
            name="T",
            isolation_type="schema",
            state="active",
            config={"schema_name": schemas[number % 2]},
        )
        for number in range(10)
    ]
    with CaptureQueriesContext(connection) as captured, proxy.counting() as trips:
        for number, tenant in enumerate(tenants):
            with TenantContext.use_tenant(tenant):
                assert Sign.objects.get().name == schemas[number % 2]
    assert trips == [10]
    assert len(captured) == 10
    assert not any("search_path" in query["sql"] for query in captured.captured_queries)


def test_entering_sends_nothing(proxy: Proxy, schemas: tuple[str, str]) -> None:
    """Nor does leaving."""
    before = len(proxy.messages)
    for name in schemas:
        with TenantContext.use_schema(name), TenantContext.use_master_db():
            pass
    assert proxy.messages[before:] == []


def test_what_is_sent(proxy: Proxy, schemas: tuple[str, str], django_assert_num_queries: Callable[..., object]) -> None:
    """The whole of it; nobody sends what plain Django sends."""
    before = len(proxy.messages)
    raw("SELECT 1")()
    with TenantContext.use_schema(schemas[1]), django_assert_num_queries(1):
        raw("SELECT 2")()
    raw("SELECT 3")()
    path = 'SET LOCAL search_path TO "bl""ue %", "public";\n'
    assert proxy.messages[before:] == ["SELECT 1", f"{path}SELECT 2", "SELECT 3"]


def test_wrappers_of_execution_see_the_callers_statement(schemas: tuple[str, str]) -> None:
    """``connection.execute_wrapper`` and the query log, parameters included."""
    seen = []

    def note(
        execute: Callable[..., object], sql: str, params: object, many: bool, context: dict[str, object]
    ) -> object:
        seen.append((sql, params))
        return execute(sql, params, many, context)

    with (
        TenantContext.use_schema(schemas[0]),
        connection.execute_wrapper(note),
        CaptureQueriesContext(connection) as log,
    ):
        raw("SELECT %s", ["100%"])()
    assert seen == [("SELECT %s", ["100%"])]
    assert log[0]["sql"] == "SELECT '100%'"
