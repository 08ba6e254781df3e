"""Takes each guard out in turn, and says how many probes notice.

    python integration_tests/torture/ablate.py                 all guards
    python integration_tests/torture/ablate.py upserts joins   those whose names contain one of these words

A guard that no probe misses is an error: either it is not needed, or nothing proves it. The exit status is 1 then.
Each guard is taken out by the tests, in a process of its own; the code that ships has no switch.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from harness.places import WORLDS  # noqa: E402 - found by the path above

AT_ONCE = 2
SHOWN = 3


def failing(world: str, name: str | None, folder: Path) -> list[str] | None:
    """Return the probes that do not hold; None where the world cannot even be made."""
    report = folder / f"{world}-{name}.json"
    command = [sys.executable, str(HERE / "run.py"), "--world", world, "--report", str(report)]
    if name:
        command += ["--without", name]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if not report.exists():
        print(done.stdout[-2000:], done.stderr[-2000:], file=sys.stderr)
        return None
    return [each["name"] for each in json.loads(report.read_text(encoding="utf-8")) if not each["held"]]


def guards(words: list[str], folder: Path) -> list[tuple[str, str, str]]:
    """Return the name, the sentence and the world of each guard, from a process that loads the code."""
    listing = folder / "guards.json"
    command = [sys.executable, str(HERE / "run.py"), "--list-guards", str(listing)]
    subprocess.run(command, check=True)
    found = [tuple(each) for each in json.loads(listing.read_text(encoding="utf-8"))]
    return [each for each in found if not words or any(word in each[0] for word in words)]  # type: ignore[misc]


def main(words: list[str]) -> int:
    """Take the guards out whose names contain one of the words; all, if there are none."""
    began = time.monotonic()
    unproven = []
    with tempfile.TemporaryDirectory() as name, ThreadPoolExecutor(AT_ONCE) as pool:
        folder = Path(name)
        chosen = guards(words, folder)
        worlds = [world for world in WORLDS if any(world == each[2] for each in chosen)]
        before = dict(zip(worlds, pool.map(partial(failing, name=None, folder=folder), worlds), strict=True))
        for world, names in before.items():
            print(f"with all guards {len(names or [])} probes fail ({world})", flush=True)
        tasks = pool.map(lambda each: failing(each[2], each[0], folder), chosen)
        for (guard, says, world), names in zip(chosen, tasks, strict=True):
            missed = sorted(set(names or []) - set(before[world] or []))
            shown = ", ".join(missed[:SHOWN]) + (", ..." if len(missed) > SHOWN else "")
            count = "the world breaks" if names is None else f"{len(missed):4} probes fail"
            print(f"{count}  without {guard} ({world}): {says}\n{' ' * 18}{shown}", flush=True)
            if not missed:
                unproven.append(guard)
    print(f"{len(chosen)} guards, {len(unproven)} unproven, {time.monotonic() - began:.0f} s")
    for guard in unproven:
        print(f"no probe misses {guard!r}")
    return 1 if unproven else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
