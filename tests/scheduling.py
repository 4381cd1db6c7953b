"""Which worker runs what, and when, with `pytest -n 3 --dist loadfile`: what would end last begins first.

xdist by itself sorts files by how many tests they have, and so leaves a journey, which is one test of a minute, to the
end, where the others wait for it.
"""

from __future__ import annotations

from collections import OrderedDict

import pytest
from xdist.scheduler import LoadScopeScheduling

JOURNEYS = "tests/journeys/"
"""These share a running archive, and so a worker, but for the demo, which starts its own."""
DEMO = f"{JOURNEYS}test_demo.py"
CONTRACTS = "tests/contracts/"
"""These share an S3 server."""
LONGEST_FIRST = (
    "tests/torture/test_short_run.py",
    JOURNEYS,
    DEMO,
    "tests/api/cli/test_up.py",
    CONTRACTS,
    "tests/api/bench/test_upload.py",
    "tests/ingest/media/test_corpus.py",
    "tests/torture/test_failed_writes.py",
    "tests/casework/review/test_the_gate.py",
    "tests/storage/roots/test_rotation.py",
    "tests/storage/roots/test_by_shares.py",
    "tests/ingest/cold/test_killed.py",
    "tests/api/http/test_boundaries.py",
    "tests/evaluation/test_linking_evaluation.py",
)


class FilesInOrder(LoadScopeScheduling):
    """A file is one worker's, and files are given out in the order in which they were collected."""

    workqueue: OrderedDict[str, dict[str, bool]]

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)


def group_of(nodeid: str) -> str:
    """What one worker runs: a file, all the journeys on the one archive, or all that needs an S3 server."""
    path = nodeid.split("::", 1)[0]
    if path.startswith(CONTRACTS):
        return CONTRACTS
    return JOURNEYS if path.startswith(JOURNEYS) and path != DEMO else path


def make_scheduler(config: pytest.Config, log: object) -> FilesInOrder | None:
    if config.getoption("dist") != "loadfile":
        return None
    config.option.loadscopereorder = False
    return FilesInOrder(config, log)  # type: ignore[arg-type]


def put_longest_first(items: list[pytest.Item]) -> None:
    place = {path: number for number, path in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: place.get(group_of(item.nodeid), len(place)))
