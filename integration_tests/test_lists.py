"""Every list of the packages names all of them, and what may be imported is what was meant."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = {path.name: path for path in sorted(ROOT.glob("packages/omnitenant-*"))}
MODULES = sorted([*(name.replace("-", "_") for name in PACKAGES), "django_omnitenant"])
CONFIG: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
ENVS: dict[str, Any] = tomllib.loads((ROOT / "hatch.toml").read_text(encoding="utf-8"))["envs"]


def siblings(package: Path) -> set[str]:
    """Give the packages that one stands on, directly or by another."""
    project = tomllib.loads((package / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    direct = {name for name in PACKAGES for text in project["dependencies"] if text.startswith(f"{name}>")}
    return direct.union(*(siblings(PACKAGES[name]) for name in direct))


def test_every_tool_knows_every_package() -> None:
    """A package that a tool does not know is not checked."""
    assert sorted(CONFIG["importlinter"]["root_packages"]) == MODULES
    assert sorted(CONFIG["ruff"]["lint"]["isort"]["known-first-party"]) == MODULES
    checked = {Path(folder).parent.name for folder in CONFIG["mypy"]["mypy_path"] if folder.startswith("packages/")}
    assert checked == set(PACKAGES)


@pytest.mark.parametrize("name", PACKAGES)
def test_a_package_alone_has_what_it_declares(name: str) -> None:
    """Its environment holds the siblings it stands on, and no other that could hide a missing declaration."""
    short = name.removeprefix("omnitenant-")
    rows = ENVS["unit"]["overrides"]["matrix"]["package"]["workspace"]["members"]
    assert {Path(row["value"]).name for row in rows if short in row["if"]} == siblings(PACKAGES[name])


@pytest.mark.parametrize("env", ["default", "matrix", "peers", "tools", "unit"])
def test_the_umbrella_is_never_asked_of_the_index(env: str) -> None:
    """An unrelated project has its name there: it is installed by path, or not at all."""
    inherits = ENVS[env].get("template", "default") == "default"
    config = {**ENVS["default"], **ENVS[env]} if inherits else ENVS[env]
    assert config["skip-install"] is True
    if any(text.startswith("django-omnitenant") for text in config["dependencies"]):
        assert config["sources"]["django-omnitenant"]["path"] == "."


@pytest.mark.parametrize("folder", [ROOT / "src", *(path / "src" for path in PACKAGES.values())], ids=str)
def test_internals_stay_in_their_package(folder: Path) -> None:
    """A module with an underscore may change at any time: no sibling imports it."""
    (own,) = (path.name for path in folder.iterdir() if path.is_dir())
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else names
            for name in names:
                top, *rest = name.split(".")
                foreign = top in MODULES and top != own
                assert not (foreign and any(part.startswith("_") for part in rest)), f"{path}: {name}"
