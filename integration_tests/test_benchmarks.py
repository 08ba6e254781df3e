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
    headers = [line for line in done.stdout.splitlines() if line.split()[:3] == ["plain", "ours", "ratio"]]
    assert len(headers) == len(list(BENCHMARKS.glob("bench_*.py")))
    section = done.stdout.partition("\nrequest: ")[2].partition("\n\nrows: ")[0]
    counted = [line for line in section.splitlines() if "statements" in line]
    assert counted
    assert all(line.endswith(": +0") for line in counted), section
