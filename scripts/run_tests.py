"""Runs every test of the repository, a pytest session for each place that has settings of its own.

    python scripts/run_tests.py                   everything
    python scripts/run_tests.py models -k rows    one place, with arguments for pytest

The last line says how many passed and failed; the exit status is 1 if anything failed or a place ran nothing.
"""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PLACES = {
    **{path.name.removeprefix("omnitenant-"): path for path in sorted(ROOT.glob("packages/*"))},
    "integration": ROOT / "integration_tests",
    **{path.parent.name: path.parent for path in sorted(ROOT.glob("integration_tests/*/pytest.ini"))},
    "example": ROOT / "examples" / "saas",
    "docs": ROOT / "docs",
}


def run(place: Path, arguments: list[str]) -> tuple[int, dict[str, int]]:
    """Run one session, showing its output; returns its exit status and its counts."""
    inner = (f"--ignore={each.parent}" for each in place.glob("*/pytest.ini"))  # places of their own
    command = [sys.executable, "-m", "pytest", "-q", str(place), *inner, *arguments]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    last = ""
    assert process.stdout is not None  # noqa: S101 - it is a pipe, as asked for above
    for line in process.stdout:
        print(line, end="", flush=True)
        last = line if line.strip() else last
    counts = {word: int(number) for number, word in re.findall(r"(\d+) (passed|failed|error)", last)}
    return process.wait(), counts


def main(arguments: list[str]) -> int:
    """Run the places that are named, or all of them."""
    named = [each for each in arguments if each in PLACES]
    rest = [each for each in arguments if each not in PLACES]
    rows: list[tuple[str, int, dict[str, int], float]] = []
    for name in named or PLACES:
        print(f"\n=== {name}: {PLACES[name].relative_to(ROOT)}", flush=True)
        began = time.monotonic()
        status, counts = run(PLACES[name], rest)
        rows.append((name, status, counts, time.monotonic() - began))
    print("\n=== what ran")
    for name, status, counts, seconds in rows:
        told = ", ".join(f"{number} {word}" for word, number in counts.items()) or "nothing"
        print(f"{name:<12} {told:<24} {seconds:6.1f} s{'' if status == 0 else f'   exit {status}'}")
    passed = sum(counts.get("passed", 0) for _, _, counts, _ in rows)
    failed = sum(counts.get("failed", 0) + counts.get("error", 0) for _, _, counts, _ in rows)
    broken = [name for name, status, _, _ in rows if status != 0]
    print(f"{passed} passed, {failed} failed")
    return 1 if broken or failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
