"""Whether a connection leads to the server itself, or to a pooler that shares the server's connections out."""

from __future__ import annotations

from typing import Any

__all__ = ["POOLED_KEY", "is_direct"]

POOLED_KEY = "OMNITENANT_POOLED"
"""Key of an entry of ``DATABASES``: True or False where asking the server does not tell."""


def is_direct(connection: Any, pooled: bool | None) -> bool:  # noqa: FBT001 - three answers
    """Tell whether what is set for the session stays with this client.

    The server names the process that serves a client when the connection is made. A pooler names another, or none:
    the process that answers a statement is then not the one that was named.

    Args:
        connection: one of psycopg2 or psycopg 3, outside a transaction.
        pooled: what the settings say; None: ask the server, which takes a round trip.
    """
    if pooled is not None:
        return not pooled
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()
    return bool(pid == connection.info.backend_pid)
