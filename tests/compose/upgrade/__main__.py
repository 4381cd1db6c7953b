"""`make test-upgrade`: the containers of the release before, under uploads and playback that never end, are brought to
this one by docker/upgrade, a process and an ingest node at a time. No upload may be lost, doubled or altered, and no
playback may fail.

    python -m tests.compose.upgrade [--from COMMIT] [--seed 1] [--broker rabbitmq]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from tests.compose.chaos.evidence import kept_evidence, kept_logs, tell_verdict
from tests.compose.chaos.run import observe_under_load
from tests.compose.prepared import BROKERS, IMAGES_KEPT, Clock, end_in_time, prepared_stack
from tests.compose.stack import running
from tests.compose.upgrade.driver import UpgradeDriver
from tests.compose.upgrade.previous import NoPrevious, build_previous, choose_revision, take_new, unpack

_LONGEST_SECONDS = 5400.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--from", dest="previous", default="", help="the release before; the newest tag v… by default")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--broker", choices=BROKERS, default="valkey")
    parser.add_argument("--folder", type=Path, default=IMAGES_KEPT, help="images are kept in it")
    asked = parser.parse_args()
    try:
        revision = choose_revision(asked.previous)
    except NoPrevious as error:
        print(error, file=sys.stderr)
        return 2
    end_in_time(_LONGEST_SECONDS)
    with tempfile.TemporaryDirectory(prefix="liuhen-upgrade-") as folder, kept_evidence("liuhen-upgrade-") as evidence:
        return _run(asked, unpack(revision, Path(folder)), revision, evidence, Clock())


def _run(asked: argparse.Namespace, tree: Path, revision: str, evidence: Path, clock: Clock) -> int:
    new = prepared_stack(asked.folder, asked.broker, (), clock.say)
    build_previous(new.machine, tree)
    clock.say(f"built the release before, {revision[:8]}")
    previous = replace(new, files=[tree / "docker" / each.name for each in new.files])
    try:
        with running(previous), kept_logs(new, evidence):
            clock.say(f"healthy: {len(previous.inspected())} containers of the release before")
            observed = observe_under_load(new, UpgradeDriver(new, clock), asked.seed, evidence, clock)
    finally:
        take_new(new.machine)
    return tell_verdict(observed, evidence)


if __name__ == "__main__":
    sys.exit(main())
