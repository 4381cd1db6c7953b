"""`make test-chaos`: the containers of docker/ under a load of uploads and playback, each part of them killed again and
again, the store away for minutes. Nothing may be lost, doubled or altered, and playback fails only while what it needs
is away.

    python -m tests.compose.chaos [--kills 10] [--stop-seconds 120] [--seed 1] [--broker rabbitmq] [--most-minutes 90]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.compose.chaos.driver import Driver
from tests.compose.chaos.evidence import keep_json, kept_evidence, kept_logs, tell_verdict
from tests.compose.chaos.plan import plan_acts
from tests.compose.chaos.run import observe_under_load
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
    end_in_time(60 * options.most_minutes + _BESIDE_SECONDS)
    with kept_evidence("liuhen-chaos-") as evidence:
        return _run(options, evidence, Clock())


def _run(asked: argparse.Namespace, evidence: Path, clock: Clock) -> int:
    acts = plan_acts(asked.seed, asked.kills, asked.stop_seconds)
    keep_json(evidence / "acts.json", acts)
    with running(prepared_stack(asked.folder, asked.broker, (), clock.say)) as stack:
        clock.say(f"healthy: {len(stack.inspected())} containers; {len(acts)} acts to come")
        driver = Driver(acts, stack, asked.broker, clock.now() + 60 * asked.most_minutes, clock)
        with kept_logs(stack, evidence):
            observed = observe_under_load(stack, driver, asked.seed, evidence, clock)
    return tell_verdict(observed, evidence)


if __name__ == "__main__":
    sys.exit(main())
