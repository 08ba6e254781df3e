"""The benchmarks run, and say what they promise to say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

BENCHMARKS = Path(__file__).resolve().parent.parent / "benchmarks"


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(BENCHMARKS / "run.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_every_benchmark_runs_and_compares() -> None:
    """Each topic prints its ratios, and a warm request for a tenant costs no statement."""
    done = run("--quick")
    assert done.returncode == 0, done.stderr
    for path in BENCHMARKS.glob("bench_*.py"):
        _, found, table = done.stdout.partition(f"\n{path.stem.removeprefix('bench_')}: ")
        assert found, path
        assert "x  " in table.partition("\n\n\n")[0], path
    lines = [line for line in done.stdout.splitlines() if line.lstrip().startswith(("WSGI", "ASGI"))]
    assert len(lines) == 4
    assert all(line.endswith("statements 0 and 0: +0") for line in lines)
    (line,) = (line for line in done.stdout.splitlines() if "import django_omnitenant" in line)
    assert line.endswith("loads none")


def test_an_unknown_topic_is_refused() -> None:
    """With the names of those that exist, and without a traceback."""
    done = run("nonsense")
    assert done.returncode == 2
    assert "unknown topic 'nonsense'; there are imports, context, request, rows" in done.stderr
    assert "Traceback" not in done.stderr
