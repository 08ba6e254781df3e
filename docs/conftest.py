"""The project that the pages describe, with a database that goes away."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from servers import PostgresServer, postgres_server


@pytest.fixture(scope="session", name="_project")
def _the_project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Start Django and migrate the master."""
    os.environ["DOCS_DATA_DIR"] = str(tmp_path_factory.mktemp("data"))
    os.environ["DJANGO_SETTINGS_MODULE"] = "mysite.settings"
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connections

    call_command("migrate", verbosity=0)
    yield
    connections.close_all()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgresServer]:
    """Start a server for the pages about PostgreSQL."""
    with postgres_server() as server:
        yield server


@pytest.fixture(name="project")
def _a_clean_project(_project: None, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[None]:
    """Hand a page the project as the tutorial leaves it, and remove what the page made."""
    from django.contrib.auth.models import User
    from django.core.cache import cache

    from django_omnitenant.tenant_context import TenantContext
    from django_omnitenant.utils import get_tenant_backend, get_tenant_model

    monkeypatch.chdir(Path(request.config.rootpath) / "project")
    yield
    with TenantContext.use_master_db():
        for tenant in get_tenant_model().objects.all():
            get_tenant_backend(tenant).delete()
        User.objects.all().delete()
        cache.clear()
