"""The admin under ASGI, where its views run in a thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.test import AsyncClient

from browser import Browser
from shop.models import Project

pytestmark = pytest.mark.django_db

Make = Callable[..., Any]
Rows = Callable[..., list[Any]]
EVERY_TENANT = ["acme", "initech", "hooli"]
OTHERS = {"acme": "globex", "initech": "umbrella", "hooli": "umbrella"}


@pytest.mark.parametrize("tenant_id", EVERY_TENANT)
def test_asgi(operator: Browser, make: Make, rows: Rows, settings: Any, tenant_id: str) -> None:
    """Lists and forms are for the tenant of their address."""
    settings.OMNITENANT_CONFIG = {**settings.OMNITENANT_CONFIG, "PUBLIC_HOST": "testserver"}
    make(tenant_id, Project, name="Rockets")
    make(OTHERS[tenant_id], Project, name="Hammocks")

    async def visit() -> None:
        client = AsyncClient()
        client.cookies = operator.client.cookies
        page = (await client.get(f"/admin/shop/project/?_tenant={tenant_id}")).content.decode()
        assert "Rockets" in page
        assert "Hammocks" not in page
        values = {"name": "Magnets", "status": "done", "task_set-TOTAL_FORMS": "0", "task_set-INITIAL_FORMS": "0"}
        done = await client.post(f"/admin/shop/project/add/?_tenant={tenant_id}", values)
        assert done["Location"] == f"/admin/shop/project/?_tenant={tenant_id}"

    async_to_sync(visit)()
    assert rows(tenant_id, Project, "name") == ["Rockets", "Magnets"]
    assert rows(OTHERS[tenant_id], Project, "name") == ["Hammocks"]
