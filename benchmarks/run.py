"""Runs the benchmarks, each in an interpreter of its own; ``hatch run bench``.

python benchmarks/run.py                    all of them
python benchmarks/run.py context --quick    some, with options for them
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
BENCHES = {path.stem.removeprefix("bench_"): path for path in sorted(HERE.glob("bench_*.py"))}


def main(arguments: list[str]) -> int:
    """Run the named benchmarks, or all; returns 1 if one of them broke."""
    named = [each for each in arguments if each in BENCHES]
    rest = [each for each in arguments if each not in BENCHES]
    broken = [
        name
        for name in named or BENCHES
        if subprocess.run([sys.executable, BENCHES[name], *rest], check=False).returncode  # noqa: S603 - our own files
    ]
    if broken:
        print(f"broken: {', '.join(broken)}", file=sys.stderr)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
