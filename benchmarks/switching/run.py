"""Compares switching between schemas with plain Django and with the peers that are installed.

    python benchmarks/switching/run.py                                  both drivers, a socket and a network
    python benchmarks/switching/run.py --driver psycopg2 --network 1ms --rounds 40

``hatch run peers:switching`` does it where django-tenants and django-pgschemas are installed. Every figure is one of
the clock, for a network is waited for. It is the median ratio to plain Django of rounds that took turns; in brackets
stands the ratio of the best rounds of both, which says more where others use the machine, too.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from statistics import median

HERE = Path(__file__).resolve().parent
INTEGRATION = HERE.parent.parent / "integration_tests"
sys.path[:0] = [str(HERE.parent), str(INTEGRATION), str(INTEGRATION / "postgresql")]

from bench_switching import SIDES, prepare  # type: ignore[import-not-found]  # noqa: E402 - the paths above come first

from harness import Comparison, Side, readable  # noqa: E402 - see above
from proxy import running_proxy  # type: ignore[import-not-found]  # noqa: E402 - the tests'
from servers import PostgresServer, postgres_server  # type: ignore[import-not-found]  # noqa: E402 - the tests'

LIBRARIES = {"tenants": "django_tenants", "pgschemas": "django_pgschemas"}
NETWORKS = ("socket", "tcp", "1ms")
_ROUND_SECONDS = 0.02


@contextmanager
def network(server: PostgresServer, kind: str) -> Iterator[tuple[str, int]]:
    """Give the address by which the sides reach the server."""
    if kind == "socket":
        yield str(server.socket_folder), server.port
    elif kind == "tcp":
        yield server.host, server.port
    else:
        with running_proxy(server.host, server.port, delay=0.001) as port:
            yield "127.0.0.1", port


def measure(sides: list[str], rounds: int) -> dict[str, list[Comparison]]:
    """Time every case on every side in turn; returns for each side but the plain one its comparisons."""
    running = {side: Side("switching", side) for side in sides}
    try:
        answers = [process.answer() for process in running.values()]
        cases = [case["name"] for case in answers[0]]
        found = {side: [Comparison(name) for name in cases] for side in sides if side != "plain"}
        for case in range(len(cases)):
            spent = [running["plain"].seconds(case, 10) for _ in range(3)]
            calls = max(3, int(_ROUND_SECONDS / median(spent)))
            for process in running.values():
                process.seconds(case, calls)  # connections are made, and plans
            for turn in range(rounds):
                order = sides[turn % len(sides) :] + sides[: turn % len(sides)]
                seconds = {side: running[side].seconds(case, calls) for side in order}
                for side, comparisons in found.items():
                    comparisons[case].rounds.append((seconds["plain"], seconds[side]))
        return found
    finally:
        for process in running.values():
            process.stop()


def show(title: str, found: dict[str, list[Comparison]]) -> None:
    """Print the ratios."""
    print(f"\n{title}\n")
    names = [comparison.name for comparison in next(iter(found.values()))]
    width = max(len(SIDES[side]) for side in found)
    print(f"  {'':<{width}}  " + "  ".join(f"{name:>28}" for name in names))
    plain = [median(plain for plain, _ in each.rounds) for each in next(iter(found.values()))]
    print(f"  {SIDES['plain']:<{width}}  " + "  ".join(f"{readable(seconds):>28}" for seconds in plain))
    for side, comparisons in found.items():
        cells = [f"{each.line()[3]} ({_best(each):.2f}x)" for each in comparisons]
        print(f"  {SIDES[side]:<{width}}  " + "  ".join(f"{cell:>28}" for cell in cells), flush=True)


def _best(comparison: Comparison) -> float:
    plain, other = (min(side) for side in zip(*comparison.rounds, strict=True))
    return float(other / plain)


def main(arguments: list[str]) -> int:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--driver", action="append", choices=["psycopg2", "psycopg3"])
    parser.add_argument("--network", action="append", choices=NETWORKS)
    parser.add_argument("--rounds", type=int, default=40)
    options = parser.parse_args(arguments)
    # The processes of the sides look here for what they do.
    os.environ["PYTHONPATH"] = os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")])
    missing = {name for name, library in LIBRARIES.items() if find_spec(library) is None}
    sides = [side for side in SIDES if side.partition("_")[0] not in missing]
    for name in sorted(missing):
        print(f"{LIBRARIES[name]} is not installed and left out", file=sys.stderr)
    with postgres_server() as server:
        server.create_database("switching")
        prepare(lambda statement: server.execute(statement, database="switching"))
        for driver in options.driver or ["psycopg2", "psycopg3"]:
            for kind in options.network or ["socket", "1ms"]:
                with network(server, kind) as (host, port):
                    address = {"HOST": host, "PORT": str(port), "NAME": "switching", "DRIVER": driver}
                    os.environ.update({f"SWITCHING_{name}": value for name, value in address.items()})
                    show(f"{driver}, {kind}", measure(sides, options.rounds))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
