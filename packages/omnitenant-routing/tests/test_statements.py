"""What matters of a statement's text: whether it controls a transaction, and where its error points."""

from __future__ import annotations

import pytest

from omnitenant_routing.postgresql.statements import own_lines, split_control


@pytest.mark.parametrize(
    "text",
    [
        "SELECT 1",
        "select 1; rollback",
        "INSERT INTO commit VALUES (1)",
        "with a as (select 1) select * from a",
        "SET CONSTRAINTS ALL IMMEDIATE",
        "PREPARE x AS SELECT 1",
        "started",
        "/* rollback */ SELECT 1",
        "-- commit\nSELECT 1",
        "FETCH 1 FROM c",
        "commitments",
        "VACUUM",
    ],
)
def test_an_ordinary_statement(text: str) -> None:
    """It takes what is due before it."""
    assert split_control(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n",
        ";",
        "-- nothing",
        "/* nothing */ ;",
        "ROLLBACK",
        "rollback;",
        " COMMIT AND CHAIN ; ",
        "/* a; b */ -- c;\n ABORT",
        'ROLLBACK TO SAVEPOINT "a;""b"',
        "SAVEPOINT x",
        "RELEASE SAVEPOINT x",
        "BEGIN ISOLATION LEVEL SERIALIZABLE",
        "START TRANSACTION",
        "end",
        "PREPARE\n TRANSACTION 'a;b'",
        "COMMIT PREPARED 'x'",
        "COMMIT; -- done",
    ],
)
def test_what_controls_a_transaction_or_is_no_statement(text: str) -> None:
    """It is sent bare."""
    assert split_control(text) == (text, "")


@pytest.mark.parametrize(
    ("text", "head"),
    [
        ("COMMIT; SELECT 1", "COMMIT;"),
        ('ROLLBACK TO "a;b"; SELECT 1; SELECT 2', 'ROLLBACK TO "a;b";'),
        ("BEGIN /* x; */; SELECT ';'", "BEGIN /* x; */;"),
    ],
)
def test_what_follows_is_a_statement_of_its_own(text: str, head: str) -> None:
    """The first semicolon outside of quotes and comments parts them."""
    assert split_control(text) == (head, text[len(head) :])


@pytest.mark.parametrize(
    ("line", "carried", "message", "shown"),
    [
        (2, 1, "LINE 2: SELECT x\n               ^", "LINE 1: SELECT x\n               ^"),
        (11, 2, "LINE 11: SELECT x\n                ^", "LINE 9: SELECT x\n               ^"),
        (1, 1, "LINE 1: SET LOCAL x\n", "LINE 1: SET LOCAL x\n"),
        (3, 1, "LINE 3: x", "LINE 2: x"),
    ],
)
def test_the_line_of_an_error(line: int, carried: int, message: str, shown: str) -> None:
    """It is counted from the caller's own first line, and the mark below stays where it points."""
    assert own_lines(f'column "x" does not exist\n{message}', carried) == f'column "x" does not exist\n{shown}'
