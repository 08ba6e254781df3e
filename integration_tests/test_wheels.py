"""What is built is what was meant: wheels that install by path, and hold together."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import venv
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).resolve().parent.parent


def run(*command: str | Path) -> str:
    """Run a program outside of the checkout and its paths."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, env=env, cwd="/", check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module", name="dist")
def _dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build a wheel and an sdist of every package and of the umbrella."""
    folder = tmp_path_factory.mktemp("dist")
    for project in [*sorted(ROOT.glob("packages/omnitenant-*")), ROOT]:
        done = subprocess.run(
            [sys.executable, "-m", "hatchling", "build", "-d", str(folder)],
            cwd=project,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    return folder


def environment(folder: Path) -> Path:
    """Make an empty environment; returns its Python."""
    venv.create(folder, with_pip=True)
    return folder / "bin" / "python"


def test_the_context_installs_nothing_else(dist: Path, tmp_path: Path) -> None:
    """Plain Python code gets one package."""
    python = environment(tmp_path / "env")
    (wheel,) = dist.glob("omnitenant_context-*.whl")
    run(python, "-m", "pip", "install", "--quiet", "--no-index", wheel)
    installed = run(python, "-m", "pip", "list", "--format=freeze").split()
    names = {line.partition("==")[0] for line in installed}
    assert names - {"pip", "setuptools"} == {"omnitenant-context"}
    assert run(python, "-c", "from omnitenant_context import TenantContext; print('ok')") == "ok\n"


def test_the_wheels_hold_together(dist: Path, tmp_path: Path) -> None:
    """Installed by path, everything is consistent and can be imported."""
    python = environment(tmp_path / "env")
    run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *sorted(dist.glob("*.whl")))
    run(python, "-m", "pip", "check")
    modules = "django_omnitenant, omnitenant_admin, omnitenant_celery, omnitenant_context, omnitenant_drf"
    run(python, "-c", f"import {modules}, omnitenant_models, omnitenant_routing")
    run(python, "-c", "import django_omnitenant.patches.celery")
    origin = run(python, "-c", "import django_omnitenant; print(django_omnitenant.__file__)")
    assert str(tmp_path) in origin


def test_the_umbrella_holds_the_facade_alone(dist: Path) -> None:
    """Neither the wheel nor the sdist swallows the monorepo."""
    (wheel,) = dist.glob("django_omnitenant-*.whl")
    tops = {name.partition("/")[0] for name in ZipFile(wheel).namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"django_omnitenant"}
    (sdist,) = dist.glob("django_omnitenant-*.tar.gz")
    with tarfile.open(sdist) as archive:
        second = {Path(name).parts[1] for name in archive.getnames() if len(Path(name).parts) > 1}
    metadata = {"README.md", "CHANGELOG.md", "LICENSE", "PKG-INFO", "pyproject.toml", "hatch.toml", ".gitignore"}
    assert second <= {"src", *metadata}


def test_every_wheel_has_its_types_and_its_licence(dist: Path) -> None:
    """A type checker and a lawyer find what they look for."""
    wheels = sorted(dist.glob("*.whl"))
    assert len(wheels) == 7
    for wheel in wheels:
        names = ZipFile(wheel).namelist()
        assert any(name.endswith("/py.typed") for name in names), wheel.name
        assert any(name.endswith("licenses/LICENSE") for name in names), wheel.name
