"""What the pages and the packages' READMEs say is run."""

from __future__ import annotations

from pathlib import Path

import pytest

from blocks import run_page
from omnitenant_context.testing import no_tenant_left

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
PAGES = sorted(path for path in DOCS.rglob("*.md") if "_build" not in path.parts)
READMES = [ROOT / "README.md", *sorted(ROOT.glob("packages/*/README.md"))]


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("page", [*PAGES, *READMES], ids=lambda path: str(path.relative_to(ROOT)))
def test_what_a_page_says_holds(page: Path) -> None:
    """Every block does what the page says and leaves nobody active; a package's page shows at least one."""
    with no_tenant_left():
        count = run_page(page)
    assert count or "packages" not in page.parts


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
