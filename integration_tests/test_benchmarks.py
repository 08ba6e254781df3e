"""The benchmarks run, and say what they promise to say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

BENCHMARKS = Path(__file__).resolve().parent.parent / "benchmarks"


def test_every_benchmark_runs_and_compares() -> None:
    """Each prints its ratios, and a warm request for a tenant costs no statement."""
    command = [sys.executable, str(BENCHMARKS / "run.py"), "--quick"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    tables = done.stdout.count("1.00 x")
    assert tables >= len(list(BENCHMARKS.glob("bench_*.py")))
    (line,) = (line for line in done.stdout.splitlines() if "with TenantMiddleware" in line)
    assert line.endswith(" 0 statements")
