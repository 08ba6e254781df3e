"""Names that reach SQL text: what PostgreSQL would change, cut or keep for itself is refused."""

from __future__ import annotations

import pickle

import pytest

from omnitenant_context.errors import OmnitenantError, ProvisioningError
from omnitenant_routing.postgresql.identifiers import (
    IdentifierError,
    check_database,
    check_role,
    check_schema,
    literal,
    qualified,
    quoted,
)


@pytest.mark.parametrize("name", ["acme", "A & ö", 'a"b', "a%b", "select", "x" * 63, "ü" * 31, "a.b", "a;b", "0"])
def test_a_name_is_taken_as_it_is(name: str) -> None:
    """Nothing is folded or corrected: quoting makes any printable name safe."""
    assert check_schema(name) == name
    assert quoted(name).count('"') % 2 == 0


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", "is empty"),
        (" acme", "begins or ends with a space"),
        ("acme ", "begins or ends with a space"),
        ("x" * 64, "has 64 bytes"),
        ("ü" * 32, "has 64 bytes"),
        ("a\nb", "cannot be printed"),
        ("a\x00b", "cannot be printed"),
        ("a\ud800b", "cannot be printed"),
        (7, "is int, no text"),
        (None, "is NoneType, no text"),
        ("pg_acme", "begins with 'pg_'"),
        ("PG_acme", "begins with 'pg_'"),
        ("public", "is reserved"),
        ("Information_Schema", "is reserved"),
        ("$user", "is reserved"),
        ("shared", "is reserved"),
    ],
)
def test_a_schema_that_no_tenant_can_have(name: str, why: str) -> None:
    """The error says whose name it is, and why."""
    with pytest.raises(IdentifierError) as caught:
        check_schema(name, tenant_id="acme", reserved=frozenset({"shared"}))
    assert why in str(caught.value)
    assert "'acme'" in str(caught.value)
    assert repr(name) in str(caught.value)
    assert caught.value.tenant_id == "acme"


def test_its_error_is_known_everywhere() -> None:
    """To those who catch errors of provisioning, and after a pickle."""
    with pytest.raises(IdentifierError) as caught:
        check_schema("public")
    assert isinstance(caught.value, ProvisioningError | OmnitenantError)
    assert isinstance(caught.value, ValueError)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


@pytest.mark.parametrize("name", ["postgres", "template1", "pg_a"])
def test_a_database_that_no_tenant_can_have(name: str) -> None:
    """Those of the server itself."""
    with pytest.raises(IdentifierError, match="a database"):
        check_database(name)
    assert check_database("public") == "public"


@pytest.mark.parametrize("name", ["postgres", "public", "none", "CURRENT_USER", "pg_monitor"])
def test_a_role_that_no_tenant_can_have(name: str) -> None:
    """Words that stand for roles are none."""
    with pytest.raises(IdentifierError, match="a role"):
        check_role(name)
    assert check_role("template1") == "template1"


def test_quoting() -> None:
    """A quote inside is doubled; reserved names may be named."""
    assert quoted('a"b') == '"a""b"'
    assert qualified("public", 'a"b') == '"public"."a""b"'
    for name in ("", "x" * 64, "a\x00"):
        with pytest.raises(IdentifierError, match="an identifier"):
            quoted(name)


def test_literals() -> None:
    """Right with and without ``standard_conforming_strings``."""
    assert literal("it's") == "'it''s'"
    assert literal("a\\b'") == "E'a\\\\b'''"
    with pytest.raises(ValueError, match="NUL"):
        literal("\x00")
