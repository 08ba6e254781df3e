"""Names that reach SQL text: schemas, databases and roles are checked and quoted here, and nowhere else.

Needs no driver. A name is never cut, folded or corrected: what PostgreSQL would silently change is refused.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from omnitenant_context.errors import ProvisioningError

__all__ = [
    "MAX_BYTES",
    "IdentifierError",
    "check_database",
    "check_role",
    "check_schema",
    "literal",
    "qualified",
    "quoted",
]

MAX_BYTES: Final = 63
"""How many bytes of UTF-8 a name may have: PostgreSQL cuts longer ones, and two tenants may then be one."""

_RESERVED: Final = {
    # "$user" stands for the role's own schema in a search_path, quoted or not.
    "schema": frozenset({"public", "information_schema", "$user"}),
    "database": frozenset({"postgres", "template0", "template1"}),
    "role": frozenset({"postgres", "public", "none", "current_role", "current_user", "session_user", "user"}),
}
# What ends a line or cannot be seen; NUL cannot be sent at all, and half a surrogate pair has no UTF-8.
_UNPRINTABLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


class IdentifierError(ProvisioningError, ValueError):
    """Raised when a name cannot be, or must not be, that of a schema, a database or a role."""


def check_schema(name: str, *, tenant_id: str | None = None, reserved: frozenset[str] = frozenset()) -> str:
    """Return the name of a schema that a tenant may have.

    Args:
        name: as it is configured.
        tenant_id: whose it is, for the message and the error.
        reserved: names that are taken besides PostgreSQL's own, such as ``DEFAULT_SCHEMA_NAME``.

    Raises:
        IdentifierError: it is no text, empty, has more than 63 bytes in UTF-8, holds what cannot be printed,
            begins or ends with a space, begins with ``pg_``, or belongs to PostgreSQL or to everybody.
    """
    return _check("schema", name, tenant_id, reserved)


def check_database(name: str, *, tenant_id: str | None = None, reserved: frozenset[str] = frozenset()) -> str:
    """Return the name of a database that a tenant may have; see :func:`check_schema`."""
    return _check("database", name, tenant_id, reserved)


def check_role(name: str, *, tenant_id: str | None = None, reserved: frozenset[str] = frozenset()) -> str:
    """Return the name of a role that a tenant may have; see :func:`check_schema`."""
    return _check("role", name, tenant_id, reserved)


def quoted(name: str) -> str:
    """Quote an identifier for SQL text: it means this very name, whatever characters and case it has.

    Where the text is sent with parameters, ``%`` must be doubled in it as in any other text.

    Raises:
        IdentifierError: it is empty, longer than 63 bytes, or cannot be printed. Reserved names are not
            refused: what exists already may be named.
    """
    _check_text("identifier", name, None)
    return '"' + name.replace('"', '""') + '"'


def qualified(schema: str, name: str) -> str:
    """Quote the name of something in a schema."""
    return f"{quoted(schema)}.{quoted(name)}"


def literal(text: str) -> str:
    """Quote a text as an SQL literal, for statements that take no parameters.

    Raises:
        ValueError: it holds a NUL, which PostgreSQL cannot store.
    """
    if "\x00" in text:
        message = "a text with a NUL cannot be sent to PostgreSQL; take it out"
        raise ValueError(message)
    doubled = text.replace("'", "''")
    # Right whether or not standard_conforming_strings is on.
    return f"E'{doubled}'".replace("\\", "\\\\") if "\\" in text else f"'{doubled}'"


def _check(kind: str, name: str, tenant_id: str | None, reserved: frozenset[str]) -> str:
    _refuse(kind, name, tenant_id, _text_problem(name) or _name_problem(kind, name, reserved))
    return name


def _check_text(kind: str, name: str, tenant_id: str | None) -> None:
    _refuse(kind, name, tenant_id, _text_problem(name))


def _text_problem(name: object) -> str | None:
    return _problem_of(name) if isinstance(name, str) else f"is {type(name).__name__}, no text"


@lru_cache(maxsize=4096)  # a tenant's is asked for at every entry
def _problem_of(name: str) -> str | None:
    if not name:
        return "is empty"
    if _UNPRINTABLE.search(name):
        return "holds a character that cannot be printed"
    if name != name.strip():
        return "begins or ends with a space"
    size = len(name.encode())
    return f"has {size} bytes in UTF-8, and PostgreSQL cuts names at {MAX_BYTES}" if size > MAX_BYTES else None


@lru_cache(maxsize=4096)
def _name_problem(kind: str, name: str, reserved: frozenset[str]) -> str | None:
    folded = name.casefold()
    if folded.startswith("pg_"):
        return "begins with 'pg_', which PostgreSQL keeps for itself"
    return "is reserved" if folded in _RESERVED[kind] or name in reserved else None


def _refuse(kind: str, name: object, tenant_id: str | None, problem: str | None) -> None:
    if problem is None:
        return
    whose = "" if tenant_id is None else f" of tenant {tenant_id!r}"
    what = "an identifier" if kind == "identifier" else f"the name of a {kind}"
    message = f"{name!r} cannot be {what}{whose}: it {problem}; choose another name"
    raise IdentifierError(message, tenant_id=tenant_id)
