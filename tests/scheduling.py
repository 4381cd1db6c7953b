"""Which worker runs what, and when, with `pytest -n 3 --dist loadfile`: what would end last begins first.

xdist by itself sorts files by how many tests they have, and so leaves a journey, which is one test of a minute, to the
end, where the others wait for it.
"""

from __future__ import annotations

from collections import OrderedDict

import pytest
from xdist.scheduler import LoadScopeScheduling

ON_ONE_ARCHIVE = (
    "tests/journeys/test_corpus_is_docked.py",
    "tests/journeys/test_supervisor_watches.py",
    "tests/journeys/test_hostile_uploads.py",
)
"""These share a running archive, and so a worker, in this order."""
LONGEST_FIRST = (
    "tests/torture/test_short_run.py",
    *ON_ONE_ARCHIVE,
    "tests/journeys/test_demo.py",
    "tests/api/cli/test_up.py",
    "tests/api/bench/test_upload.py",
    "tests/ingest/media/test_corpus.py",
    "tests/torture/test_failed_writes.py",
)


class FilesInOrder(LoadScopeScheduling):
    """A file is one worker's, and files are given out in the order in which they were collected."""

    workqueue: OrderedDict[str, dict[str, bool]]

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.split("::", 1)[0]
        return ON_ONE_ARCHIVE[0] if path in ON_ONE_ARCHIVE else path


def make_scheduler(config: pytest.Config, log: object) -> FilesInOrder | None:
    if config.getoption("dist") != "loadfile":
        return None
    config.option.loadscopereorder = False
    return FilesInOrder(config, log)  # type: ignore[arg-type]


def put_longest_first(items: list[pytest.Item]) -> None:
    place = {path: number for number, path in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: place.get(item.nodeid.split("::", 1)[0], len(place)))
