"""Tests of two requests that store the same at the same time, after both have passed all checks."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection

from omnitenant_context.context import TenantContext
from omnitenant_drf.testing import TenantAPIClient
from probe import serializers
from probe.models import Project, Tenant

pytestmark = pytest.mark.django_db(transaction=True)


def race(tenants: list[Tenant], path: str, body: Any) -> list[Any]:
    """Send a request for each tenant from a thread of its own; they meet between check and storing."""
    serializers.meeting[:] = [threading.Barrier(len(tenants))]

    def send(tenant: Tenant) -> Any:
        try:
            answer = TenantAPIClient(tenant, raise_request_exception=False).post(path, body)
            return answer.status_code, answer.json()
        finally:
            connection.close()

    try:
        with ThreadPoolExecutor(len(tenants)) as pool:
            return sorted(pool.map(send, tenants), key=lambda answer: answer[0])
    finally:
        serializers.meeting.clear()


@pytest.mark.parametrize("path", ["/projects/", "/plain/"])
def test_one_wins_and_one_is_told(acme: Tenant, path: str) -> None:
    """Both serializers took the name for free; the loser gets the same 400 as if it had come later."""
    won, lost = race([acme, acme], path, {"name": "Roof"})
    assert (won[0], lost[0]) == (201, 400)
    assert lost[1] == {"name": ["project with this name already exists."]}
    with TenantContext.use_tenant(acme):
        assert Project.objects.count() == 1


@pytest.mark.parametrize("path", ["/projects/", "/plain/"])
def test_two_tenants_both_win(acme: Tenant, globex: Tenant, path: str) -> None:
    """The same name in two tenants is no race."""
    answers = race([acme, globex], path, {"name": "Roof"})
    assert [status for status, _ in answers] == [201, 201]
