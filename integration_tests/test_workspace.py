"""The shape of the repository: what one place says of the packages, the others say too."""

from __future__ import annotations

import ast
import importlib
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
NAMES = ["admin", "celery", "context", "drf", "models", "routing"]
PACKAGES = {name: ROOT / "packages" / f"omnitenant-{name}" for name in NAMES}


def toml(path: Path) -> dict[str, Any]:
    """Read a TOML file."""
    return tomllib.loads(path.read_text(encoding="utf-8"))


def required(project: dict[str, Any]) -> dict[str, str]:
    """Map what a project requires, its extras included, to the ranges."""
    extras = project.get("optional-dependencies", {}).values()
    texts = [*project["dependencies"], *(text for extra in extras for text in extra)]
    pairs = [re.match(r"([A-Za-z0-9._-]+)(?:\[[^]]*])?(.*)", text) for text in texts]
    return {match[1].lower(): match[2] for match in pairs if match}


def imports(folder: Path) -> Iterator[tuple[Path, str]]:
    """Find the top-level modules that the code in a folder imports."""
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                yield from ((path, alias.name.partition(".")[0]) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield path, node.module.partition(".")[0]


def test_the_packages_are_these() -> None:
    """A seventh package must be added to every list on purpose."""
    assert sorted(path.name for path in (ROOT / "packages").iterdir()) == [p.name for p in PACKAGES.values()]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("file", ["README.md", "CHANGELOG.md", "LICENSE", "pyproject.toml", "changelog.d", "tests"])
def test_each_package_stands_alone(name: str, file: str) -> None:
    """Its sdist is read without the rest of the repository."""
    assert (PACKAGES[name] / file).exists()


@pytest.mark.parametrize("name", NAMES)
def test_each_package_is_typed_and_named_after_its_folder(name: str) -> None:
    """``omnitenant-x`` is imported as ``omnitenant_x``, and ships its types."""
    assert (PACKAGES[name] / "src" / f"omnitenant_{name}" / "py.typed").exists()
    assert toml(PACKAGES[name] / "pyproject.toml")["project"]["name"] == f"omnitenant-{name}"


def test_the_umbrella_requires_what_the_design_says() -> None:
    """The context, models, routing and admin are always there; Celery and REST framework on request."""
    project = toml(ROOT / "pyproject.toml")["project"]
    hard = {name for name in required({"dependencies": project["dependencies"]}) if "omnitenant" in name}
    assert hard == {f"omnitenant-{name}" for name in ("admin", "context", "models", "routing")}
    assert "psycopg2-binary" in required(project)
    assert set(project["optional-dependencies"]) == {"all", "celery", "drf", "redis"}


@pytest.mark.parametrize("folder", [ROOT, *PACKAGES.values()], ids=lambda path: path.name)
def test_ranges_hold_the_versions_that_are_here(folder: Path) -> None:
    """A package that is bumped out of a sibling's range is found before an installer finds it."""
    versions = {p.name: toml(p / "pyproject.toml")["project"]["version"] for p in PACKAGES.values()}
    for name, wanted in required(toml(folder / "pyproject.toml")["project"]).items():
        if name in versions:
            major, minor, _patch = versions[name].split(".")
            assert wanted == f">={major}.{minor},<{major}.{int(minor) + 1}", name


def test_every_package_is_tested_alone() -> None:
    """The matrix of unit environments names all of them."""
    (row,) = toml(ROOT / "hatch.toml")["envs"]["unit"]["matrix"]
    assert sorted(row["package"]) == NAMES


@pytest.mark.parametrize("name", [*NAMES, "umbrella"])
def test_what_is_imported_is_declared(name: str) -> None:
    """An import that another package happens to bring is a dependency that is missing."""
    folder = PACKAGES.get(name, ROOT)
    source = folder / "src" if name in PACKAGES else ROOT / "src"
    project = toml(folder / "pyproject.toml")["project"]
    declared = {re.sub(r"[-_.]+", "-", each) for each in required(project)} | {project["name"]}
    homes = packages_distributions()
    for path, module in imports(source):
        if module in sys.stdlib_module_names:
            continue
        owners = {re.sub(r"[-_.]+", "-", each).lower() for each in homes.get(module, [module])}
        # pytest itself loads its plugin.
        optional = (name, module) == ("celery", "django") or (path.name, module) == ("pytest_plugin.py", "pytest")
        assert owners & declared or optional, f"{path.relative_to(ROOT)} imports {module}, of {owners}"


@pytest.mark.parametrize("name", NAMES)
def test_what_a_package_names_is_what_it_binds(name: str) -> None:
    """``__all__`` of each public module is sorted and holds names that exist."""
    source = PACKAGES[name] / "src"
    for path in source.rglob("*.py"):
        parts = path.relative_to(source).with_suffix("").parts
        if any(part.startswith("_") for part in parts if part != "__init__") or "management" in parts:
            continue
        module = importlib.import_module(".".join(part for part in parts if part != "__init__"))
        names = getattr(module, "__all__", None)
        assert names is not None, f"{module.__name__} has no __all__"
        assert [each for each in names if not hasattr(module, each)] == [], module.__name__


def test_the_facade_hands_on_and_adds_nothing() -> None:
    """No class or function is made in ``django_omnitenant``, but for its AppConfig."""
    for path in (ROOT / "src" / "django_omnitenant").rglob("*.py"):
        made = [
            node.name
            for node in ast.parse(path.read_text(encoding="utf-8")).body
            if isinstance(node, ast.ClassDef | ast.FunctionDef)
        ]
        assert made == (["DjangoOmnitenantConfig"] if path.name == "apps.py" else []), path


def test_every_command_is_found_through_the_facade() -> None:
    """A project installs one app and has every command."""
    commands = {
        path.stem for path in ROOT.glob("packages/*/src/*/management/commands/*.py") if not path.stem.startswith("_")
    }
    handed_on = {
        path.stem
        for path in (ROOT / "src/django_omnitenant/management/commands").glob("*.py")
        if not path.stem.startswith("_")
    }
    assert handed_on == commands
