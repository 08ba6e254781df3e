"""The fixture that pytest gets by itself."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent
PLUGIN = "omnitenant_models.pytest_plugin"

HEAD = """
import asyncio
import pytest
from django.db import connection
from django.test import TestCase
from omnitenant_context.context import TenantContext
from probe.models import Project, Tenant

def leak():
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM probe_project")

@pytest.fixture
def acme(db):
    tenant = Tenant.objects.create(tenant_id="acme", name="Acme")
    with TenantContext.use_tenant(tenant):
        leak()
    return tenant
"""


def run(tmp_path: Path, tests: str, *arguments: str) -> str:
    """Run tests in a session of their own that has this plugin and pytest-django; returns what it printed."""
    (tmp_path / "test_them.py").write_text(HEAD + tests)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(PACKAGE / "tests"), *sys.path]),
        "DJANGO_SETTINGS_MODULE": "models_settings",
        # It may be installed for real, and would be loaded twice.
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "pytest_django.plugin",
        "-p",
        PLUGIN,
        "-p",
        "no:cacheprovider",
    ]
    done = subprocess.run(
        [*command, *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr


def test_a_leak_fails_the_test_itself(tmp_path):
    """Not its teardown; the line is shown, and what fixtures did before is not looked at."""
    text = run(
        tmp_path,
        """
def test_that_leaks(acme, no_leaks):
    with TenantContext.use_tenant(acme):
        leak()

def test_that_does_not(acme, no_leaks):
    with TenantContext.use_tenant(acme):
        assert Project.objects.count() == 0

def test_without(acme):
    with TenantContext.use_tenant(acme):
        leak()
""",
    )
    assert "1 failed, 2 passed" in text
    assert "FAILED test_them.py::test_that_leaks" in text
    assert "LeakError" in text
    assert "in leak" in text
    assert "ERROR at" not in text
    assert "pytest_plugin.py" not in text


def test_a_test_that_fails_shows_its_own_error(tmp_path):
    """With the leaks as a note; a test that looks for leaks itself may take them."""
    text = run(
        tmp_path,
        """
def test_that_fails(acme, no_leaks):
    with TenantContext.use_tenant(acme):
        leak()
    assert 1 == 2, "its own"

def test_that_looks(acme, no_leaks):
    with TenantContext.use_tenant(acme):
        leak()
    assert len(no_leaks.leaks) == 1
    no_leaks.leaks.clear()
""",
    )
    assert "1 failed, 1 passed" in text
    assert "its own" in text
    assert "probe_project" in text


def test_classes_and_coroutines(tmp_path):
    """Marked classes, Django's too; the ORM of coroutines works in another thread."""
    text = run(
        tmp_path,
        """
@pytest.mark.usefixtures("no_leaks")
class TestDjangos(TestCase):
    def test_one(self):
        with TenantContext.use_tenant(Tenant.objects.create(tenant_id="acme", name="Acme")):
            leak()

@pytest.mark.django_db(transaction=True)
def test_before():
    asyncio.run(Project.objects.using("default").none().acount())

@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("no_leaks")
def test_two(transactional_db):
    tenant = Tenant.objects.create(tenant_id="acme", name="Acme")
    async def work():
        from asgiref.sync import sync_to_async
        from django.db import connections
        async with TenantContext.use_tenant(tenant):
            await sync_to_async(leak)()
        await sync_to_async(connections.close_all)()
    asyncio.run(work())
""",
    )
    assert "2 failed, 1 passed" in text
    assert text.count("FAILED") == 2


def test_it_is_offered_with_its_words(tmp_path):
    """``--fixtures`` lists it, and no other of the package's."""
    text = run(tmp_path, "", "--fixtures")
    assert "no_leaks -- " in text
    assert "Fail the test when a statement in it does not stay" in text
    assert text.count("pytest_plugin.py") == 1


def test_it_is_found_by_pytest():
    """The package's metadata names it, and the parser that it needs."""
    project = tomllib.loads((PACKAGE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["entry-points"]["pytest11"] == {"omnitenant": PLUGIN}
    assert [name.partition(">")[0] for name in project["optional-dependencies"]["testing"]] == ["sqlglot"]


@pytest.mark.parametrize("absent", ["django", "sqlglot", "omnitenant_models.testing"])
def test_loading_it_imports_nothing(absent):
    """pytest loads it before the settings of the project are known, and in projects without Django, too."""
    code = f"import sys, {PLUGIN}; sys.exit({absent!r} in sys.modules)"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    assert subprocess.run([sys.executable, "-c", code], env=environment, check=False).returncode == 0


def test_a_session_without_django(tmp_path):
    """It is in nobody's way."""
    (tmp_path / "test_plain.py").write_text("def test_one(): pass\n")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    command = [sys.executable, "-m", "pytest", "-q", "-p", PLUGIN, "-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert "1 passed" in done.stdout
