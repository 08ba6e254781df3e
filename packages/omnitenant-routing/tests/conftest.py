"""Tenants of two kinds, with places that are really made and removed."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from command_line import Project
from omnitenant_context.testing import no_tenant_left
from omnitenant_models.tenants import BaseTenant
from omnitenant_routing.provisioning import get_tenant_backend

MakeTenant = Callable[..., BaseTenant]


@pytest.fixture(autouse=True)
def _nothing_left_active() -> Iterator[None]:
    """Fail the test that leaves a tenant active."""
    with no_tenant_left():
        yield


@pytest.fixture(name="make_tenant")
def _make_tenant(transactional_db: None) -> Iterator[MakeTenant]:
    """Make tenants with their places, and remove both afterwards."""
    from probe.models import Domain, Tenant

    made: list[BaseTenant] = []

    def make(tenant_id: str, isolation: str = "database", **fields: object) -> BaseTenant:
        tenant = Tenant.objects.create(tenant_id=tenant_id, name=tenant_id.title(), isolation_type=isolation, **fields)
        made.append(tenant)
        get_tenant_backend(tenant).create()
        Domain.objects.create(domain=f"{tenant_id}.localhost", tenant=tenant)
        return tenant

    yield make
    for tenant in made:
        if Tenant.objects.filter(pk=tenant.pk).exists():
            get_tenant_backend(Tenant.objects.get(pk=tenant.pk)).delete()


@pytest.fixture(name="acme")
def _acme(make_tenant: MakeTenant) -> BaseTenant:
    """A tenant with a database of its own."""
    return make_tenant("acme")


@pytest.fixture(name="globex")
def _globex(make_tenant: MakeTenant) -> BaseTenant:
    """Another tenant with a database of its own."""
    return make_tenant("globex")


@pytest.fixture(name="initech")
def _initech(make_tenant: MakeTenant) -> BaseTenant:
    """A tenant in shared tables."""
    return make_tenant("initech", "table")


@pytest.fixture(name="folder")
def _folder(transactional_db: None) -> Iterator[Path]:
    """The folder of the databases; tenants and files that a test leaves there are removed."""
    from django.conf import settings

    from probe.models import Tenant

    folder = Path(settings.DATABASES["default"]["NAME"]).parent
    before = set(folder.iterdir())
    yield folder
    for tenant in Tenant.objects.all():
        get_tenant_backend(tenant).delete()
    for path in set(folder.iterdir()) - before:
        path.unlink()


@pytest.fixture(name="migrated", scope="session")
def _migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a migrated master, to be copied."""
    folder = tmp_path_factory.mktemp("migrated")
    assert Project(folder).manage("migrate", "-v0").err == ""
    return folder


@pytest.fixture(name="project")
def _project(migrated: Path, tmp_path: Path) -> Project:
    """A project of its own with a migrated master, for separate processes."""
    shutil.copytree(migrated, tmp_path, dirs_exist_ok=True)
    return Project(tmp_path)
