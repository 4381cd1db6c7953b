"""One running archive a module of journeys."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.journeys.running import RunningArchive


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningArchive]:
    archive = RunningArchive(tmp_path_factory.mktemp("archive"))
    try:
        archive.start()
        yield archive
    finally:
        archive.stop()
