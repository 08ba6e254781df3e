"""Puts the portable probes to other libraries for tenants, and writes the page that shows what held.

    python integration_tests/torture/peers.py            writes docs/explanation/peers.md
    python integration_tests/torture/peers.py --print    prints the page instead

Each library is installed from the package index into a virtual environment of its own, which goes away afterwards;
all of them, this project too, run on one PostgreSQL server that is made for it, as a role without privileges.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import tomllib
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from harness.page import write_page  # noqa: E402 - found by the path above
from servers import PostgresServer, postgres_server  # noqa: E402 - found by the path above

ROOT = HERE.parent.parent
PAGE = ROOT / "docs" / "explanation" / "peers.md"
LIBRARIES = ("django-scopes", "django-multitenant", "django-easy-tenants", "django-rls-tenants")
NEEDED = ("django~=5.2.0", "psycopg2-binary")
OLDEST = (3, 12)
"""The Python that the newest of them wants."""


class Result(NamedTuple):
    """What became of a library.

    Attributes:
        name: as on the package index.
        version: that was installed.
        django: the version of Django.
        verdicts: by name of the probe, whether it held and what was told.
    """

    name: str
    version: str
    django: str
    verdicts: dict[str, tuple[bool, str]]


def find_python(wish: str | None) -> str:
    """Return an interpreter that all libraries run on: the one that is wished for, this one, or one that is found.

    Raises:
        SystemExit: there is none.
    """
    found = [wish] if wish else [sys.executable, *filter(None, map(shutil.which, ("python3.13", "python3.12")))]
    if not wish:
        found += map(str, sorted(Path.home().glob(".pyenv/versions/3.1[2-9].*/bin/python"), reverse=True))
    for each in found:
        asking = [each, "-c", f"import sys; sys.exit(sys.version_info < {OLDEST!r})"]
        if subprocess.run(asking, capture_output=True, check=False).returncode == 0:
            return each
    message = f"the libraries need Python {'.'.join(map(str, OLDEST))} or later; name one with --python"
    raise SystemExit(message)


def run_library(name: str, python: str, server: PostgresServer, folder: Path) -> Result:
    """Install a library and put the probes to it."""
    home = folder / name
    subprocess.run([python, "-m", "venv", str(home)], check=True)
    inner = home / "bin" / "python"
    subprocess.run([str(inner), "-m", "pip", "install", "--quiet", name, *NEEDED], check=True)
    module = name.replace("-", "_")
    report = folder / f"{module}.json"
    database = make_database(server, module)
    command = [str(inner), str(HERE / "peer.py"), module, json.dumps(database), str(report)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    told = json.loads(report.read_text(encoding="utf-8"))
    asking = f"from importlib.metadata import version; print(version({name!r}))"
    installed = subprocess.run([str(inner), "-c", asking], capture_output=True, text=True, check=True).stdout.strip()
    return Result(name, installed, told["django"], verdicts_of(told["verdicts"]))


def make_database(server: PostgresServer, name: str) -> dict[str, Any]:
    """Make a database that a role without privileges owns, so that policies hold for it."""
    server.create_database(name)
    server.execute(f'ALTER DATABASE "{name}" OWNER TO torture')
    server.execute("ALTER SCHEMA public OWNER TO torture", database=name)
    return server.settings(name, USER="torture", PASSWORD="torture")


def run_ourselves(folder: Path) -> Result:
    """Put the same probes to this project, on the same kind of server."""
    report = folder / "omnitenant.json"
    command = [sys.executable, str(HERE / "run.py"), "--world", "postgresql", "--portable", "--report", str(report)]
    subprocess.run(command, check=False, stdout=subprocess.DEVNULL)
    verdicts = verdicts_of(json.loads(report.read_text(encoding="utf-8")))
    project = tomllib.loads((ROOT / "packages" / "omnitenant-models" / "pyproject.toml").read_text(encoding="utf-8"))
    return Result("omnitenant", project["project"]["version"], version("django"), verdicts)


def verdicts_of(told: list[dict[str, Any]]) -> dict[str, tuple[bool, str]]:
    """Return verdicts by the name of their probe."""
    return {each["name"]: (each["held"], each["told"]) for each in told}


def main(arguments: list[str]) -> int:
    """Run all libraries and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--print", action="store_true", dest="show", help="print the page, change nothing")
    parser.add_argument("--python", help="the interpreter for the libraries; 3.12 or later")
    options = parser.parse_args(arguments)
    python = find_python(options.python)
    with tempfile.TemporaryDirectory(prefix="peers-") as name, postgres_server() as server:
        folder = Path(name)
        server.execute("CREATE ROLE torture LOGIN PASSWORD 'torture'")
        results = [run_ourselves(folder), *(run_library(each, python, server, folder) for each in LIBRARIES)]
        postgresql = server.execute("SHOW server_version")[0][0]
    page = write_page(results, postgresql=postgresql, date=datetime.now(UTC).date())
    if options.show:
        print(page)
    else:
        PAGE.write_text(page, encoding="utf-8")
    for result in results:
        held = sum(each for each, _ in result.verdicts.values())
        print(f"{result.name} {result.version}: {held} of {len(result.verdicts)} probes held")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
