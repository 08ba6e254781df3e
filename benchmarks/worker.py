"""The process of one side of a topic: ``worker.py TOPIC SIDE``; :mod:`harness` starts and drives it.

It says what its cases are, and then for each line ``CASE CALLS`` how many seconds one call took.
"""

from __future__ import annotations

import asyncio
import gc
import inspect
import json
import os
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

from harness import Case


def main(topic: str, side: str) -> None:
    """Prepare a side, and time its cases until the input ends."""
    # What the benchmark prints must not get between the answers.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    cases: list[Case] = getattr(import_module(f"bench_{topic}"), side)()
    described = [
        {"name": case.name, "remark": case.remark, "statements": _statements(case) if case.counted else None}
        for case in cases
    ]
    # What was made so far stays: collecting garbage between the rounds need not look at it again.
    gc.collect()
    gc.freeze()
    print(json.dumps(described), file=answers, flush=True)
    for line in sys.stdin:
        case, calls = map(int, line.split())
        print(json.dumps(cases[case].seconds(calls)), file=answers, flush=True)


def _statements(case: Case) -> int:
    """Count the statements of one warm call, in whatever thread they run."""
    from django.db.backends.utils import CursorWrapper

    wrapper: Any = CursorWrapper
    stock = {name: getattr(wrapper, name) for name in ("_execute", "_executemany")}
    count = 0

    def counting(method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any) -> Any:
            nonlocal count
            count += 1
            return method(*args)

        return call

    with case.around():
        _call(case)
        for name, method in stock.items():
            setattr(wrapper, name, counting(method))
        try:
            _call(case)
        finally:
            for name, method in stock.items():
                setattr(wrapper, name, method)
    return count


def _call(case: Case) -> None:
    if inspect.iscoroutinefunction(case.call):
        asyncio.run(case.call())
    else:
        case.call()


if __name__ == "__main__":
    main(*sys.argv[1:])
