"""Whoever begins with an empty folder and does what the page says has what the page says."""

from __future__ import annotations

import sys
import venv
from pathlib import Path

import pytest

from walkthrough import ROOT, Walk, blocks_of

README = ROOT / "README.md"
TUTORIAL = ROOT / "docs" / "tutorial" / "first-tenants.md"


@pytest.fixture(scope="module", name="python")
def _python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make an environment with nothing in it but pip."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=True)
    return folder / "bin" / "python"


@pytest.mark.parametrize(
    ("page", "sections", "pages"),
    [
        (README, ["Your own project", "What happens if I forget?"], 3),
        (TUTORIAL, [], 5),
    ],
    ids=["README", "tutorial"],
)
def test_an_empty_folder_becomes_the_site(
    page: Path, sections: list[str], pages: int, python: Path, tmp_path: Path
) -> None:
    """The packages install by path, the files make a project, and commands, errors and pages are as shown."""
    walk = Walk(tmp_path, python)
    walk.follow(page.read_text(encoding="utf-8"), *sections)
    assert walk.done["files"] == len(["models", "settings", "urls"])
    assert walk.done["pages"] == pages
    assert walk.done["commands"] >= len(["install", "startproject", "startapp", "makemigrations", "migrate"])
    assert sorted(path.name for path in tmp_path.glob("*.sqlite3")) == ["acme.sqlite3", "db.sqlite3"]


@pytest.mark.parametrize(
    ("page", "complaint"),
    [
        ("```sh\nfalse\n```\n", "false ended with 1"),
        ("```sh\ntrue\n```\n```text\n...\nValueError: no\n```\n", "true ended with 0"),
        ("```sh\necho one\n```\n```text\ntwo\n```\n", "instead of:\ntwo"),
        ("```python\n# nowhere/models.py\n```\n", "there is no folder for nowhere/models.py"),
        ("```python\n>>> 1 + 1\n3\n```\n", "Expected:"),
        ("```text\nhttp://acme.localhost:8000/   404\n```\n", "refused"),
        ("```sh\npython manage.py runserver\n```\n", "the site is not served"),
        ("```python\nprint()\n```\n", "nobody checks this block of 'python'"),
        ("```yaml\na: 1\n```\n", "nobody checks this block of 'yaml'"),
    ],
)
def test_a_page_that_is_wrong_is_found(page: str, complaint: str, tmp_path: Path) -> None:
    """The walk itself sees each kind of mistake."""
    walk = Walk(tmp_path, Path(sys.executable), settings="django.conf.global_settings")
    with pytest.raises((AssertionError, OSError), match=complaint):
        walk.follow(page)


def test_a_section_is_what_stands_below_its_heading() -> None:
    """Blocks of other sections are somebody else's."""
    page = "```sh\none\n```\n## A\n```sh\ntwo\n```\n### B\n```sh\nthree\n```\n## C\n```sh\nfour\n```\n"
    assert [block.content for block in blocks_of(page, "A")] == ["two\n", "three\n"]
    assert len(list(blocks_of(page))) == len(["one", "two", "three", "four"])
