"""A test client that can ask for any host."""

from __future__ import annotations

from typing import Any

from django.test import AsyncClient


class HostAsyncClient(AsyncClient):
    """Django's client adds a given Host to its own instead of replacing it."""

    def _base_scope(self, **request: Any) -> Any:
        scope = super()._base_scope(**request)
        hosts = [header for header in scope["headers"] if header[0] == b"host"]
        scope["headers"] = [header for header in scope["headers"] if header[0] != b"host"]
        scope["headers"].append(hosts[-1])
        return scope
