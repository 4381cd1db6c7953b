"""`make test-chaos`: the containers of docker/ under a load of uploads and playback, each part of them killed again and
again, the store away for minutes. Nothing may be lost, doubled or altered, and playback fails only while what it needs
is away.

    python -m tests.compose.chaos [--kills 10] [--stop-seconds 120] [--seed 1] [--broker rabbitmq] [--most-minutes 90]
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from tests.compose.chaos.judge import judge
from tests.compose.chaos.looking import keep_json, keep_logs
from tests.compose.chaos.report import tables
from tests.compose.chaos.run import Asked, torment
from tests.compose.prepared import BROKERS, IMAGES_KEPT, Clock, end_in_time, prepared_stack
from tests.compose.stack import running

_BESIDE_SECONDS = 3600.0
"""Images, start, settling and judging, on a slow machine."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=10, help="of each target")
    parser.add_argument("--stop-seconds", type=float, default=120.0, help="for which the store is stopped; 0: not")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--broker", choices=BROKERS, default="valkey")
    parser.add_argument("--most-minutes", type=float, default=120.0, help="after these no further kill is begun")
    parser.add_argument("--folder", type=Path, default=IMAGES_KEPT, help="images are kept in it")
    options = parser.parse_args()
    asked = Asked(options.kills, options.stop_seconds, options.seed, options.broker, 60 * options.most_minutes)
    end_in_time(asked.most_seconds + _BESIDE_SECONDS)
    evidence = Path(tempfile.mkdtemp(prefix="liuhen-chaos-"))
    code = 1
    try:
        code = _run(asked, options.folder, evidence, Clock())
    finally:
        if code:
            print(f"evidence kept in {evidence}", file=sys.stderr, flush=True)
        else:
            shutil.rmtree(evidence)
    return code


def _run(asked: Asked, folder: Path, evidence: Path, clock: Clock) -> int:
    with running(prepared_stack(folder, asked.broker, (), clock.say)) as stack:
        clock.say(f"healthy: {len(stack.inspected())} containers")
        try:
            observed = torment(stack, asked, evidence, clock)
        finally:
            keep_logs(stack, evidence)
    found = judge(observed)
    keep_json(evidence / "observed.json", observed)
    keep_json(evidence / "verdict.json", found)
    print()
    print(*tables(observed, found), sep="\n", flush=True)
    return 0 if found.holds else 1


if __name__ == "__main__":
    sys.exit(main())
