"""Puts the probes to a world, and prints those that did not hold and how many did.

    python integration_tests/torture/run.py --world sqlite
    python integration_tests/torture/run.py --world sqlite --without "the row filter" --only delete

The exit status is 1 when a probe did not hold.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import warnings
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from harness.configure import configure  # noqa: E402 - found by the path above
from harness.places import WORLDS, databases  # noqa: E402 - found by the path above
from harness.register import Probe, all_probes  # noqa: E402 - found by the path above


def chosen(world: str, only: list[str]) -> list[Probe]:
    """Return the probes that are put to a world."""
    place = WORLDS[world]
    return [
        probe
        for probe in all_probes()
        if (probe.essential or not place.essential)
        and probe.needs <= place.features
        and (not only or any(part in probe.name for part in only))
    ]


def main(arguments: list[str]) -> int:
    """Run one world in this process."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--world", choices=WORLDS, default="sqlite")
    parser.add_argument("--only", nargs="*", default=[], help="parts of names of probes")
    parser.add_argument("--portable", action="store_true", help="only probes that can be put to other libraries")
    parser.add_argument("--names", type=Path, help="a file with the names of probes, one to a line")
    parser.add_argument("--without", action="append", default=[], help="a guard to take out")
    parser.add_argument("--failures", type=Path, help="a file for one line per failing probe")
    parser.add_argument("--report", type=Path, help="a file for all verdicts, as JSON")
    parser.add_argument("--list-guards", type=Path, help="write the guards that can be taken out, as JSON, and stop")
    parser.add_argument("--trace", action="store_true", help="show where a failing probe failed")
    options = parser.parse_args(arguments)

    place = WORLDS[options.world]
    with databases(place) as found, configure(found, without=options.without):
        import django

        # What Django and the probes log about attacks is not what is asked here.
        logging.disable(logging.CRITICAL)
        warnings.simplefilter("ignore")
        django.setup()
        if options.list_guards:
            from ablations import all_ablations

            known = [(each.name, each.says, each.world) for each in all_ablations()]
            options.list_guards.write_text(json.dumps(known), encoding="utf-8")
            return 0
        from harness.build import build
        from harness.judge import judge

        probes = chosen(options.world, options.only)
        probes = [probe for probe in probes if probe.portable or not options.portable]
        if options.names:
            names = set(options.names.read_text(encoding="utf-8").splitlines())
            probes = [probe for probe in probes if probe.name in names]
        ground = build(options.world, place)
        if options.without:
            from ablations import take_out

            take_out(options.without, late=True)
        verdicts = list(judge(ground, probes))
    topics = {probe.name: probe.topic for probe in probes}
    failing = [verdict for verdict in verdicts if not verdict.held]
    for verdict in failing:
        print(f"{verdict.name}: {verdict.told}")
        if options.trace:
            print(verdict.trace)
    held = len(verdicts) - len(failing)
    print(f"probes held: {held} of {len(verdicts)} ({options.world})")
    if options.failures:
        lines = [f"{each.name}\t{topics[each.name]}\t{each.told}\n" for each in failing]
        options.failures.write_text("".join(lines), encoding="utf-8")
    if options.report:
        options.report.write_text(json.dumps([each._asdict() for each in verdicts]), encoding="utf-8")
    return 1 if failing or not verdicts else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
