"""A Django project and a real worker process: tasks run for the tenant that they were sent for."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent

SENDER = """
import sys
import celery_project, django
django.setup()
from celery_project import add_project, fan_out
from customers.models import Tenant
from django_omnitenant.tenant_context import TenantContext
from django_omnitenant.utils import get_tenant_backend
from django.core.management import call_command
from omnitenant_routing.provisioning import suspend

def told(result):
    try:
        return str(result.get(timeout=60))
    except Exception as error:
        return type(error).__name__

call_command("migrate", verbosity=0)
tenants = {}
for name, isolation in (("acme", "database"), ("globex", "table"), ("closed", "database"), ("gone", "table")):
    tenants[name] = Tenant.objects.create(tenant_id=name, name=name, isolation_type=isolation)
    get_tenant_backend(tenants[name]).create()
for name in ("acme", "globex"):
    with TenantContext.use_tenant(tenants[name]):
        print(name, told(add_project.delay(f"for {name}")))
with TenantContext.use_tenant(tenants["closed"]):
    late = add_project.apply_async(("never",), countdown=2)
suspend(tenants["closed"])
print("closed", told(late))
with TenantContext.use_tenant(tenants["gone"]):
    late = add_project.apply_async(("never",), countdown=2)
get_tenant_backend(tenants["gone"]).delete()
print("gone", told(late))
print("nobody", told(add_project.delay("never")))
with TenantContext.use_master_db():
    from celery.result import AsyncResult
    for each in fan_out.delay("fanned out").get(timeout=60):
        AsyncResult(each).get(timeout=60)
"""


@pytest.fixture(name="environment")
def _environment(tmp_path: Path) -> dict[str, str]:
    """Give both processes the same folders."""
    return {
        **os.environ,
        "PYTHONPATH": f"{HERE}:{HERE.parent / 'src'}",
        "SAAS_DATA_DIR": str(tmp_path),
        "CELERY_TEST_FOLDER": str(tmp_path / "celery"),
        "DJANGO_SETTINGS_MODULE": "celery_settings",
    }


@pytest.fixture(autouse=True)
def _worker(environment: dict[str, str], tmp_path: Path) -> Iterator[None]:
    """Run a worker of two processes for the test."""
    log = tmp_path / "worker.log"
    command = [sys.executable, "-m", "celery", "-A", "celery_project", "worker", "-c", "2", "-l", "INFO"]
    with log.open("w") as output:
        process = subprocess.Popen(command, cwd=HERE, env=environment, stdout=output, stderr=subprocess.STDOUT)
    try:
        deadline = time.monotonic() + 60
        while "ready." not in log.read_text():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait(30)


def names(path: Path) -> list[tuple[str, int]]:
    """Read projects from a file, behind Django's back."""
    with closing(sqlite3.connect(path)) as raw:
        return raw.execute("SELECT name, tenant_id FROM projects_project ORDER BY id").fetchall()


def test_tasks_write_where_their_tenant_lives(environment: dict[str, str], tmp_path: Path) -> None:
    """Bodies run in the place of their tenant; those of missing, suspended and no tenants never run."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SENDER],
        cwd=HERE,
        env=environment,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    told = dict(line.split(" ", 1) for line in done.stdout.splitlines())
    assert told == {
        "acme": "acme",
        "globex": "globex",
        "closed": "TenantInactiveError",
        "gone": "TenantNotFound",
        "nobody": "TenantRequiredError",
    }
    (acme, own_key), *more = names(tmp_path / "acme.sqlite3")
    assert (acme, more) == ("for acme", [("fanned out", own_key)])
    assert [name for name, _ in names(tmp_path / "master.sqlite3")] == ["for globex", "fanned out"]
    assert names(tmp_path / "closed.sqlite3") == []
