"""What the pages and the packages' READMEs say is run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from blocks import run_page
from omnitenant_context.testing import no_tenant_left
from servers import PostgresServer
from walkthrough import ROOT

DOCS = ROOT / "docs"
READMES = sorted(ROOT.glob("packages/*/README.md"))
TUTORIALS = DOCS / "tutorial"  # followed from an empty folder
POSTGRESQL = [  # they need a server
    DOCS / "explanation" / "postgresql.md",
    DOCS / "howto" / "use-postgresql.md",
    DOCS / "howto" / "use-row-level-security.md",
]
PAGES = sorted(
    {path for path in DOCS.rglob("*.md") if "_build" not in path.parts} - {*TUTORIALS.glob("*.md"), *POSTGRESQL}
)
SHOWS_ONLY = {"{toctree}", "{eval-rst}"}


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("page", [*PAGES, *READMES], ids=lambda path: str(path.relative_to(ROOT)))
def test_what_a_page_says_holds(page: Path) -> None:
    """Every block does what the page says and leaves nobody active; what is about doing shows how at least once."""
    with no_tenant_left():
        count = run_page(page)
    assert count or not {"howto", "packages"} & set(page.parts)


@pytest.mark.parametrize("page", POSTGRESQL, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_a_page_about_postgresql_says_holds(page: Path, postgresql: PostgresServer) -> None:
    """The same, in a process of its own, whose project is on a server of PostgreSQL."""
    name = f"docs_{page.stem.replace('-', '_')}"
    postgresql.create_database(name)
    environment = {**os.environ, "DOCS_POSTGRES_PORT": str(postgresql.port), "DOCS_POSTGRES_NAME": name}
    command = [sys.executable, str(DOCS / "on_postgresql.py"), str(page)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, cwd=DOCS)
    assert done.returncode == 0, done.stdout + done.stderr
    assert int(done.stdout.split()[-1]) > 0


@pytest.mark.parametrize("page", [*PAGES, *READMES], ids=lambda path: str(path.relative_to(ROOT)))
def test_no_block_is_only_shown(page: Path) -> None:
    """But for the arrows between packages, and for the lines that install one, which have tests of their own."""
    text = page.read_text(encoding="utf-8")
    languages = set(re.findall(r"^```(\S+)", text, flags=re.MULTILINE)) - SHOWS_ONLY - {"python", "console"}
    if page.name == "architecture.md":
        assert languages == {"text"}
    elif page in READMES:
        assert languages == {"sh"}
        assert text.count("```sh") == 1
    else:
        assert languages == set()


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("```python\n1 / 0\n```\n", "division by zero"),
        ("```python\n>>> 1 + 1\n3\n```\n", "Expected"),
        ("```python\n# myapp/models.py\nclass Elsewhere:\n```\n", "does not hold these lines"),
        ("```console\n$ python manage.py nosuchcommand\n```\n", "ended with 1"),
        ("```console\n$ python manage.py check\nfine\n```\n", "instead of"),
        ("```console\n$ rm -r /\n```\n", "only 'python manage.py'"),
    ],
)
def test_a_page_that_is_wrong_is_found(text: str, complaint: str, tmp_path: Path) -> None:
    """The runner itself sees each kind of mistake."""
    page = tmp_path / "page.md"
    page.write_text(text, encoding="utf-8")
    with pytest.raises(Exception, match=complaint):
        run_page(page)
