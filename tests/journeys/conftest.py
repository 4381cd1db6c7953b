"""One running archive for all the journeys that share it: each start costs as much as a journey.

Each has a unit of its own, so that none sees what the others' have.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.journeys.browsing import open_browser
from tests.journeys.running import RunningArchive


@contextmanager
def running_archive(folder: Path) -> Iterator[RunningArchive]:
    # Twins share their socket in other tests: here one of them would only cost the seconds of its start.
    archive = RunningArchive(folder, LIUHEN_HTTP_PROCESSES="1")
    try:
        archive.start()
        yield archive
    finally:
        archive.stop()


@pytest.fixture(scope="package")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningArchive]:
    with running_archive(tmp_path_factory.mktemp("archive")) as archive:
        yield archive


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = open_browser(playwright)
        yield browser
        browser.close()
