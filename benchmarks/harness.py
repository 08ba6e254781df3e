"""Compares plain Django with ours: each side in a process of its own, the rounds of both interleaved in time.

A topic is a module ``bench_<topic>.py`` with two functions, ``plain()`` and ``ours()``. Each prepares what it needs
and returns its cases; cases of the same name are compared. The two run in different processes, because one process
holds one configuration of Django, and take turns: a machine that slows down slows both.

What counts is the ratio. It is the median over all rounds of ours through plain, where a round times both sides one
right after the other. The pair of processes is made anew a few times in a run: where a process happens to lay its
objects moves a figure by several per cent, for as long as it lives.

Time is the processor time of the process, all its threads together: nothing here waits for a disk or a network, and so
a machine on which others work too changes little. Only what starts processes of its own is timed by the clock.
"""

from __future__ import annotations

import asyncio
import gc
import inspect
import json
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles
from typing import Any

__all__ = ["Case", "Comparison", "measure", "print_table"]

HERE = Path(__file__).resolve().parent
SIDES = ("plain", "ours")

_ROUND_SECONDS = 0.01
"""How long a round of one side takes, about: far more than the clock's resolution."""


@dataclass(frozen=True)
class Case:
    """One thing to time, on one side.

    Attributes:
        name: what the table calls it; the same on both sides.
        call: what is timed, without arguments; a function or a coroutine function.
        around: makes what is entered around each round, outside of what is timed.
        clock: gives seconds.
        counted: whether to count the statements of one call, for the table.
        remark: a note for the table.
    """

    name: str
    call: Callable[[], Any]
    around: Callable[[], AbstractContextManager[Any]] = nullcontext
    clock: Callable[[], float] = time.process_time
    counted: bool = False
    remark: str = ""

    def seconds(self, calls: int) -> float:
        """Run one round.

        Args:
            calls: how often to call.

        Returns:
            Seconds for one call.
        """
        with self.around():
            gc.collect()
            gc.disable()
            try:
                if inspect.iscoroutinefunction(self.call):
                    return asyncio.run(self._aseconds(calls))
                call, clock = self.call, self.clock
                began = clock()
                for _ in range(calls):
                    call()
                return (clock() - began) / calls
            finally:
                gc.enable()

    async def _aseconds(self, calls: int) -> float:
        call, clock = self.call, self.clock
        began = clock()
        for _ in range(calls):
            await call()
        return (clock() - began) / calls


@dataclass
class Comparison:
    """What was measured for the cases of one name.

    Attributes:
        name: their name.
        rounds: for each round, the seconds of one call on the plain side and on ours.
        statements: of one call on each side, where they were counted.
        remark: a note for the table.
    """

    name: str
    rounds: list[tuple[float, float]] = field(default_factory=list)
    statements: tuple[int | None, int | None] = (None, None)
    remark: str = ""

    def line(self) -> tuple[str, ...]:
        """Return the cells of the table."""
        plain, ours = (median(side) for side in zip(*self.rounds, strict=True))
        ratios = [ours / plain for plain, ours in self.rounds]
        low, _, high = quantiles(ratios, n=4) if len(ratios) > 1 else ratios * 3
        return (
            self.name,
            readable(plain),
            readable(ours),
            f"{median(ratios):.2f}x",
            f"{low:.2f}-{high:.2f}",
            readable(ours - plain, sign="+"),
            self._note(),
        )

    def _note(self) -> str:
        plain, ours = self.statements
        counted = "" if plain is None or ours is None else f"statements {plain} and {ours}: {ours - plain:+d}"
        return ", ".join(filter(None, (counted, self.remark)))


class Side:
    """The process of one side: times its cases when it is told to."""

    def __init__(self, topic: str, side: str) -> None:
        """Start the process; it gets ready meanwhile."""
        self._process = subprocess.Popen(  # noqa: S603 - a file of this folder
            [sys.executable, HERE / "worker.py", topic, side],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def answer(self) -> Any:
        """Wait for what the process says next.

        Raises:
            RuntimeError: it died instead.
        """
        assert self._process.stdout is not None  # noqa: S101 - it is a pipe, as asked for above
        line = self._process.stdout.readline()
        if not line:
            message = f"{self._process.args!r} ended with status {self._process.wait()}; what it said stands above"
            raise RuntimeError(message)
        return json.loads(line)

    def seconds(self, case: int, calls: int) -> float:
        """Let the process time one round of a case."""
        assert self._process.stdin is not None  # noqa: S101 - it is a pipe, as asked for above
        print(case, calls, file=self._process.stdin, flush=True)
        return float(self.answer())

    def stop(self) -> None:
        """End the process."""
        self._process.communicate()


def measure(topic: str, rounds: int, pairs: int) -> list[Comparison]:
    """Run a topic.

    Args:
        topic: its name.
        rounds: how often each case is timed on both sides.
        pairs: among how many pairs of processes the rounds are shared out.

    Returns:
        A comparison for each case.

    Raises:
        RuntimeError: one of the sides broke, or they do not have the same cases.
    """
    found: list[Comparison] = []
    calls: list[int] = []
    for pair in range(pairs):
        sides = [Side(topic, side) for side in SIDES]
        try:
            plain, ours = (side.answer() for side in sides)
            if [case["name"] for case in plain] != [case["name"] for case in ours]:
                message = f"the sides of {topic!r} have different cases; give them the same names in the same order"
                raise RuntimeError(message)
            if not found:
                found = [
                    Comparison(
                        name=mine["name"],
                        statements=(theirs["statements"], mine["statements"]),
                        remark=mine["remark"],
                    )
                    for theirs, mine in zip(plain, ours, strict=True)
                ]
                calls = [_useful_calls(sides[0], case) for case in range(len(found))]
            for turn in range(rounds * pair // pairs, rounds * (pair + 1) // pairs):
                for case, comparison in enumerate(found):
                    # Every other round the other way round: neither always runs in what the other left behind.
                    order = (0, 1) if turn % 2 == 0 else (1, 0)
                    spent = {side: sides[side].seconds(case, calls[case]) for side in order}
                    comparison.rounds.append((spent[0], spent[1]))
        finally:
            for side in sides:
                side.stop()
    return found


def _useful_calls(side: Side, case: int) -> int:
    calls = 1
    while (spent := side.seconds(case, calls) * calls) < _ROUND_SECONDS / 2:
        calls *= 10 if spent < _ROUND_SECONDS / 20 else 2
    return calls


def print_table(title: str, comparisons: list[Comparison]) -> None:
    """Print what was measured.

    Args:
        title: stands above the table.
        comparisons: its lines.
    """
    head = ("", "plain", "ours", "ratio", "half of them", "added", "")
    lines = [head, *(comparison.line() for comparison in comparisons)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    print(f"\n{title}\n")
    for line in lines:
        cells = [f"{line[0]:<{widths[0]}}", *(f"{line[at]:>{widths[at]}}" for at in range(1, 6)), line[6]]
        print(f"  {'  '.join(cells)}".rstrip(), flush=True)


def readable(seconds: float, sign: str = "-") -> str:
    """Write a time in the unit in which it is read best.

    Args:
        seconds: the time.
        sign: ``"+"`` to show the sign of what is positive too.
    """
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if abs(seconds) >= size:
            return f"{seconds / size:{sign}.3g} {unit}"
    return f"{seconds / 1e-9:{sign}.0f} ns"
