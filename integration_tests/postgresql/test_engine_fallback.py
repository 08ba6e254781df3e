"""Statements that refuse to be in a transaction block."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, NotSupportedError, connection, transaction

from omnitenant_context.context import TenantContext
from omnitenant_routing.postgresql.pooler import POOLED_KEY, is_direct
from proxy import Proxy

pytestmark = pytest.mark.django_db(transaction=True)

REFUSING = [
    "VACUUM ledger_sign",
    "CREATE INDEX CONCURRENTLY probe ON ledger_sign (name)",
    "REINDEX TABLE CONCURRENTLY ledger_sign",
    "DROP INDEX CONCURRENTLY probe",
    "CLUSTER",
    "CALL committing()",
    "DO $$ BEGIN INSERT INTO ledger_entry (token, owner) VALUES ('do', 'x'); COMMIT; END $$",
]
PROCEDURE = """
CREATE OR REPLACE PROCEDURE public.committing() LANGUAGE plpgsql AS
$$ BEGIN INSERT INTO ledger_entry (token, owner) VALUES ('call', 'x'); COMMIT; END $$
"""


def run(statement: str) -> None:
    """Run a statement."""
    with connection.cursor() as cursor:
        cursor.execute(statement)


def path() -> str:
    """Tell what the session has, with nobody active."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW search_path")
        return cursor.fetchone()[0]


def test_they_run_in_their_schema_on_a_direct_connection(schemas: tuple[str, str]) -> None:
    """Nothing is left behind for the next statement."""
    run(PROCEDURE)
    for name in schemas:
        with TenantContext.use_schema(name):
            for statement in REFUSING:
                run(statement)
            with connection.cursor() as cursor:
                cursor.execute("SELECT token FROM ledger_entry ORDER BY 1")
                assert cursor.fetchall() == [("call",), ("do",)]
        assert path() == '"$user", public'


def test_where_they_fail_nothing_is_left_either(schemas: tuple[str, str]) -> None:
    """The error is the statement's own."""
    with TenantContext.use_schema(schemas[0]), pytest.raises(DatabaseError, match='"nothing" does not exist'):
        run("REINDEX TABLE CONCURRENTLY nothing")
    assert path() == '"$user", public'


def test_in_a_transaction_they_are_refused_as_ever(schemas: tuple[str, str]) -> None:
    """That is not ours to mend."""
    with TenantContext.use_schema(schemas[0]):
        with pytest.raises(DatabaseError, match="transaction block"), transaction.atomic():
            run("VACUUM ledger_sign")
        run("VACUUM ledger_sign")


@pytest.mark.parametrize("statement", REFUSING)
def test_behind_a_pooler_they_are_refused(statement: str, pooler: Proxy, schemas: tuple[str, str]) -> None:
    """What would be set for the session would be found by somebody else; nobody's statements just run."""
    run(PROCEDURE)
    with TenantContext.use_schema(schemas[0]):
        with pytest.raises(NotSupportedError, match="needs a direct connection"):
            run(statement)
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM ledger_entry")
            assert cursor.fetchone() == (0,)
    run("VACUUM ledger_sign")


def test_the_settings_overrule_what_was_found(schemas: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """For poolers that cannot be told from the server."""
    connection.close()
    if connection.pool:
        connection.close_pool()
    monkeypatch.setitem(connection.settings_dict, POOLED_KEY, True)
    with TenantContext.use_schema(schemas[0]), pytest.raises(NotSupportedError, match="needs a direct connection"):
        run("VACUUM ledger_sign")
    connection.close()
    if connection.pool:
        connection.close_pool()


def test_a_pooler_is_found(schemas: tuple[str, str]) -> None:
    """A server's connection is direct."""
    connection.ensure_connection()
    assert is_direct(connection.connection, None)


def test_a_pooler_is_told_from_the_server(pooler: Proxy) -> None:
    """The process that answers is not the one that was named."""
    connection.ensure_connection()
    assert not is_direct(connection.connection, None)
    assert is_direct(connection.connection, False)
