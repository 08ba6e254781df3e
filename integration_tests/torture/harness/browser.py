"""The browser of an administrator."""

from __future__ import annotations

from typing import Any

__all__ = ["Site"]


class Site:
    """The browser of a tenant's administrator, on that tenant's host or on another's."""

    def __init__(self, w: Any, side: Any, host: Any = None) -> None:
        from django.test import Client

        self.client = Client()
        with w.enter(side):
            self.client.force_login(w.User.objects.get(pk=side.user_pk))
        self.host = f"{(host or side).tenant.tenant_id}.example.com"

    def __call__(self, path: str, data: Any = None) -> Any:
        """Ask for a page, or send a form."""
        method = self.client.get if data is None else self.client.post
        answer = method(f"/admin/{path}", data or {}, headers={"host": self.host})
        assert answer.status_code < 500, answer.status_code
        return answer
