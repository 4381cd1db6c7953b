"""A bench with a real database, store, time-stamping authority, sequencer and tools."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.engines.roles import DatabaseAddresses
from ingest.media.runner import MediaRunner, open_runner
from tests.ingest.custody_bench import Bench


@pytest.fixture(scope="module")
def runner() -> MediaRunner:
    return open_runner(os.environ.get("PATH", ""))


@pytest.fixture
def bench(addresses: DatabaseAddresses, tmp_path: Path, runner: MediaRunner) -> Iterator[Bench]:
    bench = Bench(addresses, tmp_path, runner)
    yield bench
    bench.close()
