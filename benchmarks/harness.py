"""Times alternatives against each other in one run; what counts is the ratio, not the time.

A benchmark is a script ``bench_<what>.py`` that makes cases and hands them to :func:`main`::

    main("what is compared", [Case("plain Django", plain), Case("omnitenant", ours)])

The first case is the yardstick. The rounds of all cases are interleaved, so that a machine that slows down slows all of
them, and medians are compared, so that a hiccup counts once.
"""

from __future__ import annotations

import argparse
import gc
import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Case", "main", "measure"]

_ROUND_SECONDS = 0.02
"""How long one round of a case should take: far more than the clock's resolution."""


@dataclass
class Case:
    """One of the alternatives.

    Attributes:
        name: what the table calls it.
        call: what is timed, called without arguments.
        calls: how often a round calls it; 0 to find out what gives a round of useful length.
        note: a short remark for the table, such as a number of statements.
        seconds: the measured time of one call, for each round.
    """

    name: str
    call: Callable[[], Any]
    calls: int = 0
    note: str = ""
    seconds: list[float] = field(default_factory=list)

    def run_round(self) -> float:
        """Run one round.

        Returns:
            Seconds of one call.
        """
        call = self.call
        began = time.perf_counter()
        for _ in range(self.calls):
            call()
        return (time.perf_counter() - began) / self.calls

    def calibrate(self) -> None:
        """Warm up, and choose how many calls make a round."""
        self.call()
        if not self.calls:
            self.calls = 1
            while (spent := self.run_round() * self.calls) < _ROUND_SECONDS / 2:
                self.calls *= 10 if spent < _ROUND_SECONDS / 20 else 2


def measure(cases: Sequence[Case], rounds: int) -> None:
    """Time the cases in interleaved rounds; fills their ``seconds``."""
    for case in cases:
        case.calibrate()
    enabled = gc.isenabled()
    for turn in range(rounds):
        # Every other round backwards: no case always runs on what the same other one left in the caches.
        for case in cases if turn % 2 == 0 else reversed(cases):
            gc.collect()
            gc.disable()
            try:
                case.seconds.append(case.run_round())
            finally:
                if enabled:
                    gc.enable()


def main(title: str, *groups: Sequence[Case]) -> None:
    """Read the command line, time each group of cases, and print a table for it.

    Args:
        title: what is compared.
        groups: the cases; the first of each group is what the others are compared with.
    """
    parser = argparse.ArgumentParser(description=title)
    parser.add_argument("--rounds", type=int, default=25, help="rounds of each case (default: %(default)s)")
    parser.add_argument("--quick", action="store_true", help="three rounds: shows that it runs, and little else")
    options = parser.parse_args()
    _warn_about_load()
    print(f"\n{title}")
    for cases in groups:
        measure(cases, 3 if options.quick else options.rounds)
        _print_table(cases)


def _print_table(cases: Sequence[Case]) -> None:
    yardstick = statistics.median(cases[0].seconds)
    width = max(len(case.name) for case in cases)
    print()
    for case in cases:
        median = statistics.median(case.seconds)
        spread = (max(case.seconds) - min(case.seconds)) / median
        ratio = f"{median / yardstick:6.2f} x"
        print(f"  {case.name:<{width}}  {_readable(median):>10}  {ratio}  spread {spread:4.0%}  {case.note}".rstrip())


def _readable(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.2f} {unit}"
    return f"{seconds / 1e-9:.0f} ns"


def _warn_about_load() -> None:
    if hasattr(os, "getloadavg"):
        load, cores = os.getloadavg()[0], os.cpu_count() or 1
        if load > cores / 2:
            print(f"load {load:.1f} on {cores} cores: others are working here, trust ratios only", file=sys.stderr)
