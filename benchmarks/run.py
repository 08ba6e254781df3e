"""Runs the benchmarks: ``hatch run bench [TOPIC ...] [--rounds N] [--quick]``."""

from __future__ import annotations

import argparse
import os
import sys
from importlib import import_module

from harness import measure, print_table

TOPICS = ["imports", "context", "request", "rows", "connections", "caches"]


def main(arguments: list[str]) -> int:
    """Run the topics that are named, or all; returns 1 if one of them broke."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("topics", nargs="*", metavar="TOPIC", help=f"{', '.join(TOPICS)}; all of them when left out")
    parser.add_argument("--rounds", type=int, default=24, help="rounds of each case (default: %(default)s)")
    parser.add_argument("--quick", action="store_true", help="two rounds: shows that it runs, and little else")
    options = parser.parse_args(arguments)
    unknown = set(options.topics) - set(TOPICS)
    if unknown or options.rounds < 1:
        parser.error(f"unknown topic {unknown.pop()!r}; there are {', '.join(TOPICS)}" if unknown else "too few rounds")
    rounds, pairs = (2, 1) if options.quick else (options.rounds, min(3, options.rounds))
    _warn_about_load()
    broken = []
    for topic in options.topics or TOPICS:
        title = (import_module(f"bench_{topic}").__doc__ or topic).splitlines()[0]
        try:
            print_table(f"{topic}: {title}", measure(topic, rounds, pairs))
        except RuntimeError as error:
            print(f"{topic}: {error}", file=sys.stderr)
            broken.append(topic)
    return 1 if broken else 0


def _warn_about_load() -> None:
    if hasattr(os, "getloadavg"):
        load, cores = os.getloadavg()[0], os.cpu_count() or 1
        if load > cores / 2:
            print(f"load {load:.1f} on {cores} cores: others are working here, run it again later", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
