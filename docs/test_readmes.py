"""What the READMEs say of the repository is so."""

from __future__ import annotations

import doctest
import importlib.util
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from walkthrough import ROOT, blocks_of

README = ROOT / "README.md"
DEMO = ROOT / "examples" / "saas" / "demo.py"
PAGES = [
    README,
    ROOT / "CONTRIBUTING.md",
    *sorted(ROOT.glob("packages/*/README.md")),
    *sorted(path for path in (ROOT / "docs").rglob("*.md") if "_build" not in path.parts),
]
MOST_BYTES = 200_000


def test_the_two_commands_are_these() -> None:
    """They are what the demo and the tests begin with, and hatch knows both scripts."""
    text = README.read_text(encoding="utf-8")
    scripts = tomllib.loads((ROOT / "hatch.toml").read_text(encoding="utf-8"))["envs"]["default"]["scripts"]
    for script in ("demo", "test"):
        assert f"```sh\npython3 -m pip install hatch && hatch run {script}\n```" in text
        assert script in scripts


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_hatch_knows_every_script_that_is_named(page: Path) -> None:
    """``hatch run x`` and ``hatch run env:x`` name scripts that exist."""
    environments = tomllib.loads((ROOT / "hatch.toml").read_text(encoding="utf-8"))["envs"]
    for name in re.findall(r"hatch run (?:\+\S+ )*([\w:]+)", page.read_text(encoding="utf-8")):
        environment, _, script = name.rpartition(":")
        known = environments[environment or "default"]
        if known.get("template", "default") == "default":
            known = {"scripts": {**environments["default"]["scripts"], **known.get("scripts", {})}}
        assert script in known["scripts"], name


def test_the_demo_prints_where_it_serves(capsys: pytest.CaptureFixture[str]) -> None:
    """The README shows the first lines of it."""
    spec = importlib.util.spec_from_file_location("demo", DEMO)
    assert spec is not None
    assert spec.loader is not None
    demo: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(demo)
    demo.announce(8000)
    told = capsys.readouterr().out
    (shown,) = (
        block.content for block in blocks_of(README.read_text("utf-8"), "Try it") if "operators" in block.content
    )
    assert shown in told


def test_the_demo_prints_who_saw_what() -> None:
    """The table in the README is what ``--once`` prints, whatever the folder is called."""
    env = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    done = subprocess.run([sys.executable, DEMO, "--once"], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (shown,) = (
        block.content for block in blocks_of(README.read_text("utf-8"), "Try it") if "foreign rows" in block.content
    )
    assert doctest.OutputChecker().check_output(shown, done.stdout, doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE), (
        done.stdout
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    """Files that pages and pictures refer to exist beside them."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)#\s]+)", text):
        assert re.match(r"https?://", target) or (page.parent / target).exists(), target


def test_pictures_are_small() -> None:
    """They come along with every clone."""
    pictures = list((ROOT / "docs" / "images").glob("*.png"))
    assert pictures
    assert [path.name for path in pictures if path.stat().st_size > MOST_BYTES] == []


@pytest.mark.parametrize("page", sorted(ROOT.glob("packages/*/README.md")), ids=lambda path: path.parent.name)
def test_a_package_is_installed_with_what_it_stands_on(page: Path) -> None:
    """The line installs it and its siblings by path, those first on which others stand."""
    name = page.parent.name
    wanted = [f"./packages/{each}" for each in [*siblings(name), name]]
    (shown,) = (block.content for block in blocks_of(page.read_text(encoding="utf-8")) if block.language == "sh")
    assert shown.replace("\\\n", "").split() == ["python", "-m", "pip", "install", *wanted]


def siblings(name: str) -> list[str]:
    """Name the packages of this repository that one requires, directly or not."""
    found: dict[str, None] = {}
    for each in sorted(required(name)):
        found |= dict.fromkeys([*siblings(each), each])
    return list(found)


def test_the_arrows_are_those_that_the_packages_declare() -> None:
    """The page about the architecture shows what each package requires."""
    page = (ROOT / "docs" / "explanation" / "architecture.md").read_text(encoding="utf-8")
    (arrows,) = (block.content for block in blocks_of(page) if block.language == "text")
    shown = {name: set(re.findall(r"omnitenant_\w+", others)) for name, others in re.findall(r"(\w+) +-> (.+)", arrows)}
    wanted = {
        path.name.replace("-", "_"): {each.replace("-", "_") for each in required(path.name)}
        for path in ROOT.glob("packages/*")
    }
    assert {name: others for name, others in shown.items() if name != "django_omnitenant"} == wanted


def required(name: str) -> list[str]:
    """Name the packages of this repository that one requires itself."""
    project = tomllib.loads((ROOT / "packages" / name / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [match[0] for text in project["dependencies"] if (match := re.match(r"omnitenant-\w+", text))]
