"""The database engine that switches tenants for nothing: ``"ENGINE": "omnitenant_routing.postgresql"``.

Every statement carries the search path of whoever is active, in the message in which it is sent anyway. Nothing is
remembered about a connection, so there is nothing that a rollback, a reconnect or a pooler could make wrong.
"""

from __future__ import annotations

__all__: list[str] = []
