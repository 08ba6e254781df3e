"""Runs Django's own test suite on our engine beside the stock engine: the same tests must end the same way.

    hatch run suite                                            the labels below, with psycopg2 and psycopg 3
    hatch run suite --driver psycopg3-ssb transactions queries

Django's source distribution is fetched for the version that is installed, and kept in a folder of the system's for
temporary files. The PostgreSQL server is the test run's, or one of yours that lets the role ``postgres`` in without a
password (``--server HOST:PORT``), where ``postgres_tests`` can be run, too. Exit status 1: a test ended otherwise on
our engine.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import time
from collections import Counter
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

HERE = Path(__file__).resolve().parent
INTEGRATION = HERE.parent.parent / "integration_tests"
sys.path[:0] = [str(INTEGRATION), str(INTEGRATION / "postgresql")]

import django  # noqa: E402 - the paths above come first

from drivers import DRIVERS  # type: ignore[import-not-found]  # noqa: E402 - the tests'
from servers import PostgresServer, postgres_server  # type: ignore[import-not-found]  # noqa: E402 - the tests'

LABELS = """
admin_changelist aggregation aggregation_regress annotations async backends basic bulk_create constraints
custom_columns custom_lookups datatypes dates datetimes db_typecasts db_utils defer delete
delete_regress distinct_on_fields expressions expressions_case expressions_window fixtures force_insert_update
foreign_object from_db_value generic_relations get_or_create indexes inspectdb introspection lookup m2m_regress
m2m_through many_to_many migrations migrations2 model_fields model_inheritance multiple_database nested_foreign_keys
null_queries ordering prefetch_related queries queryset_pickle raw_query schema select_for_update select_related
serializers sites_tests string_lookup test_runner test_utils timezones transaction_hooks transactions update
update_only_fields validation
""".split()  # noqa: SIM905 - one can read them
"""Not ``postgres_tests`` and ``db_functions``: the wheel's server lacks the extensions that they make."""

NOWHERE = Path("/")
"""Where a server has its sockets that was not started here."""

EXPECTED = {
    "backends.postgresql.tests.Tests.test_connect_custom_cursor_factory",
    "backends.postgresql.tests.Tests.test_connect_server_side_binding",
}
"""They assert that the cursor class is the very one that was asked for; ours is a subclass."""


def server_of(address: str | None) -> AbstractContextManager[PostgresServer]:
    """Return the server at an address, or a new one."""
    if address is None:
        started: AbstractContextManager[PostgresServer] = postgres_server()
        return started
    host, _, port = address.partition(":")
    return nullcontext(PostgresServer(host, int(port or 5432), NOWHERE))


def fetch_source() -> Path:
    """Return the folder of Django's source distribution."""
    name = f"django-{django.__version__}"
    folder = Path(tempfile.gettempdir()) / "omnitenant-django-suite"
    folder.mkdir(exist_ok=True)
    if not (folder / name).exists():
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", "django"]
        subprocess.run([*command, "--dest", str(folder), f"django=={django.__version__}"], check=True)
        with tarfile.open(folder / f"{name}.tar.gz") as archive:
            archive.extractall(folder, filter="data")
    return folder / name


def run(source: Path, server: PostgresServer, side: str, driver: str, labels: list[str]) -> dict[str, str]:
    """Run the suite on one engine; returns how each test ended."""
    with tempfile.TemporaryDirectory() as scratch:
        outcomes, log = Path(scratch) / "outcomes.json", Path(scratch) / "log"
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(
                [str(HERE), str(INTEGRATION / "postgresql"), os.environ.get("PYTHONPATH", "")]
            ),
            "SUITE_SIDE": side,
            "SUITE_DRIVER": driver,
            "SUITE_HOST": server.host,
            "SUITE_PORT": str(server.port),
            "SUITE_WHEEL": "" if server.socket_folder == NOWHERE else "yes",
            "SUITE_OUTCOMES": str(outcomes),
        }
        command = [sys.executable, "runtests.py", "--settings=suite_settings", "--parallel=1", "--noinput", *labels]
        with log.open("w") as output:
            subprocess.run(command, cwd=source / "tests", env=environment, stdout=output, stderr=output, check=False)
        if not outcomes.exists():
            print(log.read_text()[-5000:], file=sys.stderr)
            message = f"the suite did not get to its end on the {side} engine with {driver}"
            raise RuntimeError(message)
        found: dict[str, str] = json.loads(outcomes.read_text())
        broken = {name for name, outcome in found.items() if outcome in {"failed", "error"}}
        if side == "ours" and broken - EXPECTED:
            print(log.read_text()[-20000:], file=sys.stderr)
        return found


def differing(stock: dict[str, str], ours: dict[str, str]) -> list[str]:
    """Return the tests that did not end the same way."""
    return sorted(name for name in stock.keys() | ours.keys() if stock.get(name) != ours.get(name))


def compare(driver: str, stock: dict[str, str], ours: dict[str, str]) -> bool:
    """Print how both sides ended; returns whether they are the same, but for what is expected."""
    for side, outcomes in (("stock", stock), ("ours", ours)):
        counts = ", ".join(f"{number} {outcome}" for outcome, number in sorted(Counter(outcomes.values()).items()))
        print(f"{driver:14} {side:6} {len(outcomes)} tests: {counts}")
    for name in sorted(stock):
        if stock[name] == ours.get(name) in {"error", "failed"}:
            print(f"  on both: {name}: {stock[name]}")
    found = differing(stock, ours)
    for name in found:
        how = "as expected" if name in EXPECTED else "OTHERWISE"
        print(f"  {how}: {name}: {stock.get(name)} and {ours.get(name)}")
    return set(found) <= EXPECTED


def main(arguments: list[str]) -> int:
    """Run and compare both engines with each driver."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("labels", nargs="*", help="labels of Django's suite; a good part of it when left out")
    parser.add_argument("--driver", action="append", choices=[each for each in DRIVERS if each != "psycopg3-pool"])
    parser.add_argument(
        "--server", metavar="HOST:PORT", help="a server of yours; every new database gets a schema there"
    )
    options = parser.parse_args(arguments)
    source = fetch_source()
    same = True
    with server_of(options.server) as server:
        server.execute("CREATE SCHEMA IF NOT EXISTS alt", database="template1")
        for driver in options.driver or ["psycopg2", "psycopg3"]:
            sides = {}
            for side in ("stock", "ours"):
                began = time.monotonic()
                sides[side] = run(source, server, side, driver, options.labels or LABELS)
                print(f"{driver:14} {side:6} {time.monotonic() - began:.0f} s", flush=True)
            # Some tests measure times: what differs is run again, alone.
            names = [name for name in differing(sides["stock"], sides["ours"]) if name not in EXPECTED]
            for side in sides if names else ():
                sides[side].update(run(source, server, side, driver, names))
            same = compare(driver, sides["stock"], sides["ours"]) and same
    print("the same tests, the same results" if same else "NOT the same results")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
