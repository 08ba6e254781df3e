"""Runs a page about PostgreSQL: migrates as the superuser, then does what the page says as the role that it makes.

DOCS_POSTGRES_PORT=5432 DOCS_POSTGRES_NAME=docs python docs/on_postgresql.py docs/howto/use-row-level-security.md
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from blocks import PROJECT, run_page
from omnitenant_context.testing import no_tenant_left

SITE = "site"


def main(page: str) -> None:
    """Run one page, and say how many blocks it has."""
    subprocess.run([sys.executable, "manage.py", "migrate", "--verbosity=0"], cwd=PROJECT, check=True)
    if f"CREATE ROLE {SITE} " in Path(page).read_text(encoding="utf-8"):
        os.environ["DOCS_POSTGRES_USER"] = SITE
    os.environ["DJANGO_SETTINGS_MODULE"] = "mysite.settings"
    sys.path.insert(0, str(PROJECT))
    os.chdir(PROJECT)
    import django

    django.setup()
    with no_tenant_left():
        sys.stdout.write(f"{run_page(Path(page))}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
